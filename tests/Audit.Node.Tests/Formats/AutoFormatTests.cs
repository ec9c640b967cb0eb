using Audit.Node.Tests.Support;

namespace Audit.Node.Tests.Formats;

/// <summary>Streams of which nobody says what they are, or says it wrongly.</summary>
public sealed class AutoFormatTests : IAsyncLifetime
{
    private const string Lines = "application/x-ndjson";
    private const string Thread = """{"type":"thread.started","thread_id":"t-1"}""";
    private const string Item = """{"type":"item.completed","item":{"id":"item_1","type":"command_execution","command":"ls","aggregated_output":"a","exit_code":0,"status":"completed"}}""";
    private const string Hook = """{"session_id":"cc-1","hook_event_name":"PreToolUse","tool_name":"Bash","tool_input":{"command":"ls"},"tool_use_id":"toolu_1"}""";

    private TestNode node = null!;

    public async Task InitializeAsync() => node = await TestNode.StartAsync();

    public async Task DisposeAsync() => await node.DisposeAsync();

    [Fact]
    public async Task a_stream_is_recognised_by_its_first_events_and_the_answer_says_as_what()
    {
        var stream = (await node.PostAsync("/v1/ingest/auto", $"{Thread}\n{Item}\n", Lines)).Require(200);
        var hook = (await node.PostAsync("/v1/ingest/auto", Hook)).Require(200);

        Assert.Equal(["recorded", "recorded", "ignored"], stream.Statuses);
        Assert.Equal("codex", stream.Lines[^1].Text("format"));
        Assert.Equal("claude-code", hook.Json.GetProperty("ignored").Text("format"));
        Assert.Equal("completed", (await node.GetAsync("/v1/sessions/t-1/calls")).Json.GetProperty("items")[0].Text("state"));
        Assert.False((await node.PostAsync("/v1/ingest/codex", Item, Lines)).Lines[^1].TryGetProperty("format", out _));
    }

    [Fact]
    public async Task what_is_of_no_format_is_invalid_and_what_chats_begin_with_is_not()
    {
        var answer = (await node.PostAsync(
            "/v1/ingest/auto?session=s-1", "7\n{\"a\":1}\n{\"role\":\"user\",\"content\":\"hi\"}\n{\"role\":\"tool\",\"tool_call_id\":\"c\",\"content\":\"x\"}\n", Lines)).Require(200);

        Assert.Equal(["invalid", "invalid", "recorded", "ignored"], answer.Statuses);
        Assert.Contains("named with the stream it is one of copilot,", answer.Lines[1].Text("error"));
        Assert.Equal("openai", answer.Lines[^1].Text("format"));
    }

    [Theory]
    [InlineData("auto")]
    [InlineData("codex")]
    public async Task two_formats_in_one_stream_are_told_apart(string format)
    {
        var answer = (await node.PostAsync($"/v1/ingest/{format}", $"{Thread}\n{Hook}\n{Item}\n", Lines)).Require(200);

        // The shape of a hook alone does not tell whose it is: Codex has taken it from Claude Code.
        Assert.Equal(["recorded", "recorded", "recorded", "ignored"], answer.Statuses);
        var other = (await node.PostAsync("/v1/ingest/mcp", $"{Thread}\n{Item}\n", Lines)).Require(200);
        Assert.Equal(["invalid", "invalid", "ignored"], other.Statuses);
        Assert.Equal("this looks like codex, and the stream was sent as mcp", other.Lines[0].Text("error"));
        Assert.Equal(0, other.Lines[^1].GetProperty("count").GetInt64());
    }
}
