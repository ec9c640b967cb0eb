using System.Collections.Frozen;
using Audit.Formats.Correlation;

namespace Audit.Formats.Copilot;

/// <summary>
/// The session events of the Copilot SDK and command line, JSONL, and the file of its own telemetry.
/// </summary>
internal sealed class CopilotReader(CallMemory memory, string? session) : IEventReader
{
    private readonly bool isTold = session is not null;
    private readonly CopilotCalls calls = new(memory);
    private readonly CopilotPermissions permissions = new(memory);
    private readonly CopilotHooks hooks = new(memory);
    private readonly CopilotSpans spans = new(session);
    private string? session = session;

    public void Read(JsonElement happened, long number, IFormatSink sink)
    {
        if (CopilotSpans.Reads(happened))
        {
            spans.Read(happened, number, sink);
            return;
        }

        var received = CopilotEvent.Read(happened);
        // Where ?session= names one, that is believed before the stream.
        // Where several streams are sent as one, each begins with its own.
        session = received.Type is "session.start" or "session.resume" && !isTold ? received.SessionOfStream ?? session
            : session ?? received.SessionOfStream;

        var isUnderstood = calls.Read(received, session, sink) || permissions.Read(received, session, sink)
            || hooks.Read(received, session, sink) || CopilotNotes.Read(received, session, sink);
        if (!isUnderstood)
        {
            sink.Ignored(received.Type);
        }
    }
}

/// <summary>The envelope of a Copilot session event.</summary>
/// <param name="Agent">The sub-agent that it is about.</param>
internal readonly record struct CopilotEvent(string Type, string? Id, string? Time, JsonElement Data, string? Agent)
{
    public const string Format = "copilot";

    /// <summary>Other events name no session.</summary>
    public string? SessionOfStream =>
        Type is "session.start" or "session.resume" or "external_tool.requested" or "result"
            ? Data.Text("sessionId") : null;

    public static CopilotEvent Read(JsonElement happened)
    {
        var type = happened.RequireText("type");
        // The last line that the command line program prints has its members beside the type.
        var data = type == "result" ? happened : happened.RequireObject("data");
        return new CopilotEvent(type, happened.Text("id"), happened.Time("timestamp"), data, happened.Text("agentId"));
    }

    /// <param name="id">By which it is known again; null for none.</param>
    public DerivedNote NoteOf(string? session, string type, string? id) =>
        new(session, id is null ? null : $"{Format}:{id}", type, Data) { Time = Time };

    /// <summary>The call that started the sub-agent which makes this one.</summary>
    public string? ParentOf(CallMemory memory, string? session, string call)
    {
        var parent = Data.Text("parentToolCallId") ?? memory.CallOfAgent(session, Agent);
        return parent == call ? null : parent;
    }

    public string Require(string name) => Data.RequireText(name, "data");
}

/// <summary>Events that concern the session and no single call.</summary>
internal static class CopilotNotes
{
    private static readonly FrozenDictionary<string, string> Types = new Dictionary<string, string>
    {
        ["session.start"] = "started",
        ["session.resume"] = "resumed",
        ["session.shutdown"] = "ended",
        ["result"] = "ended",
        ["session.idle"] = "idle",
        ["assistant.idle"] = "idle",
        ["session.error"] = "error",
        ["session.warning"] = "warning",
        ["session.info"] = "info",
        ["session.handoff"] = "handed_off",
        ["session.compaction_complete"] = "compacted",
        ["session.truncation"] = "truncated",
        ["session.model_change"] = "model_changed",
        ["session.mode_changed"] = "mode_changed",
        ["session.permissions_changed"] = "permissions_changed",
        ["session.snapshot_rewind"] = "rewound",
        ["session.task_complete"] = "task_completed",
        ["abort"] = "aborted",
        ["agent.interrupted"] = "aborted",
        ["user.message"] = "prompt",
        ["assistant.intent"] = "intent",
        ["assistant.turn_start"] = "turn_started",
        ["assistant.turn_end"] = "turn_ended",
        ["subagent.completed"] = "subagent_ended",
        ["subagent.failed"] = "subagent_failed",
        ["permission.carriedForward"] = "permission_carried_forward",
        ["permission.messageAuthorization"] = "permission_by_message",
        ["permission.messageAuthorizationRead"] = "permission_by_message_read",
        ["permission.messageAuthorizationDegraded"] = "permission_by_message_degraded",
        ["permission.contextualAuthorization"] = "permission_by_context",
        ["permission.assentDetected"] = "permission_assent_detected",
        ["elicitation.requested"] = "elicitation_requested",
        ["elicitation.completed"] = "elicitation_answered",
        ["sampling.requested"] = "sampling_requested",
        ["sampling.completed"] = "sampling_answered",
        ["user_input.requested"] = "user_input_requested",
        ["user_input.completed"] = "user_input_answered",
        ["exit_plan_mode.requested"] = "plan_proposed",
        ["exit_plan_mode.completed"] = "plan_decided",
        ["auto_mode_switch.requested"] = "auto_mode_switch_requested",
        ["auto_mode_switch.completed"] = "auto_mode_switch_decided",
        ["session_limits_exhausted.requested"] = "limits_exhausted",
        ["session_limits_exhausted.completed"] = "limits_decided",
        ["session.managed_settings_resolved"] = "managed_settings_resolved",
        ["session.managed_settings_enforced"] = "managed_settings_enforced",
        ["mcp.oauth_required"] = "mcp_oauth_required",
        ["mcp.oauth_completed"] = "mcp_oauth_completed",
        ["mcp.headers_refresh_required"] = "mcp_headers_refresh_required",
        ["mcp.headers_refresh_completed"] = "mcp_headers_refresh_completed",
        ["session.remote_steerable_changed"] = "remote_steering_changed",
        ["session.autopilot_objective_changed"] = "objective_changed",
        ["session.session_limits_changed"] = "limits_changed",
        ["session.workspace_file_changed"] = "file_changed",
        ["session.schedule_created"] = "schedule_created",
        ["session.schedule_cancelled"] = "schedule_cancelled",
        ["session.schedule_rearmed"] = "schedule_rearmed",
        ["session.context_changed"] = "context_changed",
        ["session.context_cleared"] = "context_cleared",
        ["session.extensions.attachments_pushed"] = "attachments_pushed",
        ["skill.invoked"] = "skill_invoked",
        ["command.execute"] = "command_executed",
        ["factory.run_started"] = "factory_run_started",
        ["factory.run_settled"] = "factory_run_settled",
        ["model.call_failure"] = "model_failed",
        ["sandbox.decision"] = "sandbox_decision",
    }.ToFrozenDictionary();

    public static bool Read(in CopilotEvent received, string? session, IFormatSink sink)
    {
        if (!Types.TryGetValue(received.Type, out var type))
        {
            return false;
        }

        var id = received.Id ?? (received.Time is { } time ? $"{received.Type}:{time}" : null);
        sink.Note(received.NoteOf(session, type, id));
        return true;
    }
}
