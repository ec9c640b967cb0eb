using System.Buffers;
using System.Security.Cryptography;

namespace Audit.Lifecycle;

/// <summary>
/// The keyed hash by which a store knows a record again. Keyed, so that the hashes in the journal tell nobody who lacks the
/// key what a record says; the key is the store's and never changes.
/// </summary>
public sealed class RecordHasher(byte[] key)
{
    public const int KeyLength = 32;

    [ThreadStatic] private static (byte[] Key, IncrementalHash Hash)? cached;

    /// <param name="json">A valid JSON text.</param>
    /// <param name="compactLength">Its length without whitespace between tokens, as the reader counted it.</param>
    public Fingerprint Of(ReadOnlySpan<byte> json, long compactLength)
    {
        if (compactLength == json.Length)
        {
            return OfBytes(json);
        }

        var compact = ArrayPool<byte>.Shared.Rent(json.Length);
        try
        {
            return OfBytes(compact.AsSpan(0, CompactJson.Write(json, compact)));
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(compact);
        }
    }

    /// <summary>
    /// Of a value that is compared with others of its call: long strings count by what is left of them when they are cut,
    /// for the other record may have been cut.
    /// </summary>
    public Fingerprint OfComparable(ReadOnlySpan<byte> json, long compactLength)
    {
        if (json.Length <= LongStrings.LongestKept)
        {
            return Of(json, compactLength);
        }

        var cut = LongStrings.Cut(json, this);
        return Of(cut, compactLength == json.Length ? cut.Length : -1);
    }

    public Fingerprint OfBytes(ReadOnlySpan<byte> bytes)
    {
        var hash = Hash();
        hash.AppendData(bytes);
        Span<byte> full = stackalloc byte[SHA256.HashSizeInBytes];
        hash.GetHashAndReset(full);
        return Fingerprint.From(full);
    }

    /// <summary>For a text that passes by in pieces; the caller owns and ends it.</summary>
    public IncrementalHash Begin() => IncrementalHash.CreateHMAC(HashAlgorithmName.SHA256, key);

    private IncrementalHash Hash()
    {
        if (cached is { } known && ReferenceEquals(known.Key, key))
        {
            return known.Hash;
        }

        var hash = Begin();
        cached = (key, hash);
        return hash;
    }
}
