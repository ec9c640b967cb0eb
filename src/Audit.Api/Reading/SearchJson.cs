using System.Text.Json;
using Audit.Api.Acting;

namespace Audit.Api.Reading;

/// <summary>Writes what a search found.</summary>
internal static class SearchJson
{
    public static void Write(Utf8JsonWriter json, SearchHit hit)
    {
        json.WriteStartObject();
        json.WriteNumber("position", hit.Position);
        json.WriteString("session_id", hit.SessionId);
        json.WriteString("tool_call_id", hit.CallId);
        json.WriteString("tool_name", hit.Tool);
        json.WriteString("state", hit.State is { } state ? Words.Of(state) : null);
        json.WriteString("message", hit.Message);
        json.WriteTime("at", hit.At);
        json.WriteTime("first_at", hit.FirstAt);
        json.WriteTime("last_at", hit.LastAt);
        json.WriteString("task_id", hit.Task);
        json.WriteString("agent", hit.Agent);
        json.WriteString("host", hit.Host);
        json.WriteString("command", hit.Command);
        WriteCall(json, hit.Call);
        WriteExcerpt(json, hit.Excerpt);
        json.WriteEndObject();
    }

    public static void WriteCounts(Utf8JsonWriter json, SearchCounts counts)
    {
        json.WriteStartObject("counts");
        json.WriteNumber("calls", counts.Calls);
        json.WriteNumber("notes", counts.Notes);
        json.WriteBoolean("more", counts.IsCut);
        WriteBy(json, "by_tool", counts.ByTool);
        WriteBy(json, "by_state", counts.ByState);
        json.WriteEndObject();
    }

    /// <summary>What became of the call, as the read models have it.</summary>
    private static void WriteCall(Utf8JsonWriter json, CallModel? call)
    {
        if (call is null)
        {
            return;
        }

        json.WriteKnown("success", call.Success);
        json.WriteString("decision", call.Decision);
        json.WriteString("decided_by", call.DecidedBy);
        json.WriteString("judgement", ModelWords.Of(call.Judgement));
        json.WriteNumber("violations", call.Violations);
        json.WriteTexts("anomalies", Words.Of(call.Anomalies));
    }

    private static void WriteExcerpt(Utf8JsonWriter json, SearchExcerpt? excerpt)
    {
        if (excerpt is null)
        {
            json.WriteNull("excerpt");
            return;
        }

        json.WriteStartObject("excerpt");
        json.WriteString("place", excerpt.Place.ToString().ToLowerInvariant());
        json.WriteString("text", excerpt.Text);
        json.WriteStartArray("marks");
        foreach (var mark in excerpt.Marks)
        {
            json.WriteStartArray();
            json.WriteNumberValue(mark.Offset);
            json.WriteNumberValue(mark.Length);
            json.WriteEndArray();
        }

        json.WriteEndArray();
        json.WriteBoolean("cut_before", excerpt.IsCutBefore);
        json.WriteBoolean("cut_after", excerpt.IsCutAfter);
        json.WriteEndObject();
    }

    private static void WriteBy(Utf8JsonWriter json, string name, IReadOnlyDictionary<string, int> counts)
    {
        json.WriteStartObject(name);
        foreach (var (key, count) in counts.OrderByDescending(pair => pair.Value).ThenBy(pair => pair.Key, StringComparer.Ordinal))
        {
            json.WriteNumber(key, count);
        }

        json.WriteEndObject();
    }
}
