using Audit.Formats.Tests.Support;

namespace Audit.Formats.Tests;

/// <summary>Every shared file goes through. The counts were written down from reading the files.</summary>
public sealed class SharedFilesTests
{
    [SharedFact]
    public void a_real_copilot_session_of_16_calls_is_told_whole()
    {
        var derived = Derived.Of("copilot", Shared.Read("copilot/session-tools.jsonl"));

        Assert.Empty(derived.InvalidLines);
        Assert.Equal(new Dictionary<string, int> { ["Requested"] = 32, ["Completed"] = 16 }, derived.Kinds);
        Assert.Equal(32, derived.MessageIds.Distinct().Count());
        Assert.Equal(16, derived.Records.Select(record => record.Record.ToolCallId).Distinct().Count());
        // The completion has no name of its tool; it is known from the start.
        Assert.Equal(6, derived.Records.Count(record => record.Record.ToolName == "skill"));
        Assert.Equal(42, derived.Records.Count(record => record.Record.ToolName == "bash"));
        Assert.Equal(
            new Dictionary<string, int> { ["prompt"] = 3, ["turn_started"] = 17, ["turn_ended"] = 16, ["aborted"] = 2, ["info"] = 1, ["idle"] = 1, ["ended"] = 1 },
            derived.NoteTypes);
        Assert.Equal(
            new Dictionary<string, int>
            {
                ["session.mcp_server_status_changed"] = 2, ["session.auto_mode_resolved"] = 1,
                ["session.usage_checkpoint"] = 1,
            },
            derived.Ignored);
    }

    [SharedFact]
    public void a_real_copilot_prompt_after_the_start_of_its_tool_is_asked_approved_and_completed()
    {
        var derived = Derived.Of("copilot", Shared.Read("copilot/permission-flow.jsonl"));

        Assert.Equal(
            ["copilot:call_d7a51f0b:requested", "copilot:call_d7a51f0b:requires_confirmation:9416764b",
                "copilot:call_d7a51f0b:approved:9416764b", "copilot:call_d7a51f0b:completed"],
            derived.MessageIds);
        Assert.Equal("human_response", derived.OutcomeOf("copilot:call_d7a51f0b:approved:9416764b").GetProperty("source").GetString());
        Assert.Empty(derived.InvalidLines);
        Assert.Empty(derived.Ignored);
    }

    [SharedFact]
    public void the_documented_agent_code_stream_has_one_call()
    {
        var derived = Derived.Of("agent-code", Shared.Read("agent-code/example.jsonl"), session: null);

        Assert.Equal(["agent-code:turn-1-FileWrite-1:requested", "agent-code:turn-1-FileWrite-1:completed"], derived.MessageIds);
        Assert.Equal(new Dictionary<string, int> { ["started"] = 1, ["turn_ended"] = 1, ["ended"] = 1 }, derived.NoteTypes);
        Assert.Equal(new Dictionary<string, int> { ["text_delta"] = 2 }, derived.Ignored);
        Assert.Empty(derived.InvalidLines);
    }

    [SharedFact]
    public void the_hooks_of_a_session_tell_three_calls()
    {
        var derived = Derived.Of("claude-code", Shared.Read("claude-code/hooks.jsonl"), session: null);

        // The batch names two of the three calls again.
        Assert.Equal(
            new Dictionary<string, int> { ["Requested"] = 5, ["RequiresConfirmation"] = 1, ["Completed"] = 2, ["Blocked"] = 1 },
            derived.Kinds);
        Assert.Equal(7, derived.MessageIds.Distinct().Count());
        Assert.Equal(3, derived.Records.Select(record => record.Record.ToolCallId).Distinct().Count());
        Assert.Contains("claude-code:toolu_01A:requires_confirmation", derived.MessageIds);
        Assert.Contains("claude-code:toolu_01B:blocked", derived.MessageIds);
        Assert.Equal(new Dictionary<string, int> { ["started"] = 1, ["prompt"] = 1, ["ended"] = 1 }, derived.NoteTypes);
        Assert.Empty(derived.InvalidLines);
        Assert.Empty(derived.Ignored);
    }

