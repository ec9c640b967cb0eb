namespace Audit.Node.CommandLine.Reading;

/// <summary>An event of the journal in one line for a person.</summary>
internal static class EventLine
{
    private const string Reset = "\u001b[0m";

    public static string Of(JsonElement row, bool coloured)
    {
        var happened = row.GetProperty("event");
        var time = Time(happened);
        if (happened.ValueKind != JsonValueKind.Object)
        {
            return $"{row.Cell("position"),8}  {row.Cell("manifest")}";
        }

        var who = PrintableText.Of(Subject(happened));
        var what = PrintableText.Of(What(happened));
        return $"{row.Cell("position"),8}  {time}  {Colour(happened, what, coloured)}  {who}";
    }

    /// <summary>When it happened, as far as it is said, else when it was received.</summary>
    private static string Time(JsonElement happened) =>
        happened.ValueKind == JsonValueKind.Object
            && happened.TryGetProperty("record", out var record) && record.ValueKind == JsonValueKind.Object
            ? record.ClockAt("recorded_at")
            : happened.ClockAt("received_at");

    private static string Subject(JsonElement happened)
    {
        var record = happened.TryGetProperty("record", out var found) ? found : default;
        var parts = new[]
        {
            happened.Cell("session_id"), record.Cell("tool_call_id"), happened.Cell("window_id"),
            record.Cell("tool_name"), Input(record), happened.Cell("task_id"), happened.Cell("agent"),
            happened.Cell("reason"), happened.Cell("host"),
        };
        return string.Join("  ", parts.Where(part => part.Length > 0));
    }

    private static string Input(JsonElement record) =>
        record.ValueKind == JsonValueKind.Object && record.TryGetProperty("requested_input", out var input)
            && input.ValueKind is JsonValueKind.Object or JsonValueKind.Array
            ? Cells.Shorten(input.GetRawText().ReplaceLineEndings(" "))
            : "";

    private static string What(JsonElement happened) => happened.Cell("event") switch
    {
        "call.transitioned" => $"{happened.Cell("from")} → {happened.Cell("to")}",
        "call.violated" => $"VIOLATION in {happened.Cell("from")}",
        "call.rejudged" => $"judged again: {happened.Cell("was")} → {happened.Cell("now")}",
        "session.noted" => $"note {happened.Cell("type")}",
        "operator.acted" => $"act {happened.Cell("act")}",
        var name => name,
    };

    private static string Colour(JsonElement happened, string text, bool coloured)
    {
        var code = happened.Cell("event") == "call.violated" ? "31;1" : happened.Cell("to") switch
        {
            "completed" => "32",
            "cached" or "replayed" => "36",
            "blocked" or "persistence_failed" => "31",
            "awaiting_confirmation" => "33",
            _ => null,
        };
        return coloured && code is not null ? $"\u001b[{code}m{text}{Reset}" : text;
    }
}
