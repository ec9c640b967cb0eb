using System.Globalization;

namespace Audit.Api.Reading;

/// <summary>Where an export begins or ends: a position of the journal, or a time.</summary>
internal sealed record ExportBound(long? Position, Timestamp? Time)
{
    /// <returns>Null when it is neither.</returns>
    public static ExportBound? Read(string text) =>
        long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var position) ? new ExportBound(position, null)
        : Rfc3339.TryParse(text, out var time) ? new ExportBound(null, time)
        : null;

    /// <summary>Less than zero when the event is before, zero when it is exactly there.</summary>
    public int Compare(BookEvent told)
    {
        if (Position is { } position)
        {
            return told.Position.CompareTo(position);
        }

        return Rfc3339.TryParse(told.HappenedAt ?? told.ReceivedAt ?? "", out var at) ? at.CompareTo(Time!.Value) : 0;
    }
}
