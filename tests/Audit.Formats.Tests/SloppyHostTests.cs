using System.Text;
using System.Text.Json;
using Audit.Formats.Tests.Support;

namespace Audit.Formats.Tests;

/// <summary>What hosts say that are sloppy, or would like a refusal to look like a success.</summary>
public sealed class SloppyHostTests
{
    private const string Trace = "0af7651916cd43dd8448eb211c80aa01";

    private readonly FormatReaders readers = new();

    [Fact]
    public void a_refusal_told_in_a_long_step_is_a_refusal()
    {
        var told = Take(Step("reject", "user_reject", "b1", error: new string('x', 100_000)), Tool());
        Assert.Equal("Requested Blocked", Kinds(told));
    }

    [Fact]
    public void however_many_steps_come_the_last_decision_and_that_it_ran_are_known()
    {
        var steps = Enumerable.Range(1, 9).Select(index => Step("accept", "user_temporary", $"b{index}", at: index));
        Assert.Equal("Requested Blocked", Kinds(Take([Step("reject", "user_reject", "c1", at: 50), .. steps, Tool()])));
        Assert.Equal("Requested Approved Completed", Kinds(Take([Ran(true), Step("accept", "config", "c2", at: 60), .. steps, Tool()], "other")));
    }

    /// <summary>With the steps lost, nobody knows whether it was refused.</summary>
    [Fact]
    public void a_call_whose_steps_are_not_known_is_not_told_as_a_success()
    {
        Assert.Equal("Requested", Kinds(Take(Tool())));
        Assert.Equal("outcome_not_told", Assert.Single(Take(Tool()).Notes).Type);
        Assert.Equal("Requested Approved", Kinds(Take([Step("accept", "config"), Tool()], "other")));
    }

    [Fact]
    public void steps_that_come_after_their_call_are_told_by_themselves()
    {
        Assert.Equal("Requested", Kinds(Take(Tool())));
        var late = Take(Step("reject", "user_reject"));
        Assert.Equal(("Blocked", "toolu_1", "cc-1"), (Kinds(late), late.Records[0].Record.ToolCallId, late.Records[0].SessionId));
        Assert.Equal("Requested", Kinds(Take([Tool()], "other")));
        Assert.Equal("Completed", Kinds(Take([Ran(false)], "other")));
    }

    /// <summary>A restart, or another node, knows of it what was noted, and joins it with the call that comes then.</summary>
    [Fact]
    public void a_step_without_its_call_is_noted_and_can_be_taken_back()
    {
        Assert.Empty(Take(Step("reject", "user_reject"), Tool()).Notes);
        var noted = Assert.Single(Take([Step("reject", "user_reject"), Step("accept", "somebody", "b2", at: 5)], "away").Notes, one => one.DerivedId!.Contains("reject"));
        Assert.Equal(("call_step", "trace:" + Trace), (noted.Type, noted.SessionId));
        Assert.Equal("reject", noted.Detail!.Value.GetProperty("decision").GetString());

        var other = new FormatReaders();
        var call = new Derived().Follow(other.Open("otlp", "s-1", "ci")!, Encoding.UTF8.GetBytes(Request(Tool())));
        var open = Assert.Single(call.Notes).Unsettled!;
        Assert.Empty(open.Settle());
        other.Recall("another", Trace, noted.DerivedId!, new Timestamp(1, 0));
        other.Recall("ci", Trace, "otlp:step:no", new Timestamp(1, 0));
        Assert.Empty(open.Settle());
        other.Recall("ci", Trace, noted.DerivedId!, new Timestamp(1, 0));
        var told = Assert.Single(open.Settle());
        Assert.Equal(("claude-code:toolu_1:blocked", "cc-1"), (told.DerivedId, told.SessionId));
        Assert.Equal("human_response", Assert.IsType<Lifecycle.Records.Outcome.Blocked>(told.Record.Outcome).Source);
    }

