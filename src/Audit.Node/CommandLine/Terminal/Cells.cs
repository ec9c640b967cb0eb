namespace Audit.Node.CommandLine.Terminal;

/// <summary>Members of answers as short texts for a person.</summary>
internal static class Cells
{
    private const int LongestText = 100;

    /// <summary>Nothing for what is missing.</summary>
    public static string Of(object? value, Times times, bool isWhole = false) => value switch
    {
        null => "",
        string text => isWhole || text.Length <= LongestText
            ? text
            : string.Concat(text.AsSpan(0, LongestText - 1), "…"),
        TimeText time => times.Of(time.Text),
        bool answer => answer ? "yes" : "no",
        IEnumerable<string> texts => Of(string.Join(' ', texts), times, isWhole),
        IEnumerable<KeyValuePair<string, int>> counts => string.Join(
            ' ', counts.Where(count => count.Value != 0).Select(count => $"{count.Key}:{count.Value}")),
        DateTime time => time.ToString("yyyy-MM-dd'T'HH:mm:ss.FFFFFFFK", CultureInfo.InvariantCulture),
        _ => Convert.ToString(value, CultureInfo.InvariantCulture)!,
    };

    public static string Of(string? text) => Of(text, Times.Plain);

    public static DateTimeOffset? Time(string? text) =>
        DateTimeOffset.TryParse(
            text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal,
            out var time)
            ? time
            : null;

    /// <summary>A time of the wire as a cell shows it.</summary>
    public static TimeText Clock(string? time) => new(time);

    /// <summary>Milliseconds in the unit that a person would name.</summary>
    public static string Duration(double? milliseconds) => milliseconds switch
    {
        null => "",
        < 1_000 => string.Create(CultureInfo.InvariantCulture, $"{milliseconds:0} ms"),
        < 60_000 => string.Create(CultureInfo.InvariantCulture, $"{milliseconds / 1_000:0.0} s"),
        < 3_600_000 => string.Create(CultureInfo.InvariantCulture, $"{milliseconds / 60_000:0.0} min"),
        < 172_800_000 => string.Create(CultureInfo.InvariantCulture, $"{milliseconds / 3_600_000:0.0} h"),
        _ => string.Create(CultureInfo.InvariantCulture, $"{milliseconds / 86_400_000:0.0} d"),
    };

    /// <summary>A count as a person reads it.</summary>
    public static string Number(long count) => count.ToString("N0", CultureInfo.InvariantCulture);
}

/// <summary>A time as the wire has it, which each place shows in its own way.</summary>
internal readonly record struct TimeText(string? Text);

/// <summary>How times are shown.</summary>
internal enum TimeStyle
{
    Local,
    Utc,
    Ago,
}

/// <summary>
/// Times to the second, which is what a person compares: where the reader is, in UTC, or from now. For scripts they are
/// UTC and whole.
/// </summary>
/// <param name="IsShort">This year's times do without it.</param>
internal sealed record Times(TimeZoneInfo Zone, TimeStyle Style, DateTimeOffset Now, bool IsShort)
{
    public static readonly Times Plain = new(TimeZoneInfo.Utc, TimeStyle.Utc, DateTimeOffset.UnixEpoch, IsShort: false);

    public string Of(string? text)
    {
        if (Cells.Time(text) is not { } time)
        {
            return "";
        }

        if (Style == TimeStyle.Ago)
        {
            var past = Now - time;
            var length = Cells.Duration(past.Duration().TotalMilliseconds);
            return past >= TimeSpan.Zero ? $"{length} ago" : $"in {length}";
        }

        var shown = TimeZoneInfo.ConvertTime(time, Zone);
        var isThisYear = IsShort && shown.Year == TimeZoneInfo.ConvertTime(Now, Zone).Year;
        return shown.ToString(isThisYear ? "MM-dd HH:mm:ss" : "yyyy-MM-dd HH:mm:ss", CultureInfo.InvariantCulture);
    }

    /// <summary>The same with how long ago that was, for where there is room.</summary>
    public string WithAgo(string? text) => Of(text) is { Length: > 0 } time && IsShort && Style != TimeStyle.Ago
        ? $"{time}  ({(this with { Style = TimeStyle.Ago }).Of(text)})"
        : Of(text);

    /// <summary>In what zone the times are.</summary>
    public string Name
    {
        get
        {
            var offset = Zone.GetUtcOffset(Now);
            var sign = offset < TimeSpan.Zero ? '-' : '+';
            return Style == TimeStyle.Ago ? "times are from now"
                : offset == TimeSpan.Zero && !Zone.SupportsDaylightSavingTime ? "times are UTC"
                : $"times are {Zone.Id} (UTC{sign}{offset:hh\\:mm})";
        }
    }
}
