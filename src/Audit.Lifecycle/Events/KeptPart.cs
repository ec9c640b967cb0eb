using Audit.Lifecycle.Calls;

namespace Audit.Lifecycle.Events;

/// <summary>How much of a message is kept, so that nobody takes a part of it for the whole.</summary>
public static class KeptPart
{
    private static readonly string Cut = Words.Of(Anomalies.Truncated).Single();

    /// <returns>Null where all of it is kept, else what is missing, in words.</returns>
    public static string? Missing(in EventView view)
    {
        var kept = view.Raw(EventField.Record).Length;
        if (kept == 0)
        {
            return "nothing of it is kept, or can be read";
        }

        var redacted = view.Texts(EventField.Redacted).ToList();
        if (redacted.Count == 0 && !view.Texts(EventField.Anomalies).Contains(Cut))
        {
            return null;
        }

        var sent = view.Number(EventField.Bytes) is { } bytes ? $"{bytes} bytes were sent" : "not all of it is kept";
        return string.Create(CultureInfo.InvariantCulture, $"{sent}; the record that is kept has {kept} bytes")
            + (redacted.Count == 0 ? "" : $"; redacted: {string.Join(", ", redacted)}");
    }
}
