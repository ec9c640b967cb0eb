namespace Audit.Node.CommandLine.Reading;

/// <summary>Calls in lists for a person.</summary>
internal static class CallColumns
{
    public static readonly Column[] All =
    [
        new("at", item => item.Clock(item.Text("at") is null ? "first_at" : "at")), Column.Of("session_id", "session"),
        Column.Of("tool_call_id", "call"), Column.Of("tool_name", "tool"), Column.Of("state"), new("outcome", Outcome),
        Column.Of("judgement", "window"), Column.Of("agent"), Column.Of("command"),
    ];

    /// <summary>How it ended, and who decided where somebody did.</summary>
    public static string Outcome(System.Text.Json.JsonElement call)
    {
        var success = call.Cell("success") switch { "yes" => "ok", "no" => "failed", _ => "" };
        var decided = call.Cell("decided_by") is { Length: > 0 } by ? $"{call.Cell("decision")} by {by}" : call.Cell("decision");
        return string.Join(", ", new[] { success, decided }.Where(part => part.Length > 0));
    }
}
