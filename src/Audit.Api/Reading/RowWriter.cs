namespace Audit.Api.Reading;

/// <summary>
/// Writes a row of the journal as the API shows it, the event with its record byte for byte as it lies there.
/// </summary>
internal static class RowWriter
{
    /// <param name="inOneLine">Line breaks, which in JSON stand only between tokens, become spaces.</param>
    /// <param name="keys">For the row as it is stored, and the key of its call.</param>
    public static void Write(
        Utf8JsonWriter json, SeenRow seen, ReadScope scope, bool inOneLine, PayloadKeys? keys = null)
    {
        var row = seen.Row;
        seen.TraceIn(scope);
        json.WriteStartObject();
        json.WriteNumber("position"u8, scope.Hide(row.Position));
        json.WriteString("stream"u8, row.PersistenceId);
        json.WriteNumber("sequence"u8, row.Sequence);
        json.WriteString("created"u8, new DateTime(row.CreatedTicks, DateTimeKind.Utc));
        json.WriteString("manifest"u8, row.Manifest);
        json.WritePropertyName("event"u8);
        if (seen.IsOurs)
        {
            json.WriteRawValue(inOneLine ? InOneLine(row.Message) : row.Message, skipInputValidation: true);
            if (row.Unopened is { } reason)
            {
                json.WriteString("unopened"u8, reason);
            }

            if (keys is not null)
            {
                WriteStored(json, row, keys);
            }
        }
        else
        {
            json.WriteNullValue();
            if (!row.IsProven)
            {
                json.WriteBoolean("unproven"u8, true);
            }

            json.WriteBase64String("message_base64"u8, row.Message);
        }

        json.WriteEndObject();
    }

    /// <summary>A call's key alone: that of another stream opens more than what an export has of it.</summary>
    private static void WriteStored(Utf8JsonWriter json, JournalRow row, PayloadKeys keys)
    {
        json.WriteBase64String("stored"u8, row.Stored ?? row.Message);
        if (row.Unopened is null && row.Stored is { } stored && Payload.IsIn(stored)
            && row.PersistenceId.StartsWith(StreamNames.CallPrefix, StringComparison.Ordinal)
            && keys.TryGet(new StreamKey(row.PersistenceId), out var key) && key is not null)
        {
            json.WriteBase64String("key"u8, key);
        }
    }

    /// <summary>The last line of rows that could not be read to their end.</summary>
    public static void WriteStopped(long after, string why, IBufferWriter<byte> to)
    {
        using (var json = new Utf8JsonWriter(to, Reply.Options))
        {
            json.WriteStartObject();
            json.WriteString("status", "stopped");
            json.WriteNumber("after", after);
            json.WriteString("error", why);
            json.WriteEndObject();
        }

        to.Write("\n"u8);
    }

    private static byte[] InOneLine(byte[] message)
    {
        if (message.AsSpan().IndexOfAny((byte)'\n', (byte)'\r') < 0)
        {
            return message;
        }

        var line = message.ToArray();
        line.AsSpan().Replace((byte)'\n', (byte)' ');
        line.AsSpan().Replace((byte)'\r', (byte)' ');
        return line;
    }
}