    [SharedFact]
    public void a_real_transcript_tells_16_calls_of_which_one_was_rejected()
    {
        var derived = Derived.Of("claude-code", Shared.Read("claude-code/transcript-a.jsonl"), session: null);

        Assert.Equal(new Dictionary<string, int> { ["Requested"] = 16, ["Completed"] = 15, ["Blocked"] = 1 }, derived.Kinds);
        Assert.StartsWith(
            "if we're going to do that",
            derived.OutcomeOf("claude-code:toolu_01UgrYfC3RjsdsUwbwKQFwLd:blocked").GetProperty("feedback").GetString());
        Assert.Equal(28, derived.IgnoredTypes.Count);
        Assert.Empty(derived.Notes);
        Assert.Empty(derived.InvalidLines);
    }

    [SharedFact]
    public void another_real_transcript_tells_10_calls_of_which_two_were_rejected()
    {
        var derived = Derived.Of("claude-code", Shared.Read("claude-code/transcript-b.jsonl"), session: null);

        Assert.Equal(new Dictionary<string, int> { ["Requested"] = 10, ["Completed"] = 8, ["Blocked"] = 2, ["Started"] = 1 }, derived.Kinds);
        Assert.Equal(32, derived.IgnoredTypes.Count);
        Assert.Empty(derived.InvalidLines);
    }

    [SharedFact]
    public void records_of_agent_sdk_go_on_byte_for_byte()
    {
        var file = Shared.Read("agent-sdk/records.jsonl");
        var derived = Derived.Of("agent-sdk", file);

        Assert.Equal(8, derived.Items.Count);
        Assert.Equal(file, derived.Items.SelectMany(item => item.Append((byte)'\n')).ToArray());
    }

    [SharedFact]
    public void a_span_that_is_no_tool_is_passed_over()
    {
        var derived = Derived.Of("otlp", Shared.Read("otlp/trace.json").Replace((byte)'\n', (byte)' '));

        Assert.Empty(derived.Records);
        Assert.Equal(["span"], derived.IgnoredTypes);
        Assert.Empty(derived.InvalidLines);
    }

    [SharedFact]
    public void logs_and_metrics_that_are_of_no_call_are_ignored() => Assert.All(
        new[] { "otlp/logs.json", "otlp/events.json", "otlp/metrics.json" },
        file =>
        {
            var derived = Derived.Of("otlp", Shared.Read(file).Replace((byte)'\n', (byte)' '));
            Assert.NotEmpty(derived.IgnoredTypes);
            Assert.Empty(derived.Records);
            Assert.Empty(derived.InvalidLines);
        });

    [SharedFact]
    public void every_emitter_tells_its_call()
    {
        var derived = Derived.Of("otlp", Shared.Read("otlp/emitter-samples.jsonl"), session: null);

        Assert.Empty(derived.InvalidLines);
        // The span of Claude Code says that the call ended, and not whether its tool ran.
        Assert.Equal(new Dictionary<string, int> { ["Requested"] = 14, ["Completed"] = 13 }, derived.Kinds);
        Assert.Equal("outcome_not_told", Assert.Single(derived.Notes).Type);
        Assert.All(derived.Records, record => Assert.NotEmpty(record.Record.ToolName));
        // Not what MCP's conventions and Claude Code's spans give.
        Assert.Equal(24, derived.Records.Count(record => record.Record.RequestedInput is not null));
    }

    [SharedFact]
    public void messages_of_mcp_are_no_events_of_any_other_format()
    {
        foreach (var file in Directory.GetFiles(Path.Combine(Shared.Folder!, "mcp")))
        {
            foreach (var format in FormatReaders.Names.Except(["agent-sdk", "mcp"]))
            {
                var derived = Derived.Of(format, File.ReadAllBytes(file).Replace((byte)'\n', (byte)' '));
                Assert.True(derived.InvalidLines.Count == 1, $"{format}: {Path.GetFileName(file)}");
                Assert.Empty(derived.Records);
            }
        }
    }
}
