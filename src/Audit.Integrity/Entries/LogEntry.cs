using System.Buffers.Binary;
using System.Buffers.Text;
using System.Security.Cryptography;

namespace Audit.Integrity.Entries;

/// <summary>
/// Writes the log's entry of a row, always in the same bytes. Our own rows have the six members of the design. A row
/// that is not quite ours says so: one written by another serializer ends with `"identifier":N` (or null), one marked
/// deleted with `"deleted":true`, one that no node of the store can have written with `"unproven":true`; so what a row
/// was when it was sealed is in the log, and what it became later is seen. The stream is a salted hash, so that who has
/// the entries alone cannot even guess names; no member ever needs escaping, and no row can make an entry too long.
/// </summary>
internal static class LogEntry
{
    /// <summary>No entry is longer.</summary>
    public const int Longest = 512;

    private static ReadOnlySpan<byte> StreamMember => "\"stream\":\""u8;

    private const int HexSize = 2 * SHA256.HashSizeInBytes;
    private const int UsualNames = 1024;

    /// <summary>Writes the entry and returns its length.</summary>
    public static int Write(in EntryFields row, Span<byte> entry)
    {
        var at = 0;
        Span<byte> hashes = stackalloc byte[2 * SHA256.HashSizeInBytes];
        Hashes(row, hashes);
        Members(row.Position, row.Sequence, row.Created, hashes, entry, ref at);
        Deviations(row, entry, ref at);
        Text("}"u8, entry, ref at);
        return at;
    }

    /// <summary>The same of a row of which only the hashes are left; what deviates is never cut.</summary>
    /// <param name="hashes">Of the salted stream with the manifest, and of the message.</param>
    public static int WriteOfHashes(
        long position, long sequence, long created, ReadOnlySpan<byte> hashes, Span<byte> entry)
    {
        var at = 0;
        Members(position, sequence, created, hashes, entry, ref at);
        Text("}"u8, entry, ref at);
        return at;
    }

    /// <summary>The hashes that an entry has: of the salted stream with the manifest, and of the message.</summary>
    public static void Hashes(in EntryFields row, Span<byte> hashes)
    {
        Stream(row, hashes);
        SHA256.HashData(row.Message, hashes[SHA256.HashSizeInBytes..]);
    }

    /// <summary>The hash of the salted stream with the manifest, as an entry has it.</summary>
    public static string StreamHash(EntryKeys keys, string stream, string manifest)
    {
        var name = Encoding.UTF8.GetBytes(stream);
        Span<byte> salt = stackalloc byte[EntryKeys.SaltSize];
        keys.Salt(name, salt);
        return Convert.ToHexStringLower(
            SHA256.HashData([.. salt, .. name, 0, .. Encoding.UTF8.GetBytes(manifest)]));
    }

    /// <summary>The same of an entry; empty where it has none.</summary>
    public static string StreamOf(ReadOnlySpan<byte> entry)
    {
        var at = entry.IndexOf(StreamMember) + StreamMember.Length;
        return at < StreamMember.Length || entry.Length - at < HexSize
            ? "" : Encoding.UTF8.GetString(entry.Slice(at, HexSize));
    }

    /// <summary>Hashes the row's entry as a leaf.</summary>
    public static void HashLeaf(in EntryFields row, Span<byte> leaf)
    {
        Span<byte> prefixed = stackalloc byte[1 + Longest];
        prefixed[0] = TreeHash.LeafPrefix;
        var length = Write(row, prefixed[1..]);
        SHA256.HashData(prefixed[..(1 + length)], leaf);
    }

    // The zero keeps a name from giving its end to the manifest: neither of ours holds one.
    private static void Stream(in EntryFields row, Span<byte> hash)
    {
        var length = row.Salt.Length + row.Stream.Length + 1 + row.Manifest.Length;
        Span<byte> content = length <= UsualNames ? stackalloc byte[UsualNames] : new byte[length];
        content = content[..length];
        row.Salt.CopyTo(content);
        row.Stream.CopyTo(content[row.Salt.Length..]);
        content[row.Salt.Length + row.Stream.Length] = 0;
        row.Manifest.CopyTo(content[(row.Salt.Length + row.Stream.Length + 1)..]);
        SHA256.HashData(content, hash);
    }

    private static void Members(
        long position, long sequence, long created, ReadOnlySpan<byte> hashes, Span<byte> entry, ref int at)
    {
        Text("{\"v\":2,\"position\":"u8, entry, ref at);
        Number(position, entry, ref at);
        Text(","u8, entry, ref at);
        Text(StreamMember, entry, ref at);
        Hex(hashes[..SHA256.HashSizeInBytes], entry, ref at);
        Text("\",\"seq\":"u8, entry, ref at);
        Number(sequence, entry, ref at);
        Text(",\"created\":"u8, entry, ref at);
        Number(created, entry, ref at);
        Text(",\"sha256\":\""u8, entry, ref at);
        Hex(hashes[SHA256.HashSizeInBytes..], entry, ref at);
        Text("\""u8, entry, ref at);
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

        if (row.Unproven)
        {
            Text(",\"unproven\":true"u8, entry, ref at);
        }
    }

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