    [Fact]
    public void one_source_never_pushes_out_what_another_one_said()
    {
        Take(Step("reject", "user_reject"));
        for (var round = 0; round < 6; round++)
        {
            Take([.. Enumerable.Range(0, 100).Select(index => SpanOf(
                "d1", $"f{round:x3}{index:x12}", "claude_code.tool.execution", 80, ("session.id", "cc-2"), ("success", "false"), ("error", new string('y', 20_000))))], "flooding");
        }

        Assert.True(readers.Forgotten > 0);
        Assert.Equal("Requested Blocked", Kinds(Take(Tool())));
    }

    [Fact]
    public void a_log_that_says_refused_and_done_says_both()
    {
        static string Log(string success) => $$$"""{"resourceLogs":[{"scopeLogs":[{"logRecords":[{"timeUnixNano":"1767225600000000000","eventName":"claude_code.tool_result","attributes":[{"key":"session.id","value":{"stringValue":"cc-1"}},{"key":"tool_name","value":{"stringValue":"Bash"}},{"key":"tool_use_id","value":{"stringValue":"toolu_1"}},{"key":"decision","value":{"stringValue":"reject"}},{"key":"success","value":{"stringValue":"{{{success}}}"}}]}]}]}]}""";
        Assert.Equal("Blocked Completed", Kinds(Derived.Of("otlp", Log("true"))));
        Assert.Equal("Blocked", Kinds(Derived.Of("otlp", Log("false"))));
    }

    [Theory]
    [InlineData("lookup", "lookup", null, null, 2)]
    [InlineData("mcp__files__lookup", "lookup", null, null, 2)]
    [InlineData("lookup", "delete", null, null, 4)]
    [InlineData("lookup", "delete", "c-1", "c-1", 2)]
    [InlineData("lookup", "lookup", "c-1", "c-2", 4)]
    [InlineData("(merged tools)", "delete", null, null, 2)]
    public void a_call_of_mcp_is_the_call_around_it_only_where_it_is_the_same(string around, string within, string? aroundId, string? withinId, int messages)
    {
        var derived = Derived.Of("otlp", Request("""{"traceId":"T","spanId":"00000000000000a1","name":"execute_tool x","startTimeUnixNano":"1","endTimeUnixNano":"9","attributes":[{"key":"gen_ai.operation.name","value":{"stringValue":"execute_tool"}},{"key":"gcp.vertex.agent.tool_response","value":{"stringValue":"{}"}},{"key":"gen_ai.tool.name","value":{"stringValue":"AROUND"}}ID1]},{"traceId":"T","spanId":"00000000000000a2","parentSpanId":"00000000000000a1","name":"tools/call x","startTimeUnixNano":"2","endTimeUnixNano":"8","attributes":[{"key":"mcp.method.name","value":{"stringValue":"tools/call"}},{"key":"gen_ai.tool.name","value":{"stringValue":"WITHIN"}}ID2]}"""
            .Replace("AROUND", around).Replace("WITHIN", within).Replace("ID1", IdOf(aroundId)).Replace("ID2", IdOf(withinId)).Replace("\"T\"", $"\"{Trace}\"")));
        Assert.Equal(messages, derived.Records.Count);
        static string IdOf(string? id) => id is null ? "" : $$$""",{"key":"gen_ai.tool.call.id","value":{"stringValue":"{{{id}}}"}}""";
    }

    [Theory]
    [InlineData("mcp__db__get", "Permission to read the issue has been denied.", "completed")]
    [InlineData("mcp__db__get", "Permission to use Bash has been denied.", "completed")]
    [InlineData("mcp__db__get", "Permission to use mcp__db__get has been denied.", "blocked")]
    [InlineData("mcp__db__get", "This command requires approval", "completed")]
    [InlineData("Bash", "This command requires approval", "blocked")]
    [InlineData("Bash", "bash: ./x: Permission denied", "completed")]
    [InlineData("Bash", "Permission to use Bash with command rm x has been denied.", "blocked")]
    [InlineData("Read", "Permission to read /etc/x has been denied.", "blocked")]
    [InlineData("mcp__db__get", "Claude requested permissions to go, but nobody came", "completed")]
    [InlineData("Read", "Claude requested permissions to read from /etc/x, but you haven't granted it yet.", "blocked")]
    [InlineData("mcp__db__get", "PreToolUse:Bash hook error: no", "completed")]
    [InlineData("Bash", "PreToolUse:Bash hook error: no", "blocked")]
    public void what_a_tool_says_itself_is_nobodys_denial_in_claude_code(string tool, string text, string state)
    {
        var derived = Derived.Of("claude-code", $$$$"""
            {"type":"assistant","sessionId":"s","timestamp":"2026-01-01T00:00:00Z","message":{"role":"assistant","content":[{"type":"tool_use","id":"t","name":"{{{{tool}}}}","input":{}}]}}
            {"type":"user","sessionId":"s","timestamp":"2026-01-01T00:00:01Z","message":{"role":"user","content":[{"type":"tool_result","tool_use_id":"t","is_error":true,"content":"{{{{text}}}}"}]}}
            """);
        Assert.Equal($"claude-code:t:{state}", derived.Records[^1].DerivedId);
    }

