namespace Audit.Node.CommandLine.Terminal;

/// <summary>A column of a list for a person.</summary>
internal sealed record Column(string Title, Func<JsonElement, string> Text)
{
    /// <summary>A member as it is, under its own name or another.</summary>
    public static Column Of(string member, string? title = null) => new(title ?? member, item => item.Cell(member));

    public static Column Time(string member, string title) => new(title, item => item.ClockAt(member));
}

/// <summary>Members of answers as short texts for a person.</summary>
internal static class Cells
{
    private const int LongestText = 100;

    /// <summary>A text, a number or a list of texts; nothing for what is missing.</summary>
    public static string Cell(this JsonElement item, string member)
    {
        if (item.ValueKind != JsonValueKind.Object || !item.TryGetProperty(member, out var value))
        {
            return "";
        }

        return value.ValueKind switch
        {
            JsonValueKind.Null => "",
            JsonValueKind.String => Shorten(value.GetString()!),
            JsonValueKind.True => "yes",
            JsonValueKind.False => "no",
            JsonValueKind.Array => Shorten(string.Join(' ', value.EnumerateArray().Select(one => one.ToString()))),
            JsonValueKind.Object => string.Join(
                ' ', value.EnumerateObject().Where(Counts).Select(one => $"{one.Name}:{one.Value}")),
            _ => value.ToString(),
        };
    }

    public static string? TextAt(this JsonElement item, string member) =>
        Member(item, member, JsonValueKind.String)?.GetString();

    public static long NumberAt(this JsonElement item, string member) =>
        (long?)Member(item, member, JsonValueKind.Number)?.GetDouble() ?? 0;

    public static DateTimeOffset? TimeAt(this JsonElement item, string member) =>
        item.TextAt(member) is { } text && DateTimeOffset.TryParse(
            text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal,
            out var time)
            ? time
            : null;

    /// <summary>A time to the second, which is what a person compares.</summary>
    public static string ClockAt(this JsonElement item, string member) =>
        item.TimeAt(member)?.UtcDateTime.ToString("yyyy-MM-dd HH:mm:ss", CultureInfo.InvariantCulture) ?? "";

    /// <summary>Milliseconds as a person says them.</summary>
    public static string DurationAt(this JsonElement item, string member) =>
        Member(item, member, JsonValueKind.Number) is { } value ? Duration(value.GetDouble()) : "";

    public static string Shorten(string text) =>
        text.Length <= LongestText ? text : string.Concat(text.AsSpan(0, LongestText - 1), "…");

    private static JsonElement? Member(JsonElement item, string member, JsonValueKind kind) =>
        item.TryGetProperty(member, out var value) && value.ValueKind == kind ? value : null;

    private static string Duration(double milliseconds) => milliseconds switch
    {
        < 1_000 => string.Create(CultureInfo.InvariantCulture, $"{milliseconds:0} ms"),
        < 60_000 => string.Create(CultureInfo.InvariantCulture, $"{milliseconds / 1_000:0.0} s"),
        < 3_600_000 => string.Create(CultureInfo.InvariantCulture, $"{milliseconds / 60_000:0.0} min"),
        _ => string.Create(CultureInfo.InvariantCulture, $"{milliseconds / 3_600_000:0.0} h"),
    };

    private static bool Counts(JsonProperty member) =>
        member.Value.ValueKind == JsonValueKind.Number && member.Value.GetDouble() != 0;
}