    private static void Hex(ReadOnlySpan<byte> hash, Span<byte> entry, ref int at)
    {
        Convert.TryToHexStringLower(hash, entry.Slice(at, HexSize), out _);
        at += HexSize;
    }
}

/// <summary>What an entry says of a row. Names are UTF-8; a row without a manifest has an empty one.</summary>
internal readonly ref struct EntryFields
{
    public required long Position { get; init; }

    public required ReadOnlySpan<byte> Stream { get; init; }

    /// <summary>Of the stream, from the store's key.</summary>
    public required ReadOnlySpan<byte> Salt { get; init; }

    public required long Sequence { get; init; }

    public required long Created { get; init; }

    public required ReadOnlySpan<byte> Manifest { get; init; }

    public required ReadOnlySpan<byte> Message { get; init; }

    public required int? Identifier { get; init; }

    public required bool Deleted { get; init; }

    /// <summary>No node that has the store's row key wrote it as it is.</summary>
    public required bool Unproven { get; init; }
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

    /// <exception cref="FormatException">It is no bundle of entries.</exception>
    public static IEnumerable<byte[]> Split(byte[] bundle)
    {
        for (var at = 0; at < bundle.Length;)
        {
            var length = bundle.Length - at < sizeof(ushort)
                ? int.MaxValue
                : BinaryPrimitives.ReadUInt16BigEndian(bundle.AsSpan(at));
            at += sizeof(ushort);
            if (length > bundle.Length - at)
            {
                throw new FormatException("A bundle of entries ends in the middle of one.");
            }

            yield return bundle[at..(at + length)];
            at += length;
        }
    }
}

/// <summary>Whether a node that has the store's row key wrote a row, and nobody changed it since.</summary>
public delegate bool RowCheck(
    ReadOnlySpan<byte> stream, long sequence, ReadOnlySpan<byte> manifest, ReadOnlySpan<byte> message);

/// <summary>
/// What entries are made with that does not lie in the database: the key of the salts, and the proof of rows.
/// </summary>
public sealed class EntryKeys(byte[] streamKey, RowCheck proves)
{
    /// <summary>Bytes in a salt.</summary>
    public const int SaltSize = SHA256.HashSizeInBytes;

    /// <summary>The keys of the store; null where only entries are made.</summary>
    public RowKeys? Rows { get; init; }

    /// <summary>Salt of a stream, which whoever may know the stream's name may have.</summary>
    public void Salt(ReadOnlySpan<byte> stream, Span<byte> salt) => HMACSHA256.HashData(streamKey, stream, salt);

    /// <summary>Whether a node wrote the row as it is, and nobody says that it is none.</summary>
    public bool Proves(JournalRow row) => row is { Deleted: false, Identifier: JournalTable.SerializerId } && proves(
        Encoding.UTF8.GetBytes(row.PersistenceId), row.Sequence, Encoding.UTF8.GetBytes(row.Manifest), row.Message);

    public bool Proves(
        ReadOnlySpan<byte> stream, long sequence, ReadOnlySpan<byte> manifest, ReadOnlySpan<byte> message) =>
        proves(stream, sequence, manifest, message);
}

/// <summary>Leaves of rows, in order of position.</summary>
public sealed class LeafList
{
    private readonly ArrayBufferWriter<byte> leaves = new();

    public long Count => leaves.WrittenCount / TreeHash.Size;

    public ReadOnlyMemory<byte> Bytes => leaves.WrittenMemory;

    /// <summary>What is left of rows that were cut.</summary>
    public static LeafList Of(IEnumerable<CutRow> rows)
    {
        var list = new LeafList();
        Span<byte> entry = stackalloc byte[LogEntry.Longest];
        foreach (var row in rows)
        {
            var length = LogEntry.WriteOfHashes(row.Position, row.Sequence, row.Created, row.Hashes, entry);
            TreeHash.Leaf(entry[..length], list.leaves.GetSpan(TreeHash.Size));
            list.leaves.Advance(TreeHash.Size);
        }

        return list;
    }

    /// <exception cref="FormatException">These are no leaves.</exception>
    public static LeafList Of(byte[] bytes)
    {
        var list = new LeafList();
        list.leaves.Write(bytes.Length % TreeHash.Size == 0 ? bytes
            : throw new FormatException($"A leaf has {TreeHash.Size} bytes."));
        return list;
    }

    public void Add(ReadOnlySpan<byte> leaf) => leaves.Write(leaf);

    /// <summary>The SHA-256 over all of them.</summary>
    public string Digest() => Convert.ToHexStringLower(SHA256.HashData(leaves.WrittenSpan));

    /// <summary>How many of these are not among others.</summary>
    public long CountBeside(LeafList others)
    {
        var known = others.All().ToHashSet();
        return All().LongCount(leaf => !known.Contains(leaf));
    }

    // Whoever finds two rows of one hash has broken the log, too: 16 bytes of it tell them apart.
    private IEnumerable<UInt128> All()
    {
        for (var at = 0; at < leaves.WrittenCount; at += TreeHash.Size)
        {
            yield return BinaryPrimitives.ReadUInt128BigEndian(leaves.WrittenSpan[at..]);
        }
    }
}