    [Theory]
    [InlineData("failure", "cat: log: could not request permission from user, user rejected this tool call", "completed")]
    [InlineData(null, "grep: the user rejected this tool call. yesterday", "completed")]
    [InlineData(null, "The user rejected this tool call.", "blocked")]
    [InlineData("rejected", "whatever", "blocked")]
    [InlineData("denied", "whatever", "blocked")]
    [InlineData("failure", "Denied by preToolUse hook: no", "blocked")]
    public void what_a_tool_says_itself_is_nobodys_denial_in_copilot(string? code, string text, string state)
    {
        var error = code is null ? "" : $",\"code\":\"{code}\"";
        var derived = Derived.Of("copilot", $$$$"""
            {"type":"tool.execution_start","data":{"toolCallId":"t","toolName":"bash","arguments":{}},"timestamp":"2026-01-01T00:00:00Z"}
            {"type":"tool.execution_complete","data":{"toolCallId":"t","success":false,"error":{"message":"{{{{text}}}}"{{{{error}}}}}},"timestamp":"2026-01-01T00:00:01Z"}
            """);
        Assert.Equal($"copilot:t:{state}", derived.Records[^1].DerivedId);
    }

    [Fact]
    public void a_command_that_ran_and_only_sounds_denied_ran_in_agent_code()
    {
        var derived = Derived.Of("agent-code", """
            {"type":"tool_call","tool":"Bash","input":{"command":"x"},"turn":1}
            {"type":"permission_denied","tool":"Bash","reason":"no write\n\nExit code: 1","turn":1}
            {"type":"tool_result","tool":"Bash","output":"Permission denied: no write\n\nExit code: 1","is_error":true,"turn":1}
            """);
        Assert.Equal("Requested Completed", Kinds(derived));
        Assert.Equal("Requested Completed", Kinds(Derived.Of("agent-code", """
            {"type":"tool_start","name":"Bash","input":{"command":"x"}}
            {"type":"tool_result","name":"Bash","is_error":true,"content":"Permission denied: no write\n\nExit code: 1"}
            """)));
    }

    [Fact]
    public void a_tool_that_speaks_of_abortion_ran_in_codex()
    {
        static string Kind(string output) => Kinds(Derived.Of("codex", $$$"""
            {"timestamp":"2026-01-01T00:00:00Z","type":"response_item","payload":{"type":"function_call","call_id":"c","name":"shell","arguments":"{}"}}
            {"timestamp":"2026-01-01T00:00:01Z","type":"response_item","payload":{"type":"function_call_output","call_id":"c","output":"{{{output}}}"}}
            """));
        Assert.Equal("Requested Completed", Kind("aborted by user request 7 of the queue"));
        Assert.Equal("Requested Cancelled", Kind("aborted by user after 3.2s"));
    }

