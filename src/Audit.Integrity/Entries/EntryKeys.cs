using System.Security.Cryptography;

namespace Audit.Integrity.Entries;

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

    public bool Proves(
        ReadOnlySpan<byte> stream, long sequence, ReadOnlySpan<byte> manifest, ReadOnlySpan<byte> message) =>
        proves(stream, sequence, manifest, message);
}
