using Audit.Formats.Tests.Support;

namespace Audit.Formats.Tests;

/// <summary>Chats as older programs and other libraries keep them, told by their events and read.</summary>
public sealed class OldAndOtherChatsTests
{
    private const string Asked = """{"role":"assistant","content":null,"function_call":{"name":"get_weather","arguments":"{\"city\":\"Rome\"}"}}""";
    private const string Answered = """{"role":"function","name":"get_weather","content":"sunny"}""";

    private readonly FormatReaders readers = new();

    private Derived Auto(params string[] lines)
    {
        var reader = readers.Open(FormatReaders.Auto, "s", "ci")!;
        var derived = new Derived().Follow(reader, System.Text.Encoding.UTF8.GetBytes(string.Join('\n', lines)));
        Assert.Equal("openai", reader.Recognised);
        return derived;
    }

    private static string Kinds(Derived derived) => string.Join(' ', derived.Records.Select(one => $"{one.Kind}"));

    [Fact]
    public void an_old_function_call_and_its_answer_are_one_call_in_one_post_and_in_two()
    {
        var told = Auto(Asked, Answered);
        Assert.Equal("Requested Completed", Kinds(told));
        Assert.Equal(
            ("get_weather", "Rome", told.Records[0].Record.ToolCallId),
            (told.Records[1].Record.ToolName, told.Records[1].Record.RequestedInput!.Value.GetProperty("city").GetString()!, told.Records[1].Record.ToolCallId));
        Assert.Equal("sunny", told.OutcomeOf(told.Records[1].DerivedId).GetProperty("result").GetProperty("output").GetString());

        Assert.Equal("Requested", Kinds(Auto(Asked)));
        Assert.Equal(told.Records[1].DerivedId, Assert.Single(Auto(Answered).Records).DerivedId);
        // What answers nothing that is known is not lost.
        Assert.Equal("function_result", Assert.Single(Auto(Answered).Notes).Type);
    }

    [Fact]
    public void old_function_calls_that_are_alike_are_told_apart_within_a_body_that_comes_again_and_longer()
    {
        string Body(params string[] messages) => "{\"messages\":[" + string.Join(',', messages) + "]}";
        var first = Auto(Body(Asked, Answered, Asked));
        var again = Auto(Body(Asked, Answered, Asked, Answered.Replace("sunny", "rain")));
        Assert.Equal("Requested Completed Requested", Kinds(first));
        Assert.Equal(first.MessageIds, again.MessageIds.Take(3));
        Assert.Equal(first.Records[2].Record.ToolCallId, again.Records[3].Record.ToolCallId);
        Assert.EndsWith("#2", again.Records[3].Record.ToolCallId);
        var answer = Auto("""{"object":"chat.completion","created":1,"choices":[{"message":ASKED}]}""".Replace("ASKED", Asked));
        Assert.Equal(first.Records[0].DerivedId, Assert.Single(answer.Records).DerivedId);
    }

    [Theory]
    [InlineData("""{"role":"assistant","content":"","toolInvocations":[{"state":"result","toolCallId":"c","toolName":"t","args":{"a":1},"result":{"b":2}}]}""", "Requested Completed")]
    [InlineData("""{"role":"assistant","content":"","toolInvocations":[{"state":"call","toolCallId":"c","toolName":"t","args":{"a":1}}]}""", "Requested")]
    [InlineData("""{"role":"assistant","parts":[{"type":"step-start"},{"type":"tool-invocation","toolInvocation":{"state":"result","toolCallId":"c","toolName":"t","args":{"a":1},"result":"x"}}]}""", "Requested Completed")]
    [InlineData("""{"role":"assistant","parts":[{"type":"tool-t","toolCallId":"c","state":"output-available","input":{"a":1},"output":"x"}]}""", "Requested Completed")]
    [InlineData("""{"role":"assistant","parts":[{"type":"dynamic-tool","toolName":"t","toolCallId":"c","state":"output-error","input":{"a":1},"errorText":"x"}]}""", "Requested Completed")]
    [InlineData("""{"role":"assistant","parts":[{"type":"tool-t","toolCallId":"c","state":"approval-requested","input":{"a":1},"approval":{"id":"q"}}]}""", "Requested RequiresConfirmation")]
    [InlineData("""{"role":"assistant","parts":[{"type":"tool-t","toolCallId":"c","state":"approval-responded","input":{"a":1},"approval":{"id":"q","approved":true}}]}""", "Requested Approved")]
    [InlineData("""{"role":"assistant","parts":[{"type":"tool-t","toolCallId":"c","state":"output-denied","input":{"a":1},"approval":{"id":"q","approved":false,"reason":"no"}}]}""", "Requested Blocked")]
    [InlineData("""{"messages":[{"role":"assistant","content":[{"type":"tool-call","toolCallId":"c","toolName":"t","args":{"a":1}}]},{"role":"tool","content":[{"type":"tool-result","toolCallId":"c","toolName":"t","output":{"type":"error-text","value":"x"}}]}]}""", "Requested Completed")]
    [InlineData("""{"messages":[{"role":"assistant","content":[{"type":"tool-call","toolCallId":"c","toolName":"t","input":{"a":1}}]},{"role":"tool","content":[{"type":"tool-result","toolCallId":"c","toolName":"t","output":{"type":"execution-denied","reason":"no"}}]}]}""", "Requested Blocked")]
    [InlineData("""{"messages":[{"role":"assistant","content":[{"type":"tool-call","toolCallId":"c","toolName":"t","input":{"a":1}},{"type":"tool-approval-request","approvalId":"q","toolCallId":"c"}]},{"role":"tool","content":[{"type":"tool-approval-response","approvalId":"q","approved":false,"reason":"no"}]}]}""", "Requested RequiresConfirmation Blocked")]
    [InlineData("""{"messages":[{"role":"assistant","content":[{"type":"tool-call","toolCallId":"c","toolName":"t","input":{"a":1}},{"type":"tool-approval-request","approvalId":"q","toolCallId":"c"}]},{"role":"tool","content":[{"type":"tool-approval-response","approvalId":"q","approved":true}]}]}""", "Requested RequiresConfirmation Approved")]
    public void calls_as_vercels_library_keeps_them_are_told(string message, string kinds)
    {
        var told = Auto(message);
        Assert.Empty(told.InvalidLines);
        Assert.Equal(kinds, Kinds(told));
        Assert.All(told.Records, one => Assert.Equal(("c", "t", 1), (one.Record.ToolCallId, one.Record.ToolName, one.Record.RequestedInput!.Value.GetProperty("a").GetInt32())));
        var failed = message.Contains("error-", StringComparison.Ordinal) || message.Contains("output-error", StringComparison.Ordinal);
        Assert.All(told.Records.Where(one => one.Kind == MessageKind.Completed), one => Assert.Equal(
            !failed, told.OutcomeOf(one.DerivedId).GetProperty("result").GetProperty("success").GetBoolean()));
    }

