using System.Text.Json;

namespace Audit.Api.Reading;

/// <summary>Writes a session as the API shows it.</summary>
internal static class SessionJson
{
    public static void Write(Utf8JsonWriter json, SessionModel session)
    {
        json.WriteStartObject();
        WriteMembers(json, session);
        json.WriteEndObject();
    }

    public static void WriteMembers(Utf8JsonWriter json, SessionModel session)
    {
        json.WriteString("session_id", session.SessionId);
        json.WriteNumber("calls", session.Calls);
        json.WriteStates(session.States);
        json.WriteNumber("open_calls", session.OpenCalls);
        json.WriteNumber("violations", session.Violations);
        json.WriteNumber("lifted", session.Lifted);
        json.WriteNumber("messages", session.Messages);
        json.WriteNumber("notes", session.Notes);
        json.WriteTexts("anomalies", Words.Of(session.Anomalies));
        WriteNames(json, "agents", session.Agents);
        WriteNames(json, "tasks", session.Tasks);
        WriteNames(json, "hosts", session.Hosts);
        json.WriteJudged(session.Judged);
        json.WriteTime("first_at", session.FirstAt);
        json.WriteTime("last_at", session.LastAt);
        json.WriteTime("started_at", session.StartedAt);
        json.WriteTime("ended_at", session.HasEnded ? session.NotedEndAt : null);
        json.WriteNumber("position", session.Id);
        json.WriteNumber("last_position", session.LastPosition);
        WriteCompleteness(json, session.Completeness);
    }

    private static void WriteNames(Utf8JsonWriter json, string name, NameSet names)
    {
        json.WriteTexts(name, names.Names);
        if (names.HasMore)
        {
            json.WriteBoolean($"more_{name}", true);
        }
    }

    private static void WriteCompleteness(Utf8JsonWriter json, Completeness completeness)
    {
        json.WriteStartObject("completeness");
        json.WriteBoolean("complete", completeness.IsComplete);
        json.WriteNumber("missing_messages", completeness.MissingMessages);
        json.WriteStartArray("gaps");
        foreach (var gap in completeness.Gaps)
        {
            json.WriteStartObject();
            json.WriteString("host", gap.Host);
            json.WriteNumber("from", gap.From);
            json.WriteNumber("to", gap.To);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteNumber("open_after_end", completeness.OpenAfterEnd);
        json.WriteNumber("reported_late", completeness.ReportedLate);
        json.WriteEndObject();
    }
}
