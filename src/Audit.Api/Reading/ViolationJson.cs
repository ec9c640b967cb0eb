using System.Text.Json;

namespace Audit.Api.Reading;

/// <summary>Writes a violation as the API shows it.</summary>
internal static class ViolationJson
{
    public static void Write(Utf8JsonWriter json, ViolationModel violation)
    {
        json.WriteStartObject();
        json.WriteNumber("position", violation.Position);
        json.WriteString("session_id", violation.SessionId);
        json.WriteString("tool_call_id", violation.CallId);
        json.WriteString("window_id", violation.WindowId);
        json.WriteString("tool_name", violation.Tool);
        json.WriteString("message", violation.Message);
        json.WriteString("from", violation.From);
        json.WriteString("cause", violation.Cause);
        json.WriteString("reason", violation.Reason);
        json.WriteTime("at", violation.At);
        json.WriteTime("received_at", violation.ReceivedAt);
        json.WriteString("host", violation.Host);
        json.WriteString("task_id", violation.Task);
        json.WriteString("agent", violation.Agent);
        json.WriteBoolean("lifted", violation.IsLifted);
        if (violation.LiftedBy is { } by)
        {
            json.WriteNumber("lifted_by", by);
        }

        json.WriteEndObject();
    }
}