    /// <summary>Each side numbers its requests for itself, and so does each connection.</summary>
    [Fact]
    public void an_answer_settles_what_was_asked_in_its_direction()
    {
        var derived = Derived.Of("mcp", """
            {"direction":"out","message":{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"rm"}}}
            {"direction":"in","message":{"jsonrpc":"2.0","id":1,"method":"roots/list"}}
            {"direction":"out","message":{"jsonrpc":"2.0","id":1,"result":{"roots":[]}}}
            {"direction":"in","message":{"jsonrpc":"2.0","id":1,"method":"elicitation/create","params":{}}}
            {"direction":"out","message":{"jsonrpc":"2.0","id":1,"error":{"code":1,"message":"nobody is here"}}}
            {"direction":"in","message":{"jsonrpc":"2.0","id":1,"result":{"content":[{"type":"text","text":"removed"}]}}}
            """);
        Assert.Equal("Requested Completed", Kinds(derived));
        Assert.Equal("removed", derived.OutcomeOf("mcp:1:completed").GetProperty("result").GetProperty("output").GetString());
        Assert.Equal(["elicitation", "elicitation_answered"], derived.Notes.Select(note => note.Type));
    }

    [Fact]
    public void an_answer_that_could_be_to_either_side_says_so()
    {
        var derived = Derived.Of("mcp", """
            {"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"rm"}}
            {"jsonrpc":"2.0","id":1,"method":"sampling/createMessage","params":{}}
            {"jsonrpc":"2.0","id":1,"error":{"code":1,"message":"no"}}
            {"jsonrpc":"2.0","id":1,"result":{"role":"assistant","content":{"type":"text","text":"4"},"model":"m"}}
            {"jsonrpc":"2.0","id":1,"result":{"content":[{"type":"text","text":"removed"}]}}
            """);
        Assert.Equal("Requested Completed", Kinds(derived));
        Assert.Contains("tools/call and sampling/createMessage", Assert.Single(derived.InvalidLines).Sentence);
        Assert.Equal(["sampling", "sampling_answered"], derived.Notes.Select(note => note.Type));
    }

    [Fact]
    public void connections_and_sessions_of_one_log_do_not_meet()
    {
        var derived = Derived.Of("mcp", """
            {"session_id":"a","message":{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"rm"}}}
            {"session_id":"b","message":{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"ls"}}}
            {"session_id":"a","message":{"jsonrpc":"2.0","id":1,"result":{"content":[{"type":"text","text":"removed"}]}}}
            {"session_id":"b","message":{"jsonrpc":"2.0","id":1,"method":"initialize","params":{}}}
            {"session_id":"b","message":{"jsonrpc":"2.0","id":1,"result":{"protocolVersion":"x"}}}
            {"session_id":"b","message":{"jsonrpc":"2.0","id":1,"error":{"code":1,"message":"of nothing"}}}
            """);
        Assert.Equal(["a rm Requested", "b ls Requested", "a rm Completed"], derived.Records.Select(one => $"{one.SessionId} {one.Record.ToolName} {one.Kind}"));
    }

    [Fact]
    public void a_line_of_a_log_that_comes_twice_is_no_second_call()
    {
        const string Asked = """{"ts":"2026-01-01T00:00:00Z","message":{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"rm"}}}""";
        const string Answered = """{"ts":"2026-01-01T00:00:01Z","message":{"jsonrpc":"2.0","id":1,"result":{"content":[]}}}""";
        var derived = Derived.Of("mcp", string.Join('\n', Asked, Answered, Asked, Answered, Asked.Replace(":00Z", ":02Z")));
        Assert.Equal(["mcp:1:requested", "mcp:1:completed", "mcp:1#2:requested"], derived.MessageIds);
        Assert.Empty(derived.InvalidLines);
    }

    [Theory]
    [InlineData("PreToolUse", "claude-code")]
    [InlineData("PostToolUse", "claude-code")]
    [InlineData("BeforeTool", "gemini")]
    [InlineData("SessionStart", "gemini")]
    public void a_hook_with_a_time_is_of_whom_it_names(string hook, string format) => Assert.Equal(format, FormatGuess.Of(Encoding.UTF8.GetBytes(
        $$"""{"session_id":"s","hook_event_name":"{{hook}}","timestamp":"2026-01-01T00:00:00Z","tool_name":"x","tool_use_id":"t"}""")));

