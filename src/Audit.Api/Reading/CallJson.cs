using System.Text.Json;
using Audit.Api.Acting;

namespace Audit.Api.Reading;

/// <summary>Writes a call and its messages as the API shows them.</summary>
internal static class CallJson
{
    public static void Write(Utf8JsonWriter json, CallModel call)
    {
        json.WriteStartObject();
        WriteMembers(json, call);
        json.WriteEndObject();
    }

    public static void WriteMembers(Utf8JsonWriter json, CallModel call)
    {
        json.WriteString("session_id", call.SessionId);
        json.WriteString("tool_call_id", call.CallId);
        json.WriteString("tool_name", call.Tool);
        json.WriteString("state", Words.Of(call.State));
        json.WriteNumber("attempt", call.Attempt);
        json.WriteNumber("turn", call.Turn);
        json.WriteTexts("anomalies", Words.Of(call.Anomalies));
        json.WriteNumber("violations", call.Violations);
        json.WriteNumber("lifted", call.Lifted);
        json.WriteString("task_id", call.Task);
        json.WriteString("agent", call.Agent);
        json.WriteString("host", call.Host);
        json.WriteString("provider", call.Provider);
        json.WriteString("model", call.Model);
        json.WriteString("command", call.Command);
        json.WriteString("said", call.Remark);
        json.WriteString("decision", call.Decision);
        json.WriteString("decided_by", call.DecidedBy);
        json.WriteKnown("success", call.Success);
        json.WriteString("judgement", ModelWords.Of(call.Judgement));
        json.WriteJudged(call.Judged);
        WriteTimes(json, call);
        json.WriteNumber("messages", call.Messages);
        json.WriteNumber("flooded", call.Flooded);
        json.WriteNumber("reported_late", call.ReportedLate);
        json.WriteNumber("position", call.Id);
        json.WriteNumber("last_position", call.LastPosition);
        json.WriteNumber("sequence", call.Sequence);
    }

    public static void WriteTransitions(Utf8JsonWriter json, IEnumerable<TransitionModel> transitions)
    {
        json.WriteStartArray("transitions");
        foreach (var transition in transitions)
        {
            Write(json, transition);
        }

        json.WriteEndArray();
    }

    private static void WriteTimes(Utf8JsonWriter json, CallModel call)
    {
        json.WriteTime("first_at", call.FirstAt);
        json.WriteTime("last_at", call.LastAt);
        json.WriteTime("asked_at", call.AskedAt);
        json.WriteTime("decided_at", call.DecidedAt);
        json.WriteTime("started_at", call.StartedAt);
        json.WriteTime("settled_at", call.SettledAt);
        json.WriteDuration("waited_ms", call.Waited);
        json.WriteDuration("ran_ms", call.Ran);
    }

    private static void Write(Utf8JsonWriter json, TransitionModel transition)
    {
        json.WriteStartObject();
        json.WriteNumber("position", transition.Position);
        json.WriteNumber("sequence", transition.Sequence);
        json.WriteString("message", Words.Of(transition.Message));
        json.WriteString("from", Words.Of(transition.From));
        json.WriteString("to", Words.Of(transition.To));
        json.WriteNumber("attempt", transition.Attempt);
        json.WriteTexts("anomalies", Words.Of(transition.Anomalies));
        json.WriteString("violation", transition is { Cause: not ViolationCause.None, Lifted: false } ? Words.Of(transition.Cause) : null);
        json.WriteBoolean("lifted", transition.Lifted);
        json.WriteBoolean("late", transition.Late);
        json.WriteBoolean("reported_late", transition.ReportedLate);
        json.WriteTime("at", transition.At);
        json.WriteTime("recorded_at", transition.RecordedAt);
        json.WriteTime("received_at", transition.ReceivedAt);
        json.WriteString("judgement", ModelWords.Of(transition.Judgement));
        json.WriteString("window_id", transition.Window);
        json.WriteString("task_id", transition.Task);
        json.WriteString("agent", transition.Agent);
        json.WriteString("host", transition.Host);
        json.WriteString("said", transition.Remark);
        json.WriteString("by", transition.By);
        json.WriteKnown("success", transition.Success);
        json.WriteEndObject();
    }
}
