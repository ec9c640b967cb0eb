using System.Text.Json;

namespace Audit.Api.Reading;

/// <summary>Writes a window of a list, and what was done in one.</summary>
internal static class WindowModelJson
{
    public static void Write(Utf8JsonWriter json, WindowModel window, Timestamp now)
    {
        json.WriteStartObject();
        WriteMembers(json, window, now);
        json.WriteEndObject();
    }

    public static void WriteMembers(Utf8JsonWriter json, WindowModel window, Timestamp now)
    {
        json.WriteString("window_id", window.WindowId);
        json.WriteString("state", window.StateAt(now));
        json.WriteString("task_id", window.Task);
        json.WriteString("agent", window.Agent);
        json.WriteTexts("scope", window.Scope);
        json.WriteString("reason", window.Reason);
        json.WriteTime("opens_at", window.OpensAt);
        json.WriteTime("closes_at", window.ClosesAt);
        json.WriteTime("ended_at", window.EndedAt);
        json.WriteString("ended_by", window.EndedBy);
        json.WriteString("requested_by", window.RequestedBy);
        json.WriteTime("requested_at", window.RequestedAt);
        json.WriteString("approved_by", window.ApprovedBy);
        json.WriteTime("approved_at", window.ApprovedAt);
        json.WriteBoolean("self_granted", window.SelfGranted);
        json.WriteNumber("violations", window.Violations);
        json.WriteNumber("position", window.Id);
        json.WriteNumber("last_position", window.LastPosition);
    }

    public static void WriteActs(Utf8JsonWriter json, WindowModel window)
    {
        json.WriteStartArray("history");
        foreach (var act in window.Acts)
        {
            json.WriteStartObject();
            json.WriteNumber("position", act.Position);
            json.WriteString("event", EventNames.Of(act.Kind));
            json.WriteTime("at", act.At);
            json.WriteString("by", act.By);
            json.WriteString("on_behalf_of", act.OnBehalfOf);
            json.WriteString("reason", act.Reason);
            json.WriteTime("closes_at", act.ClosesAt);
            json.WriteString("violation", act.Violation);
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    public static void WriteDeed(Utf8JsonWriter json, WindowDeed deed)
    {
        json.WriteStartObject();
        json.WriteTime("at", deed.At);
        json.WriteString("at_judgement", ModelWords.Of(deed.Judgement));
        CallJson.WriteMembers(json, deed.Call);
        json.WriteEndObject();
    }
}
