using Audit.Formats.Tests.Support;

namespace Audit.Formats.Tests;

/// <summary>Every shared file goes through. The counts were written down from reading the files.</summary>
public sealed class SharedFilesTests
{
    [SharedFact]
    public void a_real_copilot_session_of_16_calls_is_told_whole()
    {
        var told = Told.Of("copilot", Shared.Read("copilot/session-tools.jsonl"));

        Assert.Empty(told.InvalidLines);
        Assert.Equal(new Dictionary<string, int> { ["Requested"] = 16, ["Completed"] = 16 }, told.Kinds);
        Assert.Equal(16, told.Records.Select(record => record.Record.ToolCallId).Distinct().Count());
        // The completion has no name of its tool; it is known from the start.
        Assert.Equal(4, told.Records.Count(record => record.Record.ToolName == "skill"));
        Assert.Equal(28, told.Records.Count(record => record.Record.ToolName == "bash"));
        Assert.Equal(
            new Dictionary<string, int> { ["prompt"] = 3, ["turn_started"] = 17, ["turn_ended"] = 16, ["aborted"] = 2, ["info"] = 1, ["idle"] = 1, ["ended"] = 1 },
            told.NoteTypes);
        Assert.Equal(
            new Dictionary<string, int>
            {
                ["assistant.message"] = 16, ["session.mcp_server_status_changed"] = 2, ["session.auto_mode_resolved"] = 1,
                ["session.usage_checkpoint"] = 1,
            },
            told.Ignored);
    }

    [SharedFact]
    public void a_real_copilot_prompt_after_the_start_of_its_tool_is_asked_approved_and_completed()
    {
        var told = Told.Of("copilot", Shared.Read("copilot/permission-flow.jsonl"));

        Assert.Equal(
            ["copilot:call_d7a51f0b:requested", "copilot:call_d7a51f0b:requires_confirmation:9416764b",
                "copilot:call_d7a51f0b:approved:9416764b", "copilot:call_d7a51f0b:completed"],
            told.MessageIds);
        Assert.Equal("human_response", told.OutcomeOf("copilot:call_d7a51f0b:approved:9416764b").GetProperty("source").GetString());
        Assert.Empty(told.InvalidLines);
        Assert.Empty(told.Ignored);
    }

    [SharedFact]
    public void the_documented_agent_code_stream_has_one_call()
    {
        var told = Told.Of("agent-code", Shared.Read("agent-code/example.jsonl"), session: null);

        Assert.Equal(["agent-code:turn-1-FileWrite-1:requested", "agent-code:turn-1-FileWrite-1:completed"], told.MessageIds);
        Assert.Equal(new Dictionary<string, int> { ["started"] = 1, ["turn_ended"] = 1, ["ended"] = 1 }, told.NoteTypes);
        Assert.Equal(new Dictionary<string, int> { ["text_delta"] = 2 }, told.Ignored);
        Assert.Empty(told.InvalidLines);
    }

    [SharedFact]
    public void the_hooks_of_a_session_tell_three_calls()
    {
        var told = Told.Of("claude-code", Shared.Read("claude-code/hooks.jsonl"), session: null);

        // The batch names two of the three calls again.
        Assert.Equal(
            new Dictionary<string, int> { ["Requested"] = 5, ["RequiresConfirmation"] = 1, ["Completed"] = 2, ["Blocked"] = 1 },
            told.Kinds);
        Assert.Equal(7, told.MessageIds.Distinct().Count());
        Assert.Equal(3, told.Records.Select(record => record.Record.ToolCallId).Distinct().Count());
        Assert.Contains("claude-code:toolu_01A:requires_confirmation", told.MessageIds);
        Assert.Contains("claude-code:toolu_01B:blocked", told.MessageIds);
        Assert.Equal(new Dictionary<string, int> { ["started"] = 1, ["prompt"] = 1, ["ended"] = 1 }, told.NoteTypes);
        Assert.Empty(told.InvalidLines);
        Assert.Empty(told.Ignored);
    }

    [SharedFact]
    public void a_real_transcript_tells_16_calls_of_which_one_was_rejected()
    {
        var told = Told.Of("claude-code", Shared.Read("claude-code/transcript-a.jsonl"), session: null);

        Assert.Equal(new Dictionary<string, int> { ["Requested"] = 16, ["Completed"] = 15, ["Blocked"] = 1 }, told.Kinds);
        Assert.StartsWith(
            "if we're going to do that",
            told.OutcomeOf("claude-code:toolu_01UgrYfC3RjsdsUwbwKQFwLd:blocked").GetProperty("feedback").GetString());
        Assert.Equal(28, told.IgnoredTypes.Count);
        Assert.Empty(told.Notes);
        Assert.Empty(told.InvalidLines);
    }

    [SharedFact]
    public void another_real_transcript_tells_10_calls_of_which_two_were_rejected()
    {
        var told = Told.Of("claude-code", Shared.Read("claude-code/transcript-b.jsonl"), session: null);

        Assert.Equal(new Dictionary<string, int> { ["Requested"] = 10, ["Completed"] = 8, ["Blocked"] = 2 }, told.Kinds);
        Assert.Equal(33, told.IgnoredTypes.Count);
        Assert.Empty(told.InvalidLines);
    }

    [SharedFact]
    public void records_of_agent_sdk_go_on_byte_for_byte()
    {
        var file = Shared.Read("agent-sdk/records.jsonl");
        var told = Told.Of("agent-sdk", file);

        Assert.Equal(8, told.Items.Count);
        Assert.Equal(file, told.Items.SelectMany(item => item.Append((byte)'\n')).ToArray());
    }

    [SharedFact]
    public void a_span_that_is_no_tool_is_passed_over()
    {
        var told = Told.Of("otlp", Shared.Read("otlp/trace.json").Replace((byte)'\n', (byte)' '));

        Assert.Empty(told.Records);
        Assert.Equal(["span"], told.IgnoredTypes);
        Assert.Empty(told.InvalidLines);
    }

    [SharedFact]
    public void logs_and_metrics_are_no_traces() => Assert.All(
        new[] { "otlp/logs.json", "otlp/events.json", "otlp/metrics.json" },
        file => Assert.Single(Told.Of("otlp", Shared.Read(file).Replace((byte)'\n', (byte)' ')).InvalidLines));

    [SharedFact]
    public void messages_of_mcp_are_no_events_of_any_format()
    {
        foreach (var file in Directory.GetFiles(Path.Combine(Shared.Folder!, "mcp")))
        {
            foreach (var format in FormatReaders.Names.Where(name => name != "agent-sdk"))
            {
                var told = Told.Of(format, File.ReadAllBytes(file).Replace((byte)'\n', (byte)' '));
                Assert.Single(told.InvalidLines);
                Assert.Empty(told.Records);
            }
        }
    }
}