    [Theory]
    [InlineData("""{"role":"assistant","content":[{"type":"tool-call","id":"c","name":"rm","args":{}}]}""", "\"tool-call\"")]
    [InlineData("""{"role":"assistant","content":[{"toolUse":{"toolUseId":"c","name":"rm","input":{}}}]}""", "\"toolUse\"")]
    [InlineData("""{"role":"model","content":[],"parts":[{"functionCall":{"name":"rm","args":{}}}]}""", "\"functionCall\"")]
    public void a_part_that_may_be_a_call_is_never_passed_over(string message, string kind)
    {
        foreach (var format in new[] { "auto", "openai", "anthropic" })
        {
            var derived = Derived.Of(format, message);
            Assert.Contains(kind, Assert.Single(derived.InvalidLines).Sentence);
            Assert.Empty(derived.Ignored);
        }
    }

    [Fact]
    public void a_streamed_response_is_told_by_what_is_done()
    {
        var derived = Derived.Of("auto", """
            {"type":"response.created","response":{"id":"r","object":"response","output":[]}}
            {"type":"response.output_item.added","item":{"type":"function_call","id":"f","call_id":"c","name":"rm","arguments":""}}
            {"type":"response.function_call_arguments.delta","item_id":"f","delta":"{"}
            {"type":"response.output_item.done","item":{"type":"function_call","id":"f","call_id":"c","name":"rm","arguments":"{\"a\":1}"}}
            {"type":"response.completed","response":{"id":"r","object":"response","model":"m","output":[{"type":"function_call","id":"f","call_id":"c","name":"rm","arguments":"{\"a\":1}"},{"type":"web_search_call","id":"w","status":"completed"}]}}
            """);
        Assert.Equal(["openai:c:requested", "openai:c:requested", "openai:w:requested", "openai:w:completed"], derived.MessageIds);
        Assert.All(derived.Records.Where(one => one.Record.ToolCallId == "c"), one => Assert.Equal(1, one.Record.RequestedInput!.Value.GetProperty("a").GetInt32()));
        Assert.Empty(derived.InvalidLines);
    }

    [Theory]
    [InlineData("openai", """{"object":"chat.completion.chunk","choices":[{"delta":{"tool_calls":[{"index":0,"id":"c","function":{"name":"rm"}}]}}]}""")]
    [InlineData("anthropic", """{"type":"content_block_start","index":1,"content_block":{"type":"tool_use","id":"t","name":"rm","input":{}}}""")]
    public void a_piece_of_a_call_is_no_call_and_is_not_passed_over(string format, string piece)
    {
        Assert.Contains("a piece of a call", Assert.Single(Derived.Of(format, piece).InvalidLines).Sentence);
        Assert.Contains("a piece of a call", Assert.Single(Derived.Of("auto", piece).InvalidLines).Sentence);
    }

    [Fact]
    public void data_of_a_cloud_event_are_read_however_they_are_packed()
    {
        const string Item = """{"type":"item.completed","item":{"id":"i","type":"command_execution","command":"ls","exit_code":0}}""";
        static string Event(string data) => $$"""{"specversion":"1.0","type":"x","source":"/s","id":"1","sessionid":"t",{{data}}}""";
        foreach (var data in new[] { $"\"data\":{Item}", $"\"data\":[{Item}]", $"\"data_base64\":\"{Convert.ToBase64String(Encoding.UTF8.GetBytes(Item))}\"" })
        {
            Assert.Equal("Completed", Kinds(Derived.Of("cloudevents", Event(data))));
        }

        Assert.Contains("data.outcome", Assert.Single(Derived.Of("cloudevents", Event("\"data\":{\"tool_call_id\":\"c\"}")).InvalidLines).Sentence);
        Assert.Contains("a text that holds JSON", Assert.Single(Derived.Of("cloudevents", Event($"\"data\":{JsonSerializer.Serialize(Item)}")).InvalidLines).Sentence);
        Assert.Equal(["x with data that is no object"], Derived.Of("cloudevents", Event("\"data\":7")).IgnoredTypes);
        Assert.Equal(["x of no format here"], Derived.Of("cloudevents", Event("\"data\":{}")).IgnoredTypes);
    }

