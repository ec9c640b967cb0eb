using System.Globalization;
using System.Text.Json;

namespace Audit.Node.CommandLine.Reading;

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
            JsonValueKind.Object => string.Join(' ', value.EnumerateObject().Where(Counts).Select(one => $"{one.Name}:{one.Value}")),
            _ => value.ToString(),
        };
    }

    public static string? Text(this JsonElement item, string member) =>
        item.TryGetProperty(member, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;

    public static long Number(this JsonElement item, string member) =>
        item.TryGetProperty(member, out var value) && value.ValueKind == JsonValueKind.Number ? (long)value.GetDouble() : 0;

    public static DateTimeOffset? Time(this JsonElement item, string member) =>
        item.Text(member) is { } text && DateTimeOffset.TryParse(
            text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out var time)
            ? time
            : null;

    /// <summary>A time to the second, which is what a person compares.</summary>
    public static string Clock(this JsonElement item, string member) =>
        item.Time(member)?.UtcDateTime.ToString("yyyy-MM-dd HH:mm:ss", CultureInfo.InvariantCulture) ?? "";

    /// <summary>Milliseconds as a person says them.</summary>
    public static string Duration(this JsonElement item, string member) =>
        item.TryGetProperty(member, out var value) && value.ValueKind == JsonValueKind.Number ? Duration(value.GetDouble()) : "";

    public static string Shorten(string text) => text.Length <= LongestText ? text : string.Concat(text.AsSpan(0, LongestText - 1), "…");

    private static string Duration(double milliseconds) => milliseconds switch
    {
        < 1_000 => string.Create(CultureInfo.InvariantCulture, $"{milliseconds:0} ms"),
        < 60_000 => string.Create(CultureInfo.InvariantCulture, $"{milliseconds / 1_000:0.0} s"),
        < 3_600_000 => string.Create(CultureInfo.InvariantCulture, $"{milliseconds / 60_000:0.0} min"),
        _ => string.Create(CultureInfo.InvariantCulture, $"{milliseconds / 3_600_000:0.0} h"),
    };

    private static bool Counts(JsonProperty member) => member.Value.ValueKind == JsonValueKind.Number && member.Value.GetDouble() != 0;
}
