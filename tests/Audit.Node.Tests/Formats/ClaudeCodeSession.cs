namespace Audit.Node.Tests.Formats;

/// <summary>
/// One session as its hooks and as its transcript report it: a call that is asked about and succeeds, one that the user rejects,
/// one that fails, and one that the host denies.
/// </summary>
internal static class ClaudeCodeSession
{
    public static readonly string[] Hooks =
    [
        Hook("SessionStart", "\"source\":\"startup\""),
        Hook("PreToolUse", Tool("Bash", """{"command":"ls"}""", "toolu_1")),
        Hook("PermissionRequest", Tool("Bash", """{"command":"ls"}""", null)),
        Hook("PostToolUse", Tool("Bash", """{"command":"ls"}""", "toolu_1") + ",\"tool_response\":{\"stdout\":\"a.txt\",\"stderr\":\"\"},\"duration_ms\":7"),
        Hook("PreToolUse", Tool("Edit", """{"file_path":"a.txt"}""", "toolu_2")),
        Hook("PermissionRequest", Tool("Edit", """{"file_path":"a.txt"}""", null)),
        Hook("PreToolUse", Tool("Read", """{"file_path":"b.txt"}""", "toolu_3")),
        Hook("PostToolUseFailure", Tool("Read", """{"file_path":"b.txt"}""", "toolu_3") + ",\"error\":\"no such file\""),
        Hook("PreToolUse", Tool("Bash", """{"command":"rm -r /"}""", "toolu_4")),
        Hook("PermissionDenied", Tool("Bash", """{"command":"rm -r /"}""", "toolu_4") + ",\"reason\":\"outside the project\""),
        Hook("SessionEnd", "\"reason\":\"other\""),
    ];

    public static readonly string[] Transcript =
    [
        Use("00", "Bash", """{"command":"ls"}""", "toolu_1"),
        Result("05", "toolu_1", "a.txt", isError: false),
        Use("06", "Edit", """{"file_path":"a.txt"}""", "toolu_2"),
        Result("09", "toolu_2", "The user doesn't want to proceed with this tool use. The tool use was rejected.", isError: true),
        Use("10", "Read", """{"file_path":"b.txt"}""", "toolu_3"),
        Result("11", "toolu_3", "no such file", isError: true),
        Use("12", "Bash", """{"command":"rm -r /"}""", "toolu_4"),
        Result("13", "toolu_4", "Denied.", isError: true),
    ];

    private static string Hook(string name, string rest) => $$"""{"session_id":"cc-1","hook_event_name":"{{name}}",{{rest}}}""";

    private static string Tool(string tool, string input, string? call) =>
        $"\"tool_name\":\"{tool}\",\"tool_input\":{input}" + (call is null ? "" : $",\"tool_use_id\":\"{call}\"");

    private static string Use(string second, string tool, string input, string call) =>
        $$$"""{"type":"assistant","sessionId":"cc-1","timestamp":"2026-02-07T00:21:{{{second}}}.000Z","message":{"model":"claude-x","content":[{"type":"tool_use","id":"{{{call}}}","name":"{{{tool}}}","input":{{{input}}}}]}}""";

    private static string Result(string second, string call, string text, bool isError) =>
        $$$"""{"type":"user","sessionId":"cc-1","timestamp":"2026-02-07T00:21:{{{second}}}.500Z","message":{"content":[{"type":"tool_result","tool_use_id":"{{{call}}}","content":"{{{text}}}","is_error":{{{(isError ? "true" : "false")}}}}]}}""";
}