    /// <summary>What cannot be understood of one call keeps none of those beside it from the book.</summary>
    [Theory]
    [InlineData("claude-code", """{"type":"assistant","sessionId":"s","message":{"role":"assistant","content":[{"type":"tool_use","name":"x"},{"type":"tool_use","id":"t","name":"x"}]}}""")]
    [InlineData("openai", """{"role":"assistant","tool_calls":[{"function":{"name":"x"}},{"id":"t","function":{"name":"x","arguments":"{}"}}]}""")]
    [InlineData("openai", """{"object":"response","output":[{"type":"function_call_output"},{"type":"function_call","call_id":"t","name":"x"}]}""")]
    [InlineData("anthropic", """{"role":"assistant","content":[{"type":"tool_use","name":"x"},{"type":"tool_use","id":"t","name":"x"}]}""")]
    [InlineData("gemini", """{"type":"gemini","toolCalls":[{"name":"x","status":"success"},{"id":"t","name":"x","status":"scheduled"}]}""")]
    [InlineData("adk", """{"author":"a","invocationId":"i","content":{"parts":[{"functionCall":{"name":"x"}},{"functionCall":{"id":"t","name":"x"}}]}}""")]
    [InlineData("copilot", """{"type":"assistant.message","data":{"toolRequests":[{"name":"x"},{"toolCallId":"t","name":"x"}]}}""")]
    [InlineData("openai-agents", """{"data":[{"object":"trace.span","id":"s","span_data":{"type":"function","name":"x"}},{"object":"trace.span","id":"t","trace_id":"a","span_data":{"type":"function","name":"x"}}]}""")]
    public void a_part_without_an_id_costs_itself_alone(string format, string message)
    {
        var derived = Derived.Of(format, message);
        Assert.Equal("t", Assert.Single(derived.Records).Record.ToolCallId);
        Assert.Single(derived.InvalidLines);
        Assert.Empty(derived.Ignored);
    }

    [Fact]
    public void a_status_that_is_newer_than_this_program_is_said_beside_the_request()
    {
        var derived = Derived.Of("gemini", """{"type":"gemini","toolCalls":[{"id":"t","name":"x","status":"vetoed"}]}""");
        Assert.Equal("Requested", Kinds(derived));
        Assert.Contains("\"vetoed\"", Assert.Single(derived.InvalidLines).Sentence);
    }

    [Fact]
    public void what_shells_and_searches_of_the_model_gave_back_is_told()
    {
        var shell = Derived.Of("openai", """{"type":"shell_call_output","call_id":"t","output":[{"stdout":"no","stderr":"","outcome":{"type":"exit","exit_code":2}}]}""");
        var result = shell.OutcomeOf("openai:t:completed").GetProperty("result");
        Assert.Equal((false, true), (result.GetProperty("success").GetBoolean(), result.GetProperty("output").GetString()!.Contains("\"stdout\":\"no\"")));
        var search = Derived.Of("anthropic", """{"role":"assistant","content":[{"type":"web_search_tool_result","tool_use_id":"t","content":[{"type":"web_search_result","url":"https://a.example"}]}]}""");
        Assert.Contains("a.example", search.OutcomeOf("anthropic:t:completed").GetProperty("result").GetProperty("output").GetString());
    }

    [Theory]
    [InlineData("claude-code", """{"type":"system","subtype":"compact_boundary","session_id":"s","uuid":"u"}""")]
    [InlineData("codex", """{"timestamp":"2026-01-01T00:00:00Z","type":"compacted","payload":{"message":"x"}}""")]
    [InlineData("copilot", """{"type":"session.compaction_complete","data":{},"id":"e"}""")]
    [InlineData("cursor", """{"hook_event_name":"preCompact","conversation_id":"c"}""")]
    public void that_a_session_was_compacted_is_noted(string format, string line) =>
        Assert.Equal("compacted", Assert.Single(Derived.Of(format, line).Notes).Type);

    [Fact]
    public void a_session_that_is_resumed_names_itself()
    {
        var derived = Derived.Of("copilot", """
            {"type":"session.resume","data":{"sessionId":"again","resumeTime":"x"},"timestamp":"2026-01-01T00:00:00Z"}
            {"type":"tool.execution_start","data":{"toolCallId":"t","toolName":"bash"},"timestamp":"2026-01-01T00:00:01Z"}
            """, session: null);
        Assert.Equal("again", Assert.Single(derived.Records).SessionId);
    }

