using Audit.Formats.Correlation;

namespace Audit.Formats.ClaudeCode;

/// <summary>
/// Payloads of hooks. They have no time. A PermissionRequest names no call either and is joined by what the call is to
/// do; when that is not known, because its PreToolUse was not sent or came before a restart, it is noted in the
/// session.
/// </summary>
internal sealed class ClaudeCodeHooks(CallMemory memory)
{
    private const string Channel = "hooks";

    public void Read(JsonElement happened, string hook, string? session, IFormatSink sink)
    {
        switch (hook)
        {
            case "PreToolUse":
                Request(happened, happened, session, sink);
                break;
            case "PermissionRequest":
                Ask(happened, session, sink);
                break;
            case "PermissionDenied":
                Deny(happened, session, sink);
                break;
            case "PostToolUse":
                Complete(happened, session, ResultOf(happened), sink);
                break;
            case "PostToolUseFailure":
                Complete(happened, session, FailureOf(happened), sink);
                break;
            case "PostToolBatch":
                RequestAll(happened, session, sink);
                break;
            default:
                Note(happened, hook, session, sink);
                break;
        }
    }

    private void Request(JsonElement happened, JsonElement use, string? session, IFormatSink sink)
    {
        var call = use.RequireText("tool_use_id");
        var tool = use.RequireText("tool_name");
        var input = use.Member("tool_input");
        memory.Remember(session, call, tool, input);
        if (input is { } given)
        {
            memory.Open(KeyOf(session, happened, tool, given), call);
        }

        var outcome = new Outcome.Requested();
        sink.Record(RecordOf(happened, session, call, tool, outcome, input, input));
    }

    private void Ask(JsonElement happened, string? session, IFormatSink sink)
    {
        var tool = happened.RequireText("tool_name");
        var input = happened.Member("tool_input");
        var candidates = 0;
        var call = happened.Text("tool_use_id")
            ?? (input is { } given
                ? memory.Ask(KeyOf(session, happened, tool, given), out candidates)
                : null);
        if (call is null)
        {
            sink.Note(new DerivedNote(session, null, "permission_requested", happened));
            return;
        }

        var description = candidates > 1 ? $"{tool} (one of {candidates} calls that are alike)" : tool;
        var outcome = new Outcome.RequiresConfirmation(description, null) { Permission = happened };
        var asked = RecordOf(happened, session, call, tool, outcome, input, input);
        sink.Record(candidates > 1 ? asked.Guessed() : asked);
    }

    private void Deny(JsonElement happened, string? session, IFormatSink sink)
    {
        var call = happened.RequireText("tool_use_id");
        var tool = happened.RequireText("tool_name");
        var outcome = new Outcome.Blocked(happened.Text("reason") ?? "denied without a reason")
        {
            Decision = ClaudeCodeOutcomes.ByAutoMode, Source = Deciders.Classifier,
            By = Deciders.Of(Deciders.Classifier),
        };
        Settle(happened, session, call, tool);
        var input = happened.Member("tool_input");
        sink.Record(RecordOf(happened, session, call, tool, outcome, input, input));
    }

    /// <summary>
    /// What ran is the input of this payload; what was asked for stood in the one before, and a hook may have changed
    /// it.
    /// </summary>
    private void Complete(JsonElement happened, string? session, ToolResult result, IFormatSink sink)
    {
        var call = happened.RequireText("tool_use_id");
        var tool = happened.RequireText("tool_name");
        var ran = happened.Member("tool_input");
        var requested = memory.Find(session, call)?.Input ?? ran;
        Settle(happened, session, call, tool);
        var outcome = new Outcome.Completed(result);
        sink.Record(RecordOf(happened, session, call, tool, outcome, requested, ran));
    }

    /// <summary>The batch says which calls there were, and not whether they succeeded.</summary>
    private void RequestAll(JsonElement happened, string? session, IFormatSink sink)
    {
        foreach (var use in happened.ArrayMember("tool_calls"))
        {
            if (use.Text("tool_use_id") is { } call && memory.Find(session, call) is { } known)
            {
                // Asked for already; what is open stays open and what is not is not opened again.
                var (again, input) = (new Outcome.Requested(), known.Input);
                sink.Record(RecordOf(happened, session, call, known.Tool, again, input, input));
            }
            else
            {
                Request(happened, use, session, sink);
            }
        }
    }

    private void Settle(JsonElement happened, string? session, string call, string tool)
    {
        if (memory.Find(session, call)?.Input is { } input)
        {
            memory.Close(KeyOf(session, happened, tool, input), call);
        }
    }

    private static string KeyOf(string? session, JsonElement happened, string tool, JsonElement input) =>
        ClaudeCodeReader.KeyOf(session, ClaudeCodeReader.AgentOf(happened), tool, input);

    private DerivedRecord RecordOf(
        JsonElement happened, string? session, string call, string tool, Outcome outcome, JsonElement? requested,
        JsonElement? effective)
    {
        var agent = ClaudeCodeReader.AgentOf(happened);
        return ClaudeCodeReader.RecordOf(Channel, session, call, tool, outcome, requested, effective, null) with
        {
            Agent = agent, Parent = memory.CallOfAgent(session, agent),
        };
    }

    private static ToolResult ResultOf(JsonElement happened)
    {
        var response = happened.Member("tool_response");
        return new ToolResult(true, response?.Text("stdout") ?? response?.AsText() ?? "")
        {
            Data = response is { ValueKind: not JsonValueKind.String } ? response : null,
            DurationMs = happened.Count("duration_ms"),
        };
    }

    private static ToolResult FailureOf(JsonElement happened) =>
        new(false, happened.Text("error") ?? (happened.Flag("is_interrupt") == true ? "interrupted" : ""))
        {
            DurationMs = happened.Count("duration_ms"),
        };

    private static void Note(JsonElement happened, string hook, string? session, IFormatSink sink)
    {
        var type = hook switch
        {
            "SessionStart" => "started",
            "SessionEnd" => "ended",
            "UserPromptSubmit" => "prompt",
            "Stop" => "turn_ended",
            "StopFailure" => "error",
            "SubagentStart" => "subagent_started",
            "SubagentStop" => "subagent_ended",
            "TaskCreated" => "task_created",
            "TaskCompleted" => "task_completed",
            _ => null,
        };
        if (type is null)
        {
            sink.Ignored(hook);
        }
        else
        {
            sink.Note(new DerivedNote(session, null, type, happened));
        }
    }
}
