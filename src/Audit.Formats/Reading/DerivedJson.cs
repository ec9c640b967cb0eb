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
        WriteEnvelope(json, record.SessionId ?? session, record.DerivedId, record.DerivedOf);
        WriteMembers(json, ("agent", record.Agent), ("parent", record.Parent));
        json.WriteString("channel"u8, record.Channel);
        json.WritePropertyName("record"u8);
        (record.Record with { RecordedAt = time }).WriteTo(json);
    });

    public static byte[] Item(DerivedNote note, string? session) => Write(json =>
    {
        WriteEnvelope(json, note.SessionId ?? session, note.DerivedId, note.DerivedOf);
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

    private static void WriteEnvelope(Utf8JsonWriter json, string? session, string? id, string? content) =>
        WriteMembers(json, ("session_id", session), ("derived_id", id), ("derived_of", content));

    private static void WriteMembers(Utf8JsonWriter json, params (string Name, string? Value)[] members)
    {
        foreach (var (name, value) in members)
        {
            if (value is not null)
            {
                json.WriteString(name, value);
            }
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
