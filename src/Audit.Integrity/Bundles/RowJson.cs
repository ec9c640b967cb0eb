using System.Text.Unicode;

namespace Audit.Integrity.Bundles;

/// <summary>A journal row as one line of JSON, with every column that an entry is made of.</summary>
internal static class RowJson
{
    private static readonly JsonEncodedText Position = JsonEncodedText.Encode("position");
    private static readonly JsonEncodedText Stream = JsonEncodedText.Encode("persistence_id");
    private static readonly JsonEncodedText Sequence = JsonEncodedText.Encode("sequence_number");
    private static readonly JsonEncodedText Created = JsonEncodedText.Encode("created");
    private static readonly JsonEncodedText Manifest = JsonEncodedText.Encode("manifest");
    private static readonly JsonEncodedText Identifier = JsonEncodedText.Encode("identifier");
    private static readonly JsonEncodedText Deleted = JsonEncodedText.Encode("deleted");
    private static readonly JsonEncodedText Message = JsonEncodedText.Encode("message");

    public static void Write(Utf8JsonWriter json, RowBatch batch, int index)
    {
        ref readonly var row = ref batch[index];
        json.WriteStartObject();
        json.WriteNumber(Position, row.Position);
        WriteText(json, Stream, batch.Stream(index));
        json.WriteNumber(Sequence, row.Sequence);
        json.WriteNumber(Created, row.Created);
        WriteText(json, Manifest, batch.Manifest(index));
        if (row.Identifier is { } identifier)
        {
            json.WriteNumber(Identifier, identifier);
        }
        else
        {
            json.WriteNull(Identifier);
        }

        json.WriteBoolean(Deleted, row.Deleted);
        json.WriteBase64String(Message, batch.Message(index));
        json.WriteEndObject();
    }

    /// <exception cref="BundleException">The line is no row.</exception>
    public static JournalRow Read(ReadOnlySequence<byte> line)
    {
        try
        {
            var json = new Utf8JsonReader(line);
            var row = new JournalRow(0, "", 0, 0, "", []) { Identifier = null };
            json.Read();
            while (json.Read() && json.TokenType == JsonTokenType.PropertyName)
            {
                row = ReadMember(ref json, row);
            }

            return row;
        }
        catch (Exception failure) when (failure is JsonException or InvalidOperationException or FormatException)
        {
            throw new BundleException($"A line of {BundlePaths.Rows} is no row: {failure.Message}", failure);
        }
    }

    // What a tamperer wrote may not be UTF-8. It is written as well as it can be; the row's hash shows that it was
    // changed.
    private static void WriteText(Utf8JsonWriter json, JsonEncodedText name, ReadOnlySpan<byte> utf8)
    {
        if (Utf8.IsValid(utf8))
        {
            json.WriteString(name, utf8);
        }
        else
        {
            json.WriteString(name, Encoding.UTF8.GetString(utf8));
        }
    }

    private static JournalRow ReadMember(ref Utf8JsonReader json, JournalRow row)
    {
        var name = json.GetString();
        json.Read();
        switch (name)
        {
            case "position":
                return row with { Position = json.GetInt64() };
            case "persistence_id":
                return row with { PersistenceId = json.GetString()! };
            case "sequence_number":
                return row with { Sequence = json.GetInt64() };
            case "created":
                return row with { CreatedTicks = json.GetInt64() };
            case "manifest":
                return row with { Manifest = json.GetString()! };
            case "identifier":
                return row with { Identifier = json.TokenType == JsonTokenType.Null ? null : json.GetInt32() };
            case "deleted":
                return row with { Deleted = json.GetBoolean() };
            case "message":
                return row with { Message = json.GetBytesFromBase64() };
            default:
                json.Skip();
                return row;
        }
    }
}
