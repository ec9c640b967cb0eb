using System.Buffers.Binary;
using System.Buffers.Text;
using System.Collections.Concurrent;
using System.Security.Cryptography;

namespace Audit.Journal.Sealing;

/// <summary>
/// The proof at the end of each message that a node wrote it: an HMAC under a key that is not in the database, over
/// the store, the stream, the sequence number, the manifest and all of the message before it.
/// </summary>
/// <param name="storeId">So that a row of another store under the same key is none of this one.</param>
public sealed class EventProof(RowKeys keys, byte[] storeId)
{
    private const int TextLength = 22;

    private readonly byte[] newest = keys.Derive("mac", keys.Id)!;
    private readonly ConcurrentDictionary<string, byte[]> older = new();
    private readonly byte[] id = Encoding.UTF8.GetBytes(keys.Id);

    [ThreadStatic] private static (byte[] Key, IncrementalHash Hash)? cached;

    private static ReadOnlySpan<byte> Before => ",\"mac\":\""u8;

    private static ReadOnlySpan<byte> Behind => "\"}"u8;

    /// <summary>Ends a message that stands in the buffer but for its proof and its last brace.</summary>
    public void End(ArrayBufferWriter<byte> message, StreamKey stream, long sequence, string manifest)
    {
        Span<byte> mac = stackalloc byte[RowKeys.MacLength];
        Span<byte> name = stackalloc byte[Encoding.UTF8.GetByteCount(manifest)];
        Encoding.UTF8.GetBytes(manifest, name);
        Compute(newest, stream.Utf8.Span, sequence, name, message.WrittenSpan, mac);
        message.Write(Before);
        message.Write(id);
        message.Write("."u8);
        Span<byte> text = stackalloc byte[TextLength];
        Base64Url.EncodeToUtf8(mac, text);
        message.Write(text);
        message.Write(Behind);
    }

    /// <summary>Whether a node that has this store's key wrote the row, and nobody changed it since.</summary>
    public bool Proves(JournalRow row) => Proves(
        Encoding.UTF8.GetBytes(row.PersistenceId), row.Sequence, Encoding.UTF8.GetBytes(row.Manifest), row.Message);

    /// <inheritdoc cref="Proves(JournalRow)"/>
    public bool Proves(
        ReadOnlySpan<byte> stream, long sequence, ReadOnlySpan<byte> manifest, ReadOnlySpan<byte> message)
    {
        var at = message.LastIndexOf(Before);
        if (at < 0 || !message.EndsWith(Behind))
        {
            return false;
        }

        var proof = message[(at + Before.Length)..^Behind.Length];
        var dot = proof.IndexOf((byte)'.');
        if (dot < 0 || KeyOf(Encoding.UTF8.GetString(proof[..dot])) is not { } key)
        {
            return false;
        }

        // Compared as texts, for the last letter of one has bits that say nothing.
        Span<byte> computed = stackalloc byte[RowKeys.MacLength];
        Compute(key, stream, sequence, manifest, message[..at], computed);
        Span<byte> text = stackalloc byte[TextLength];
        Base64Url.EncodeToUtf8(computed, text);
        return CryptographicOperations.FixedTimeEquals(proof[(dot + 1)..], text);
    }

    private byte[]? KeyOf(string name)
    {
        byte[]? known = null;
        if (name == keys.Id || older.TryGetValue(name, out known))
        {
            return known ?? newest;
        }

        // What is not ours is not kept: anybody who inserts rows could make up names without end.
        return keys.Derive("mac", name) is { } key ? older.GetOrAdd(name, key) : null;
    }

    private void Compute(
        byte[] key, ReadOnlySpan<byte> stream, long sequence, ReadOnlySpan<byte> manifest,
        ReadOnlySpan<byte> message, Span<byte> mac)
    {
        var hash = cached is { } kept && ReferenceEquals(kept.Key, key)
            ? kept.Hash
            : (cached = (key, IncrementalHash.CreateHMAC(HashAlgorithmName.SHA256, key))).Value.Hash;
        Span<byte> numbers = stackalloc byte[3 * sizeof(long)];
        BinaryPrimitives.WriteInt64BigEndian(numbers, stream.Length);
        BinaryPrimitives.WriteInt64BigEndian(numbers[sizeof(long)..], sequence);
        BinaryPrimitives.WriteInt64BigEndian(numbers[(2 * sizeof(long))..], manifest.Length);
        hash.AppendData(storeId);
        hash.AppendData(numbers);
        hash.AppendData(stream);
        hash.AppendData(manifest);
        hash.AppendData(message);
        Span<byte> full = stackalloc byte[SHA256.HashSizeInBytes];
        hash.GetHashAndReset(full);
        full[..RowKeys.MacLength].CopyTo(mac);
    }
}
