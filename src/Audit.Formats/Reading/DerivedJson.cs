using System.Text.Encodings.Web;

namespace Audit.Formats.Reading;

/// <summary>Writes what was derived as items of the intake.</summary>
public static class DerivedJson
{
    private static readonly JsonWriterOptions Options = new()
    {
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        MaxDepth = 128,
    };

    /// <param name="time">RFC 3339: the record's own time, or the one that was inferred for it.</param>
    public static byte[] Item(DerivedRecord record, string? session, string time) => Write(json =>
    {
        WriteEnvelope(json, record.SessionId ?? session, record.MessageId);
        json.WritePropertyName("record"u8);
        (record.Record with { RecordedAt = time }).WriteTo(json);
    });

    public static byte[] Item(DerivedNote note, string? session) => Write(json =>
    {
        WriteEnvelope(json, note.SessionId ?? session, note.MessageId);
        json.WriteStartObject("note"u8);
        json.WriteString("type"u8, note.Type);
        if (note.Time is { } time)
        {
            json.WriteString("at"u8, time);
        }

        if (note.Detail is { } detail)
        {
            json.WritePropertyName("detail"u8);
            detail.WriteTo(json);
        }

        json.WriteEndObject();
    });

    private static void WriteEnvelope(Utf8JsonWriter json, string? session, string? message)
    {
        if (session is not null)
        {
            json.WriteString("session_id"u8, session);
        }

        if (message is not null)
        {
            json.WriteString("message_id"u8, message);
        }
    }

    private static byte[] Write(Action<Utf8JsonWriter> content)
    {
        var buffer = new ArrayBufferWriter<byte>(1024);
        using var json = new Utf8JsonWriter(buffer, Options);
        json.WriteStartObject();
        content(json);
        json.WriteEndObject();
        json.Flush();
        return buffer.WrittenSpan.ToArray();
    }
}
