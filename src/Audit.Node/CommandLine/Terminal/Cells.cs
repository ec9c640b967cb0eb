namespace Audit.Node.CommandLine.Terminal;

/// <summary>A column of a list for a person.</summary>
/// <param name="IsWhole">Its texts are not shortened.</param>
internal sealed record Column<T>(string Title, Func<T, object?> Value, bool IsWhole = false)
{
    public string Text(T row) => Cells.Of(Value(row), IsWhole);
}

/// <summary>Members of answers as short texts for a person.</summary>
internal static class Cells
{
    private const int LongestText = 100;

    /// <summary>Nothing for what is missing.</summary>
    public static string Of(object? value, bool isWhole = false) => value switch
    {
        null => "",
        string text => isWhole || text.Length <= LongestText
            ? text
            : string.Concat(text.AsSpan(0, LongestText - 1), "…"),
        bool answer => answer ? "yes" : "no",
        IEnumerable<string> texts => Of(string.Join(' ', texts), isWhole),
        IEnumerable<KeyValuePair<string, int>> counts => string.Join(
            ' ', counts.Where(count => count.Value != 0).Select(count => $"{count.Key}:{count.Value}")),
        DateTime time => time.ToString("yyyy-MM-dd'T'HH:mm:ss.FFFFFFFK", CultureInfo.InvariantCulture),
        _ => Convert.ToString(value, CultureInfo.InvariantCulture)!,
    };

    public static DateTimeOffset? Time(string? text) =>
        DateTimeOffset.TryParse(
            text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal,
            out var time)
            ? time
            : null;

    /// <summary>A time to the second, which is what a person compares.</summary>
    public static string Clock(string? time) =>
        Time(time)?.UtcDateTime.ToString("yyyy-MM-dd HH:mm:ss", CultureInfo.InvariantCulture) ?? "";

    /// <summary>Milliseconds in the unit that a person would name.</summary>
    public static string Duration(double? milliseconds) => milliseconds switch
    {
        null => "",
        < 1_000 => string.Create(CultureInfo.InvariantCulture, $"{milliseconds:0} ms"),
        < 60_000 => string.Create(CultureInfo.InvariantCulture, $"{milliseconds / 1_000:0.0} s"),
        < 3_600_000 => string.Create(CultureInfo.InvariantCulture, $"{milliseconds / 60_000:0.0} min"),
        _ => string.Create(CultureInfo.InvariantCulture, $"{milliseconds / 3_600_000:0.0} h"),
    };
}
