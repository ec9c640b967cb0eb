using Audit.Formats.Correlation;

namespace Audit.Formats.ClaudeCode;

/// <summary>
/// What only the stream of the command line says: who was asked for permission and what was answered, which calls were
/// denied, which run, and how the session began and ended. Messages stand in it as in a transcript.
/// </summary>
internal sealed class ClaudeCodeStream(CallMemory memory, ClaudeCodeTranscript transcript)
{
    public const string Channel = "stream";

    public bool Read(JsonElement happened, string type, string? session, IFormatSink sink)
    {
        switch (type, happened.Text("subtype"))
        {
            case ("system", "permission_denied") when happened.Text("tool_use_id") is { } call:
                Deny(happened, session, call, sink);
                return true;
            case ("system", "permission_denied"):
                return Note("permission_denied", happened, session, sink);
            case ("system", "init"):
                return Note("started", happened, session, sink);
            case ("system", "task_started") when happened.Text("tool_use_id") is { } call:
                RememberTask(happened, session, call);
                transcript.Begin(Channel, happened, session, call, sink);
                return true;
            case ("system", "task_notification"):
                return Note("task_ended", happened, session, sink);
            case ("system", "compact_boundary"):
                return Note("compacted", happened, session, sink);
            case ("tool_progress", _) when happened.Text("tool_use_id") is { } call:
                transcript.Begin(Channel, happened, session, call, sink);
                return true;
            case ("result", _):
                DenyAll(happened, session, sink);
                return Note("turn_ended", happened, session, sink);
            case ("control_request", _) when happened.ObjectMember("request") is { } request
                && request.Text("subtype") == "can_use_tool":
                return Ask(happened, request, session, sink);
            case ("control_response", _) when happened.ObjectMember("response") is { } response:
                return Answer(happened, response, session, sink);
            default:
                return false;
        }
    }

    /// <summary>A task of a sub-agent is named as the sub-agent is.</summary>
    private void RememberTask(JsonElement happened, string? session, string call)
    {
        if (happened.Text("task_id") is { } task)
        {
            memory.RememberAgent(session, task, call);
        }
    }

    private void Deny(JsonElement happened, string? session, string call, IFormatSink sink)
    {
        var (decision, source) = happened.Text("decision_reason_type") switch
        {
            "rule" => (ClaudeCodeOutcomes.ByRules, Deciders.Policy),
            "hook" => (ClaudeCodeOutcomes.ByHook, Deciders.Hook),
            "classifier" => (ClaudeCodeOutcomes.ByAutoMode, Deciders.Classifier),
            _ => (null, (string?)null),
        };
        var reason = happened.Text("message") ?? happened.Text("decision_reason") ?? "denied without a reason";
        sink.Record(RecordOf(
            happened, session, call, happened.Text("tool_name"), happened.Member("tool_input"),
            new Outcome.Blocked(reason) { Decision = decision, Source = source, By = Deciders.Of(source) },
            happened.Time("timestamp")));
    }

    /// <summary>
    /// The list at the end is the one that is complete. It says what was before each call was closed, and not when.
    /// </summary>
    private void DenyAll(JsonElement happened, string? session, IFormatSink sink)
    {
        foreach (var denial in happened.ArrayMember("permission_denials"))
        {
            if (denial.Text("tool_use_id") is { } call)
            {
                sink.Record(RecordOf(
                    denial, session, call, denial.Text("tool_name"), denial.Member("tool_input"),
                    new Outcome.Blocked(""), time: null));
            }
        }
    }

    private bool Ask(JsonElement happened, JsonElement request, string? session, IFormatSink sink)
    {
        if (request.Text("tool_use_id") is not { } call || happened.Text("request_id") is not { } id)
        {
            return Note("permission_requested", happened, session, sink);
        }

        memory.RememberRequest(session, id, call);
        var tool = request.Text("tool_name");
        var outcome = new Outcome.RequiresConfirmation(request.Text("decision_reason") ?? tool ?? "permission", null)
        {
            Permission = request,
        };
        sink.Record(RecordOf(
            happened, session, call, tool, request.Member("input"), outcome, happened.Time("timestamp"), id));
        return true;
    }

    private bool Answer(JsonElement happened, JsonElement response, string? session, IFormatSink sink)
    {
        var id = response.Text("request_id");
        if (id is null || memory.CallOfRequest(session, id) is not { } call
            || response.ObjectMember("response") is not { } answer)
        {
            return false;
        }

        Outcome? outcome = answer.Text("behavior") switch
        {
            "allow" => new Outcome.Approved("approved"),
            "deny" => new Outcome.Blocked(answer.Text("message") ?? "denied without a reason"),
            _ => null,
        };
        if (outcome is null)
        {
            return false;
        }

        var input = answer.Member("updatedInput");
        sink.Record(RecordOf(
            happened, session, call, null, input, outcome, happened.Time("timestamp"),
            outcome is Outcome.Approved ? id : null));
        return true;
    }

    private DerivedRecord RecordOf(
        JsonElement happened, string? session, string call, string? tool, JsonElement? effective, Outcome outcome,
        string? time, string? part = null)
    {
        var known = memory.Find(session, call);
        var (asked, runs) = (known?.Input ?? effective, effective ?? known?.Input);
        var record = ClaudeCodeReader.RecordOf(
            Channel, session, call, tool ?? known?.Tool, outcome, asked, runs, time);
        return record with
        {
            DerivedId = part is null ? record.DerivedId : $"{record.DerivedId}:{CanonicalJson.NameOf(part)}",
            Agent = ClaudeCodeReader.AgentOf(happened),
            Parent = happened.Text("parent_tool_use_id"),
        };
    }

    private static bool Note(string type, JsonElement happened, string? session, IFormatSink sink)
    {
        var id = happened.Text("uuid") is { } uuid ? $"{ClaudeCodeReader.Format}:{uuid}" : null;
        sink.Note(new DerivedNote(session, id, type, happened) { Time = happened.Time("timestamp") });
        return true;
    }
}
