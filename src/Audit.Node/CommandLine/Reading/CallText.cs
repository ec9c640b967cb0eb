namespace Audit.Node.CommandLine.Reading;

/// <summary>A call for a person: what it was, and message by message what became of it.</summary>
internal static class CallText
{
    private static readonly Column[] Messages =
    [
        Column.Time("at", "at"), Column.Time("received_at", "received"), Column.Of("position"),
        Column.Of("message"), new("state", State), Column.Of("attempt"), Column.Of("anomalies"),
        Column.Of("judgement", "window"), Column.Of("host"), Column.Of("by"), Column.Of("said"),
    ];

    public static void Write(Surroundings surroundings, JsonElement call)
    {
        var page = new TextPage(surroundings);
        page.Title($"call {call.Cell("tool_call_id")} of session {call.Cell("session_id")}: {call.Cell("state")}");
        page.Line("tool", call.Cell("tool_name"));
        page.Line("command", call.Cell("command"));
        page.Line("task", call.Cell("task_id"));
        page.Line("agent", call.Cell("agent"));
        page.Line("model", $"{call.Cell("provider")} {call.Cell("model")}".Trim());
        page.Line("outcome", CallColumns.Outcome(call));
        page.Line("waited", call.DurationAt("waited_ms"));
        page.Line("ran", call.DurationAt("ran_ms"));
        page.Line("window", call.Cell("judgement"));
        page.Line("anomalies", call.Cell("anomalies"));
        page.Line("violations", call.NumberAt("violations") > 0 ? call.Cell("violations") : "");
        page.Line("said", call.Cell("said"));
        page.Table("messages", Messages, call.GetProperty("transitions"));
    }

    private static string State(JsonElement message) => message switch
    {
        _ when message.TextAt("violation") is { } cause => $"{message.Cell("from")} VIOLATION ({cause})",
        _ when message.Cell("lifted") == "yes" => $"{message.Cell("from")} → {message.Cell("to")} (lifted)",
        _ => $"{message.Cell("from")} → {message.Cell("to")}",
    };
}

/// <summary>Calls in lists for a person.</summary>
internal static class CallColumns
{
    public static readonly Column[] All =
    [
        new("at", item => item.ClockAt(item.TextAt("at") is null ? "first_at" : "at")),
        Column.Of("session_id", "session"),
        Column.Of("tool_call_id", "call"), Column.Of("tool_name", "tool"), Column.Of("state"), new("outcome", Outcome),
        Column.Of("judgement", "window"), Column.Of("agent"), Column.Of("command"),
    ];

    /// <summary>How it ended, and who decided where somebody did.</summary>
    public static string Outcome(JsonElement call)
    {
        var success = call.Cell("success") switch { "yes" => "ok", "no" => "failed", _ => "" };
        var decision = call.Cell("decision");
        var decided = call.Cell("decided_by") is { Length: > 0 } by ? $"{decision} by {by}" : decision;
        return string.Join(", ", new[] { success, decided }.Where(part => part.Length > 0));
    }
}
