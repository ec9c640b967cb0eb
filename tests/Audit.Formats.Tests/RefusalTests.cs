using System.Text.Json;
using Audit.Formats.Tests.Support;

namespace Audit.Formats.Tests;

/// <summary>A host that refused a call, and tells it as an answer of the tool, has refused it.</summary>
public sealed class RefusalTests
{
    [Theory]
    [InlineData("exec_command failed for `rm -rf a`: CreateProcess { message: \"Rejected(\\\"rejected by user\\\")\" }", "rejected by user", "human_response")]
    [InlineData("exec_command failed for `rm`: CreateProcess { message: \"Rejected(\\\"`rm \\\\\\\"a\\\\\\\"` rejected: blocked by policy\\\")\" }", "`rm \"a\"` rejected: blocked by policy", "host_policy")]
    [InlineData("exec_command failed for `rm`: CreateProcess { message: \"Rejected(\\\"of a kind that is new\\\")\" }", "of a kind that is new", null)]
    [InlineData("`npm test` rejected: blocked by policy", "`npm test` rejected: blocked by policy", "host_policy")]
    [InlineData("user rejected MCP tool call", "user rejected MCP tool call", "human_response")]
    [InlineData("Command blocked by PreToolUse hook: no. Command: rm", "Command blocked by PreToolUse hook: no. Command: rm", "hook")]
    [InlineData("approval required by policy, but AskForApproval is set to Never", "approval required by policy, but AskForApproval is set to Never", "host_policy")]
    [InlineData("This action was rejected due to unacceptable risk.\nReason: it deletes", "This action was rejected due to unacceptable risk.\nReason: it deletes", "assisted_approval")]
    [InlineData("patch rejected: writing outside of the project; rejected by user approval settings", "patch rejected: writing outside of the project; rejected by user approval settings", "host_policy")]
    public void what_codex_says_in_place_of_an_answer_is_a_refusal(string output, string reason, string? source)
    {
        var text = JsonSerializer.Serialize(output);
        foreach (var told in new[]
        {
            Rollout($$"""{"type":"function_call_output","call_id":"c","output":{{text}}}"""),
            Rollout($$$"""{"type":"mcp_tool_call_end","call_id":"c","invocation":{"tool":"x"},"result":{"Err":{{{text}}}}}""", "event_msg"),
            Derived.Of("codex", $$$"""{"type":"item.completed","item":{"id":"c","type":"mcp_tool_call","server":"s","tool":"x","arguments":{},"status":"failed","error":{"message":{{{text}}} } } }"""),
        })
        {
            var record = Assert.Single(told.Records, one => one.Kind != MessageKind.Requested);
            var outcome = JsonDocument.Parse(record.Record.ToUtf8()).RootElement.GetProperty("outcome");
            Assert.Equal("blocked", outcome.GetProperty("kind").GetString());
            Assert.Equal(reason, outcome.GetProperty("reason").GetString());
            Assert.Equal(source, outcome.TryGetProperty("source", out var by) ? by.GetString() : null);
        }
    }

    [Theory]
    [InlineData("exec_command failed for `x`: CreateProcess { message: \"No such file or directory\" }", "false")]
    [InlineData("unsupported call: x", "false")]
    [InlineData("Exit code: 0\nOutput:\n`npm test` rejected: blocked by policy", "true")]
    [InlineData("the log says: rejected by user", "true")]
    public void what_no_refusal_is_ran_or_failed(string output, string success)
    {
        var told = Rollout($$"""{"type":"function_call_output","call_id":"c","output":{{JsonSerializer.Serialize(output)}}}""");
        Assert.Equal(success, told.OutcomeOf("codex:c:completed").GetProperty("result").GetProperty("success").GetRawText());
    }

