namespace Audit.Api.Reading;

/// <summary>
/// Writes a row of the journal as the API shows it, the event with its record byte for byte as it lies there.
/// </summary>
internal static class RowWriter
{
    /// <param name="inOneLine">Line breaks, which in JSON stand only between tokens, become spaces.</param>
    public static void Write(Utf8JsonWriter json, SeenRow seen, ReadScope scope, bool inOneLine)
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
