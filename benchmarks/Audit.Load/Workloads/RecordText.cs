using System.Buffers;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace Audit.Load.Workloads;

/// <summary>Writes tool audit records of about a kilobyte.</summary>
internal sealed class RecordText(Random random)
{
    private const int AverageRecordBytes = 1000;

    private static readonly string[] Words =
        ("the order table was read by migration step and returned rows for customer invoice archive while window of task "
        + "stayed open so that agent could compare checksum before writing result to disk error none retry after pause")
        .Split(' ');

    private readonly ArrayBufferWriter<byte> buffer = new(4096);

    /// <returns>The bytes of the record, until the next one is written.</returns>
    public ReadOnlySpan<byte> Write(LiveSession session, string kind, DateTime recordedAt)
    {
        buffer.ResetWrittenCount();
        using var json = new Utf8JsonWriter(
            buffer, new JsonWriterOptions { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping });
        json.WriteStartObject();
        json.WriteString("tool_call_id", session.CallId);
        json.WriteString("tool_name", session.ToolName);
        json.WriteString("display_name", session.ToolName.Replace('.', ' '));
        json.WriteString("tier", session.Tier);
        WriteInput(json, "requested_input", session);
        WriteInput(json, "effective_input", session);
        json.WriteNumber("turn", session.Turn);
        json.WriteStartObject("provenance");
        json.WriteString("provider", "anthropic");
        json.WriteString("model", "claude-sonnet-4");
        json.WriteEndObject();
        WriteOutcome(json, kind);
        json.WriteString("recorded_at", recordedAt.ToString("yyyy-MM-dd'T'HH:mm:ss.fffffff'Z'"));
        json.WriteEndObject();
        json.Flush();
        return buffer.WrittenSpan;
    }

    private static void WriteInput(Utf8JsonWriter json, string name, LiveSession session)
    {
        json.WriteStartObject(name);
        json.WriteString("path", session.Path);
        json.WriteNumber("limit", 200);
        json.WriteBoolean("recursive", false);
        json.WriteEndObject();
    }

    private void WriteOutcome(Utf8JsonWriter json, string kind)
    {
        json.WriteStartObject("outcome");
        json.WriteString("kind", kind);
        switch (kind)
        {
            case "completed" or "cached":
                json.WriteStartObject("result");
                json.WriteBoolean("success", true);
                json.WriteString("output", Text(json));
                json.WriteNull("data");
                json.WriteNumber("duration_ms", random.Next(1, 5000));
                json.WriteEndObject();
                break;
            case "requires_confirmation":
                json.WriteString("description", Text(json));
                json.WriteNull("listen_context");
                break;
            case "approved":
                json.WriteString("decision", "approve-once");
                json.WriteString("by", "operator");
                json.WriteString("feedback", Text(json));
                break;
            case "blocked":
                json.WriteString("reason", Text(json));
                break;
            default:
                json.WriteString("note", Text(json));
                break;
        }

        json.WriteEndObject();
    }

    /// <summary>Words and lines as a tool prints them, as many as the record still needs, give or take a fifth.</summary>
    private string Text(Utf8JsonWriter json)
    {
        var left = AverageRecordBytes - (int)json.BytesCommitted - json.BytesPending - 60;
        left = left * random.Next(80, 121) / 100;
        var text = new System.Text.StringBuilder(left + 16);
        while (text.Length < left)
        {
            text.Append(Words[random.Next(Words.Length)]).Append(random.Next(12) == 0 ? '\n' : ' ');
        }

        return text.ToString();
    }
}