    [Fact]
    public void a_rollout_behind_another_one_is_a_session_of_its_own_and_a_fork_is_not()
    {
        static string Meta(string id, string? from = null) =>
            $$$"""{"timestamp":"2026-01-01T00:00:00Z","type":"session_meta","payload":{"id":"{{{id}}}"{{{(from is null ? "" : $",\"forked_from_id\":\"{from}\"")}}}}}""";
        static string Asked(string call) => $$$"""{"timestamp":"2026-01-01T00:00:00Z","type":"response_item","payload":{"type":"function_call","call_id":"{{{call}}}","name":"shell","arguments":"{}"}}""";
        var stream = string.Join('\n', Meta("a"), Asked("1"), Meta("b"), Asked("2"), Meta("c", "b"), Meta("b"), Asked("3"));
        Assert.Equal(["a", "b", "c"], Derived.Of("codex", stream, null).Records.Select(one => one.SessionId));
        Assert.Equal(["told", "told", "told"], Derived.Of("codex", stream, "told").Records.Select(one => one.SessionId));
        var runs = string.Join('\n', Run("t-1"), Run("t-2"));
        Assert.Equal(["t-1", "t-2"], Derived.Of("codex", runs, null).Records.Select(one => one.SessionId));
        static string Run(string thread) => $$$"""
            {"type":"thread.started","thread_id":"{{{thread}}}"}
            {"type":"item.completed","item":{"id":"i","type":"command_execution","command":"ls","exit_code":0,"status":"completed"}}
            """;
    }

    [Theory]
    [InlineData("error", "Tool execution blocked: not now", "blocked", "hook")]
    [InlineData("error", "Tool execution for \"Shell\" denied by policy.", "blocked", "host_policy")]
    [InlineData("error", "Tool execution failed", "completed", null)]
    [InlineData("cancelled", "[Operation Cancelled] Reason: User did not allow tool call", "blocked", "human_response")]
    [InlineData("cancelled", "[Operation Cancelled] Reason: User cancelled tool execution.", "cancelled", null)]
    public void gemini_tells_who_refused(string status, string error, string kind, string? source)
    {
        var derived = Derived.Of("gemini", $$$$$"""{"type":"gemini","id":"m","timestamp":"2026-01-01T00:00:00Z","toolCalls":[{"id":"c","name":"x","args":{},"status":"{{{{{status}}}}}","result":[{"functionResponse":{"response":{"error":{{{{{JsonSerializer.Serialize(error)}}}}}}}}]}]}""");
        var outcome = derived.OutcomeOf($"gemini:c:{kind}");
        Assert.Equal(source, outcome.TryGetProperty("source", out var by) ? by.GetString() : null);
    }

    [Fact]
    public void chats_behind_each_other_are_sessions_of_their_own()
    {
        const string Call = """{"type":"gemini","id":"m","timestamp":"2026-01-01T00:00:00Z","toolCalls":[{"id":"c","name":"x","args":{},"status":"success"}]}""";
        var stream = $$"""
            {"sessionId":"a","startTime":"2026-01-01T00:00:00Z"}
            {{Call}}
            {"sessionId":"b","startTime":"2026-01-01T00:00:00Z"}
            {{Call}}
            """;
        Assert.Equal(["a", "a", "b", "b"], Derived.Of("gemini", stream, null).Records.Select(one => one.SessionId));
        static string Session(string id) => $$"""{"id":"{{id}}","events":[{"invocationId":"i","author":"a","content":{"parts":[{"functionCall":{"id":"f","name":"x","args":{} } }]} }]}""";
        Assert.Equal(["a", "b"], Derived.Of("adk", $"{Session("a")}\n{Session("b")}", null).Records.Select(one => one.SessionId));
    }

    [Theory]
    [InlineData("""{"confirmed":true}""", """{"result":"gone"}""", "Requested RequiresConfirmation Approved Completed")]
    [InlineData("""{"response":"{\"confirmed\":false}"}""", """{"error":"This tool call is rejected."}""", "Requested RequiresConfirmation Blocked")]
    public void a_question_of_adk_and_its_answer_are_of_the_call_that_they_are_about(string answer, string response, string kinds)
    {
        var derived = Derived.Of("adk", $$$$"""
            {"invocationId":"i","author":"bot","content":{"parts":[{"functionCall":{"id":"f","name":"rm","args":{"path":"a"}}}]}}
            {"invocationId":"i","author":"bot","content":{"parts":[{"functionCall":{"id":"q","name":"adk_request_confirmation","args":{"originalFunctionCall":{"id":"f","name":"rm","args":{"path":"a"}},"toolConfirmation":{"hint":"May it go?"} } } }]} }
            {"invocationId":"i","author":"bot","content":{"parts":[{"functionResponse":{"id":"f","name":"rm","response":{"error":"This tool call requires confirmation, please approve or reject."}}}]}}
            {"invocationId":"i","author":"user","content":{"parts":[{"functionResponse":{"id":"q","name":"adk_request_confirmation","response":{{{{answer}}}}}}]}}
            {"invocationId":"i","author":"bot","content":{"parts":[{"functionResponse":{"id":"f","name":"rm","response":{{{{response}}}}}}]}}
            """);
        Assert.Empty(derived.InvalidLines);
        Assert.Equal(kinds, string.Join(' ', derived.Records.Select(one => one.Kind)));
        Assert.All(derived.Records, one => Assert.Equal("f", one.Record.ToolCallId));
        Assert.All(derived.Records, one => Assert.Equal("rm", one.Record.ToolName));
        var decided = JsonDocument.Parse(derived.Records[2].Record.ToUtf8()).RootElement.GetProperty("outcome");
        Assert.Equal("user", decided.GetProperty("by").GetString());
    }

