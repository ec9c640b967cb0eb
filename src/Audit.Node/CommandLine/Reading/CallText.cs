using System.Text.Json;

namespace Audit.Node.CommandLine.Reading;

/// <summary>A call for a person: what it was, and message by message what became of it.</summary>
internal static class CallText
{
    private static readonly Column[] Messages =
    [
        new("at", item => item.Clock("at")), new("received", item => item.Clock("received_at")), Column.Of("position"),
        Column.Of("message"), new("state", State), Column.Of("attempt"), Column.Of("anomalies"), Column.Of("judgement", "window"),
        Column.Of("host"), Column.Of("by"), Column.Of("said"),
    ];

    public static void Write(Surroundings surroundings, JsonElement call)
    {
        var page = new TextPage(surroundings);
        page.Title($"call {call.Cell("tool_call_id")} of session {call.Cell("session_id")}: {call.Cell("state")}");
        page.Line("tool", call.Cell("tool_name"));
        page.Line("command", call.Cell("command"));
        page.Line("task", call.Cell("task_id"));
        page.Line("agent", call.Cell("agent"));
        page.Line("model", string.Join(' ', new[] { call.Cell("provider"), call.Cell("model") }.Where(part => part.Length > 0)));
        page.Line("outcome", CallColumns.Outcome(call));
        page.Line("waited", call.Duration("waited_ms"));
        page.Line("ran", call.Duration("ran_ms"));
        page.Line("window", call.Cell("judgement"));
        page.Line("anomalies", call.Cell("anomalies"));
        page.Line("violations", call.Number("violations") > 0 ? call.Cell("violations") : "");
        page.Line("said", call.Cell("said"));
        page.Table("messages", Messages, call.GetProperty("transitions"));
    }

    private static string State(JsonElement message) => message switch
    {
        _ when message.Text("violation") is { } cause => $"{message.Cell("from")} VIOLATION ({cause})",
        _ when message.Cell("lifted") == "yes" => $"{message.Cell("from")} → {message.Cell("to")} (lifted)",
        _ => $"{message.Cell("from")} → {message.Cell("to")}",
    };
}
