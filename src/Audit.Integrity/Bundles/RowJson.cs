using System.Text.Unicode;
using Audit.Integrity.Entries;

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
    private static readonly JsonEncodedText Index = JsonEncodedText.Encode("index");
    private static readonly JsonEncodedText Salt = JsonEncodedText.Encode("salt");
    private static readonly JsonEncodedText Unproven = JsonEncodedText.Encode("unproven");
    private static readonly JsonEncodedText Closed = JsonEncodedText.Encode("closed");

    /// <param name="rank">Which entry of the log the row is, counted from 0.</param>
    public static void Write(Utf8JsonWriter json, RowBatch batch, int index, long rank)
    {
        ref readonly var row = ref batch[index];
        Span<char> salt = stackalloc char[2 * EntryKeys.SaltSize];
        Convert.TryToHexStringLower(batch.Salt(index), salt, out _);
        json.WriteStartObject();
        json.WriteNumber(Index, rank);
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
        json.WriteBoolean(Unproven, row.Unproven);
        if (row.IsClosed)
        {
            json.WriteBoolean(Closed, true);
        }

        json.WriteString(Salt, salt);
        json.WriteBase64String(Message, batch.Message(index));
        json.WriteEndObject();
    }

    /// <exception cref="BundleException">The line is no row.</exception>
    public static BundleRow Read(ReadOnlySequence<byte> line)
    {
        try
        {
            var json = new Utf8JsonReader(line);
            var row = new BundleRow(0, new JournalRow(0, "", 0, 0, "", []) { Identifier = null }, [], false);
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

    private static BundleRow ReadMember(ref Utf8JsonReader json, BundleRow row)
    {
        var name = json.GetString();
        json.Read();
        switch (name)
        {
            case "position":
                return row with { Row = row.Row with { Position = json.GetInt64() } };
            case "persistence_id":
                return row with { Row = row.Row with { PersistenceId = json.GetString()! } };
            case "sequence_number":
                return row with { Row = row.Row with { Sequence = json.GetInt64() } };
            case "created":
                return row with { Row = row.Row with { CreatedTicks = json.GetInt64() } };
            case "manifest":
                return row with { Row = row.Row with { Manifest = json.GetString()! } };
            case "identifier":
                int? identifier = json.TokenType == JsonTokenType.Null ? null : json.GetInt32();
                return row with { Row = row.Row with { Identifier = identifier } };
            case "deleted":
                return row with { Row = row.Row with { Deleted = json.GetBoolean() } };
            case "message":
                return row with { Row = row.Row with { Message = json.GetBytesFromBase64() } };
            case "index":
                return row with { Index = json.GetInt64() };
            case "salt":
                return row with { Salt = Convert.FromHexString(json.GetString()!) };
            case "unproven":
                return row with { Unproven = json.GetBoolean() };
            case "closed":
                return row with { IsClosed = json.GetBoolean() };
            default:
                json.Skip();
                return row;
        }
    }
}

/// <summary>A row of a bundle, with what its entry is made of beside it.</summary>
/// <param name="Index">Which entry of the log it is, counted from 0.</param>
/// <param name="IsClosed">The store had no key of its content any more.</param>
internal sealed record BundleRow(long Index, JournalRow Row, byte[] Salt, bool Unproven, bool IsClosed = false);
