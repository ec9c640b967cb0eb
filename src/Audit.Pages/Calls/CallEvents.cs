using System.Text.Json;

namespace Audit.Pages.Calls;

/// <summary>The rows of a call, read for one page: a call has few as a rule, and some have a thousand.</summary>
internal static class CallEvents
{
    public const int OnPage = 40;

    /// <param name="transitions">How each message is judged, by its sequence number.</param>
    /// <param name="through">The position up to which they are read.</param>
    public static async Task<(IReadOnlyList<CallStep> Steps, bool HasMore)> ReadAsync(
        IJournal journal, StreamKey stream, long after, long through,
        IReadOnlyDictionary<long, TransitionModel> transitions, CancellationToken cancellation)
    {
        var rows = await journal.ReadStreamAsync(stream, after, OnPage + 1, cancellation);
        var steps = rows.Take(OnPage).Where(row => row.Position <= through)
            .Select(row => new CallStep(row.Position, row.Sequence, EventReader.NameOf(row.Manifest), row.CreatedTicks)
            {
                Transition = transitions.GetValueOrDefault(row.Sequence),
                Record = RecordOf(row),
                Text = TextOf(row),
                RecordBytes = EventReader.RecordOf(row.Message).Length,
            });
        return ([.. steps], rows.Count > OnPage);
    }

    private static ToolAuditRecord? RecordOf(JournalRow row)
    {
        try
        {
            return EventReader.RecordOf(row.Message) is { IsEmpty: false } octets
                ? ToolAuditRecord.Parse(octets.Span)
                : null;
        }
        catch (JsonException)
        {
            // It is shown raw; that it cannot be read is nothing to fail for.
            return null;
        }
    }

    /// <summary>What an event says that is no message of the host.</summary>
    private static string? TextOf(JournalRow row)
    {
        var name = EventReader.NameOf(row.Manifest);
        if (name is not (EventNames.CallRejudged or EventNames.CallFlooded or EventNames.CallOversized))
        {
            return null;
        }

        using var message = JsonDocument.Parse(row.Message);
        var root = message.RootElement;
        return name switch
        {
            EventNames.CallRejudged => $"message {Text(root, "sequence")} is judged anew: {Text(root, "reason")}",
            EventNames.CallFlooded => $"{Text(root, "count")} further messages were counted and not kept",
            _ => $"a message of {Text(root, "bytes")} bytes was too large to be kept",
        };
    }

    private static string Text(JsonElement root, string name) =>
        root.TryGetProperty(name, out var value) ? value.ToString() : "";
}

/// <summary>One event of a call.</summary>
public sealed record CallStep(long Position, long Sequence, string Event, long CreatedTicks)
{
    public Timestamp Created => Timestamp.From(new DateTime(CreatedTicks, DateTimeKind.Utc));

    /// <summary>How its message is judged; null where it is no message.</summary>
    public TransitionModel? Transition { get; init; }

    public ToolAuditRecord? Record { get; init; }

    /// <summary>What an event says that is no message of the host.</summary>
    public string? Text { get; init; }

    public int RecordBytes { get; init; }
}