    [Theory]
    [InlineData("partial-call", "toolInvocations: a piece of a call")]
    [InlineData("unheard", "toolInvocations.state: \"unheard\" is no state that is known")]
    public void a_state_of_a_call_that_says_too_little_is_invalid(string state, string sentence) => Assert.StartsWith(
        sentence, Assert.Single(Auto($$$"""{"role":"assistant","toolInvocations":[{"state":"{{{state}}}","toolCallId":"c","toolName":"t","args":{}}]}""").InvalidLines).Sentence);

    [Theory]
    [InlineData("""{"type":"tool_call_item","agent":{"name":"helper"},"raw_item":{"type":"function_call","id":"fc","call_id":"c","name":"t","arguments":"{\"a\":1}"}}""", "Requested")]
    [InlineData("""{"type":"run_item_stream_event","name":"tool_called","item":{"type":"tool_call_item","agent":{"name":"helper"},"raw_item":{"type":"function_call","id":"fc","call_id":"c","name":"t","arguments":"{\"a\":1}"}}}""", "Requested")]
    [InlineData("""{"type":"tool_call_output_item","agent":{"name":"helper"},"raw_item":{"type":"function_call_output","call_id":"c","output":"x"},"output":"x"}""", "Completed")]
    [InlineData("""{"type":"tool_call_output_item","agent":{"name":"helper"},"raw_item":{"type":"function_call_output","call_id":"c","output":"Tool execution was not approved."}}""", "Blocked")]
    [InlineData("""{"type":"tool_call_item","agent":{"name":"helper"},"rawItem":{"type":"function_call","callId":"c","name":"t","arguments":"{\"a\":1}","status":"completed"}}""", "Requested")]
    [InlineData("""{"type":"tool_call_output_item","agent":{"name":"helper"},"rawItem":{"type":"function_call_result","callId":"c","name":"t","status":"completed","output":{"type":"text","text":"x"}}}""", "Completed")]
    [InlineData("""{"type":"tool_call_output_item","agent":{"name":"helper"},"rawItem":{"type":"function_call_result","callId":"c","status":"incomplete","output":{"type":"text","text":"aborted"}}}""", "Completed")]
    [InlineData("""{"type":"tool_approval_item","agent":{"name":"helper"},"rawItem":{"type":"function_call","callId":"c","name":"t","arguments":"{\"a\":1}"}}""", "Requested RequiresConfirmation")]
    public void items_of_the_agents_sdk_are_read_within_cloudevents_and_without(string item, string kinds)
    {
        var within = readers.Open("cloudevents", null, "ci")!;
        var told = new Derived().Follow(within, System.Text.Encoding.UTF8.GetBytes(
            """{"specversion":"1.0","type":"run","source":"/a","id":"1","sessionid":"s","datacontenttype":"application/json","data":ITEM}""".Replace("ITEM", item)));
        Assert.Empty(told.InvalidLines);
        Assert.Empty(told.Ignored);
        Assert.Equal(kinds, Kinds(told));
        Assert.All(told.Records, one => Assert.Equal(("s", "c", "helper", "openai-agents"), (one.SessionId, one.Record.ToolCallId, one.Agent, one.Channel)));
        Assert.All(told.Records.Where(one => one.Kind == MessageKind.Completed), one => Assert.Equal(
            !item.Contains("incomplete", StringComparison.Ordinal), told.OutcomeOf(one.DerivedId).GetProperty("result").GetProperty("success").GetBoolean()));

        var alone = readers.Open(FormatReaders.Auto, "s", "ci")!;
        Assert.Equal(told.MessageIds, new Derived().Follow(alone, System.Text.Encoding.UTF8.GetBytes(item)).MessageIds);
        Assert.Equal("openai-agents", alone.Recognised);
    }

    [Fact]
    public void an_item_that_is_no_call_is_ignored_by_its_type() => Assert.Equal(
        ["message_output_item"],
        Derived.Of("openai-agents", """{"type":"message_output_item","agent":{"name":"helper"},"raw_item":{"type":"message","role":"assistant","content":[]}}""").IgnoredTypes);
}