    [Fact]
    public void a_call_of_adk_that_waits_or_was_rejected_is_no_failure()
    {
        static string Kind(string error) => Assert.Single(Derived.Of("adk", $$$"""{"invocationId":"i","author":"bot","content":{"parts":[{"functionResponse":{"id":"f","name":"rm","response":{"error":"{{{error}}}"} } }]} }""").Records).Kind.ToString();
        Assert.Equal("RequiresConfirmation", Kind("This tool call requires confirmation, please approve or reject."));
        Assert.Equal("Blocked", Kind("This tool call is rejected."));
        Assert.Equal("Completed", Kind("no such file"));
    }

    [Fact]
    public void what_was_cancelled_and_answers_all_the_same_has_run()
    {
        const string Cancelled = """
            {"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"rm"}}
            {"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":1,"reason":"too slow"}}

            """;
        const string Answer = """{"jsonrpc":"2.0","id":1,"result":{"content":[{"type":"text","text":"removed"}]}}""";
        var late = Derived.Of("mcp", Cancelled + Answer);
        Assert.Empty(late.InvalidLines);
        Assert.Equal(["mcp:1:requested", "mcp:1:cancelled", "mcp:1:completed"], late.MessageIds);
        var anew = Derived.Of("mcp", Cancelled + """{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"rm"}}""" + "\n" + Answer + "\n" + Answer);
        Assert.Equal(["mcp:1:requested", "mcp:1:cancelled", "mcp:1#2:requested", "mcp:1#2:completed"], anew.MessageIds);
        Assert.Equal("id: a tool's answer to a request that was answered before", Assert.Single(anew.InvalidLines).Sentence);
    }

    [Fact]
    public void a_server_that_works_on_a_call_has_not_completed_it()
    {
        var derived = Derived.Of("mcp", """
            {"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"build","task":{"ttl":60000}}}
            {"jsonrpc":"2.0","id":1,"result":{"task":{"taskId":"t-1","status":"working"}}}
            {"jsonrpc":"2.0","id":2,"method":"tasks/get","params":{"taskId":"t-1"}}
            {"jsonrpc":"2.0","id":2,"result":{"taskId":"t-1","status":"completed"}}
            {"jsonrpc":"2.0","id":3,"method":"tasks/result","params":{"taskId":"t-1"}}
            {"jsonrpc":"2.0","id":3,"result":{"content":[{"type":"text","text":"built"}]}}
            {"jsonrpc":"2.0","id":4,"method":"tasks/result","params":{"taskId":"t-1"}}
            {"jsonrpc":"2.0","id":4,"result":{"content":[{"type":"text","text":"built"}]}}
            """);
        Assert.Empty(derived.InvalidLines);
        Assert.Equal(["mcp:1:requested", "mcp:1:started", "mcp:1:completed"], derived.MessageIds);
        Assert.Equal("built", derived.OutcomeOf("mcp:1:completed").GetProperty("result").GetProperty("output").GetString());
        Assert.All(derived.Records, one => Assert.Equal("build", one.Record.ToolName));
    }

    private static Derived Rollout(string payload, string type = "response_item") => Derived.Of("codex", $$$"""
        {"timestamp":"2026-01-01T00:00:00Z","type":"response_item","payload":{"type":"function_call","call_id":"c","name":"shell","arguments":"{}"}}
        {"timestamp":"2026-01-01T00:00:01Z","type":"{{{type}}}","payload":{{{payload}}}}
        """);
}