    private static string Kinds(Derived derived) => string.Join(' ', derived.Records.Select(record => record.Kind));

    /// <summary>Empty resources are parts of a request as spans are.</summary>
    [Fact]
    public void a_request_of_nothing_but_resources_is_too_large_too()
    {
        var told = Derived.Of("otlp", $$"""{"resourceSpans":[{{string.Join(',', Enumerable.Repeat("0", 40_000))}}]}""");
        Assert.Contains("send it in smaller batches", Assert.Single(told.InvalidLines).Sentence);
    }

    [Fact]
    public void a_span_of_the_type_tool_is_claude_codes_only_where_it_names_its_call()
    {
        Assert.Empty(Take(SpanOf("e1", null, "look up", 9, ("span.type", "tool"), ("tool_name", "x"))).Records);
        Assert.Equal("claude-code:t:requested", Take(SpanOf("e2", null, "x", 9, ("span.type", "tool"), ("tool_use_id", "t"))).Records[0].DerivedId);
    }

    [Theory]
    [InlineData("reject", "false", "Blocked")]
    [InlineData("accept", "false", "Completed")]
    [InlineData("accept", "true", "Completed")]
    public void a_result_of_a_call_that_was_rejected_is_a_refusal(string type, string success, string kinds) => Assert.Equal(kinds, Kinds(Derived.Of(
        "otlp", $$$"""{"resourceLogs":[{"scopeLogs":[{"logRecords":[{"timeUnixNano":"1767225600000000000","eventName":"claude_code.tool_result","attributes":[{"key":"session.id","value":{"stringValue":"cc-1"}},{"key":"tool_use_id","value":{"stringValue":"t"}},{"key":"decision_type","value":{"stringValue":"{{{type}}}"}},{"key":"decision_source","value":{"stringValue":"user_reject"}},{"key":"success","value":{"stringValue":"{{{success}}}"}}]}]}]}]}""")));

    [Fact]
    public void all_that_is_kept_of_a_call_counts_as_room()
    {
        Take([.. Enumerable.Range(0, 200).Select(index => SpanOf(
            $"b{index:x15}", null, "claude_code.tool", 9, ("tool_use_id", $"t{index}"), ("gen_ai.request.model", new string('m', 200_000))))]);
        Assert.True(readers.Forgotten > 0);
    }

    private Derived Take(params string[] spans) => Take(spans, "ci");

    private Derived Take(string[] spans, string source) =>
        new Derived().Follow(readers.Open("otlp", "s-1", source)!, Encoding.UTF8.GetBytes(Request(string.Join(',', spans))));

    private static string Request(string spans) => $$"""{"resourceSpans":[{"scopeSpans":[{"spans":[{{spans}}]}]}]}""";

    private static string Tool() => SpanOf("a1", null, "claude_code.tool", 90, ("session.id", "cc-1"), ("tool_name", "Bash"), ("tool_use_id", "toolu_1"));

    private static string Step(string decision, string source, string id = "b1", string parent = "a1", int at = 10, string error = "") =>
        SpanOf(id, parent, "claude_code.tool.blocked_on_user", at, ("session.id", "cc-1"), ("decision", decision), ("source", source), ("error", error));

    private static string Ran(bool success) => SpanOf("d1", "a1", "claude_code.tool.execution", 80, ("session.id", "cc-1"), ("success", success ? "true" : "false"));

    private static string SpanOf(string id, string? parent, string name, int end, params (string Key, string Value)[] attributes) =>
        $$"""{"traceId":"{{Trace}}","spanId":"{{id}}",{{(parent is null ? "" : $"\"parentSpanId\":\"{parent}\",")}}"name":"{{name}}","startTimeUnixNano":"1767225600000000000","endTimeUnixNano":"{{1767225600000000000 + end}}","attributes":["""
        + string.Join(',', attributes.Where(one => one.Value.Length > 0).Select(one => $$$"""{"key":"{{{one.Key}}}","value":{"stringValue":"{{{one.Value}}}"}}""")) + "]}";
}
