using System.Collections.Frozen;

namespace Audit.Formats.Copilot;

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
