using System.Buffers.Binary;
using System.Buffers.Text;
using System.Security.Cryptography;

namespace Audit.Integrity.Entries;

/// <summary>
/// Writes the log's entry of a row, always in the same bytes. Our own rows have the seven members of the design. A row
/// that is not quite ours says so: one written by another serializer ends with `"identifier":N` (or null), one marked
/// deleted with `"deleted":true`; so what a row was when it was sealed is in the log, and what it became later is seen.
/// A manifest that is long or holds anything but plain ASCII stands as `"manifest_sha256"` instead of `"manifest"`: no
/// member ever needs escaping, and no row can make an entry too long.
/// </summary>
internal static class LogEntry
{
    /// <summary>No entry is longer.</summary>
    public const int Longest = 1024;

    private const int LongestPlainManifest = 500;
    private const int HexSize = 2 * SHA256.HashSizeInBytes;

    /// <summary>Writes the entry and returns its length.</summary>
    public static int Write(in EntryFields row, Span<byte> entry)
    {
        var at = 0;
        Text("{\"v\":1,\"position\":"u8, entry, ref at);
        Number(row.Position, entry, ref at);
        Text(",\"stream\":\""u8, entry, ref at);
        Hash(row.Stream, entry, ref at);
        Text("\",\"seq\":"u8, entry, ref at);
        Number(row.Sequence, entry, ref at);
        Text(",\"created\":"u8, entry, ref at);
        Number(row.Created, entry, ref at);
        Manifest(row.Manifest, entry, ref at);
        Text("\",\"sha256\":\""u8, entry, ref at);
        Hash(row.Message, entry, ref at);
        Text("\""u8, entry, ref at);
        Deviations(row, entry, ref at);
        Text("}"u8, entry, ref at);
        return at;
    }

    /// <summary>Hashes the row's entry as a leaf.</summary>
    public static void HashLeaf(in EntryFields row, Span<byte> leaf)
    {
        Span<byte> prefixed = stackalloc byte[1 + Longest];
        prefixed[0] = TreeHash.LeafPrefix;
        var length = Write(row, prefixed[1..]);
        SHA256.HashData(prefixed[..(1 + length)], leaf);
    }

    private static void Manifest(ReadOnlySpan<byte> manifest, Span<byte> entry, ref int at)
    {
        if (IsPlain(manifest))
        {
            Text(",\"manifest\":\""u8, entry, ref at);
            Text(manifest, entry, ref at);
            return;
        }
        Text(",\"manifest_sha256\":\""u8, entry, ref at);
        Hash(manifest, entry, ref at);
    }

    private static void Deviations(in EntryFields row, Span<byte> entry, ref int at)
    {
        if (row.Identifier != JournalTable.SerializerId)
        {
            Text(",\"identifier\":"u8, entry, ref at);
            if (row.Identifier is { } identifier)
            {
                Number(identifier, entry, ref at);
            }
            else
            {
                Text("null"u8, entry, ref at);
            }
        }
        if (row.Deleted)
        {
            Text(",\"deleted\":true"u8, entry, ref at);
        }
    }

    private static bool IsPlain(ReadOnlySpan<byte> manifest) =>
        manifest.Length <= LongestPlainManifest
        && !manifest.ContainsAnyExceptInRange((byte)' ', (byte)'~')
        && !manifest.ContainsAny((byte)'"', (byte)'\\');

    private static void Text(ReadOnlySpan<byte> text, Span<byte> entry, ref int at)
    {
        text.CopyTo(entry[at..]);
        at += text.Length;
    }

    private static void Number(long number, Span<byte> entry, ref int at)
    {
        Utf8Formatter.TryFormat(number, entry[at..], out var written);
        at += written;
    }

    private static void Hash(ReadOnlySpan<byte> content, Span<byte> entry, ref int at)
    {
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(content, hash);
        Convert.TryToHexStringLower(hash, entry.Slice(at, HexSize), out _);
        at += HexSize;
    }
}

/// <summary>What an entry says of a row. Names are UTF-8; a row without a manifest has an empty one.</summary>
internal readonly ref struct EntryFields
{
    public required long Position { get; init; }

    public required ReadOnlySpan<byte> Stream { get; init; }

    public required long Sequence { get; init; }

    public required long Created { get; init; }

    public required ReadOnlySpan<byte> Manifest { get; init; }

    public required ReadOnlySpan<byte> Message { get; init; }

    public required int? Identifier { get; init; }

    public required bool Deleted { get; init; }
}

/// <summary>The log's entry of a row that the journal gave.</summary>
internal static class RowEntry
{
    public static byte[] Write(JournalRow row)
    {
        Span<byte> entry = stackalloc byte[LogEntry.Longest];
        var length = LogEntry.Write(FieldsOf(row, Encoding.UTF8.GetBytes(row.PersistenceId)), entry);
        return entry[..length].ToArray();
    }

    public static void HashLeaf(JournalRow row, Span<byte> leaf)
    {
        const int UsualBytes = 512;
        Span<byte> usual = stackalloc byte[UsualBytes];
        var stream = Encoding.UTF8.TryGetBytes(row.PersistenceId, usual, out var length)
            ? usual[..length]
            : Encoding.UTF8.GetBytes(row.PersistenceId);
        LogEntry.HashLeaf(FieldsOf(row, stream), leaf);
    }

    private static EntryFields FieldsOf(JournalRow row, ReadOnlySpan<byte> stream) => new()
    {
        Position = row.Position,
        Stream = stream,
        Sequence = row.Sequence,
        Created = row.CreatedTicks,
        Manifest = Encoding.UTF8.GetBytes(row.Manifest),
        Message = row.Message,
        Identifier = row.Identifier,
        Deleted = row.Deleted,
    };
}

/// <summary>Up to 256 entries, each after its length in two bytes, the high one first.</summary>
internal static class EntryBundle
{
    public static byte[] Of(IEnumerable<byte[]> entries)
    {
        var bundle = new ArrayBufferWriter<byte>();
        foreach (var entry in entries)
        {
            BinaryPrimitives.WriteUInt16BigEndian(bundle.GetSpan(sizeof(ushort)), checked((ushort)entry.Length));
            bundle.Advance(sizeof(ushort));
            bundle.Write(entry);
        }
        return bundle.WrittenSpan.ToArray();
    }
}
