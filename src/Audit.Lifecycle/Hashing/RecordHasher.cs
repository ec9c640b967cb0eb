using System.Buffers.Binary;
using System.Buffers.Text;
using System.Security.Cryptography;

namespace Audit.Lifecycle.Hashing;

/// <summary>
/// The keyed hash by which a store knows a record again. Keyed, so that the hashes in the journal show what a
/// record says to nobody who lacks the key; the key is the store's and never changes.
/// </summary>
public sealed class RecordHasher(byte[] key)
{
    private delegate Fingerprint Hashing(RecordHasher hasher, ReadOnlySpan<byte> bytes);

    public const int KeyLength = 32;

    private readonly SipHash comparables = ForComparables(key);

    [ThreadStatic] private static (byte[] Key, IncrementalHash Hash)? cached;

    /// <param name="json">A valid JSON text.</param>
    /// <param name="compactLength">Its length without whitespace between tokens, as the reader counted it.</param>
    public Fingerprint Of(ReadOnlySpan<byte> json, long compactLength) =>
        OfCompact(json, compactLength, static (hasher, bytes) => hasher.OfBytes(bytes));

    /// <summary>
    /// Of a value that is compared with others of its call. What is long counts by what is
    /// left of
    /// it when it is cut, for the other record may have been cut.
    /// </summary>
    public Fingerprint OfComparable(ReadOnlySpan<byte> json, long compactLength)
    {
        if (json.Length <= LongStrings.LongestKept)
        {
            return OfCompact(json, compactLength, OfComparable);
        }

        var cut = LongStrings.Cut(json, this);
        return cut.Length <= LongStrings.LongestKept
            ? OfCompact(cut, compactLength: -1, OfComparable)
            : OfComparable(this, LongStrings.Marker(cut, this));
    }

    public Fingerprint OfBytes(ReadOnlySpan<byte> bytes)
    {
        var hash = Hash();
        hash.AppendData(bytes);
        Span<byte> full = stackalloc byte[SHA256.HashSizeInBytes];
        hash.GetHashAndReset(full);
        return Fingerprint.From(full);
    }

    /// <summary>A question together with the task that it is asked for.</summary>
    public Fingerprint OfQuestion(Fingerprint question, string? taskId)
    {
        var task = Encoding.UTF8.GetBytes(taskId ?? "");
        var bytes = new byte[Fingerprint.Length + task.Length];
        question.CopyTo(bytes);
        task.CopyTo(bytes, Fingerprint.Length);
        return OfBytes(bytes);
    }

    /// <summary>For a text that passes by in pieces; the caller owns and ends it.</summary>
    public IncrementalHash Begin() => IncrementalHash.CreateHMAC(HashAlgorithmName.SHA256, key);

    private static Fingerprint OfComparable(RecordHasher hasher, ReadOnlySpan<byte> bytes) =>
        hasher.comparables.Of(bytes);

    private static SipHash ForComparables(byte[] key)
    {
        var derived = HMACSHA256.HashData(key, "comparables"u8);
        return new SipHash(
            BinaryPrimitives.ReadUInt64LittleEndian(derived),
            BinaryPrimitives.ReadUInt64LittleEndian(derived.AsSpan(8)));
    }

    private Fingerprint OfCompact(ReadOnlySpan<byte> json, long compactLength, Hashing hash)
    {
        if (compactLength == json.Length)
        {
            return hash(this, json);
        }

        var compact = ArrayPool<byte>.Shared.Rent(json.Length);
        try
        {
            return hash(this, compact.AsSpan(0, CompactJson.Write(json, compact)));
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(compact);
        }
    }

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

/// <summary>Sixteen bytes that stand for a text; empty when there was no text.</summary>
public readonly record struct Fingerprint(ulong High, ulong Low)
{
    public const int Length = 16;

    public bool IsEmpty => High == 0 && Low == 0;

    public static Fingerprint From(ReadOnlySpan<byte> bytes) =>
        new(BinaryPrimitives.ReadUInt64BigEndian(bytes), BinaryPrimitives.ReadUInt64BigEndian(bytes[8..]));

    public void CopyTo(Span<byte> bytes)
    {
        BinaryPrimitives.WriteUInt64BigEndian(bytes, High);
        BinaryPrimitives.WriteUInt64BigEndian(bytes[8..], Low);
    }

    public static bool TryParse(string? text, out Fingerprint fingerprint)
    {
        Span<byte> bytes = stackalloc byte[Length];
        var isOne = text is { Length: <= 24 } && Base64Url.IsValid(text)
            && Base64Url.TryDecodeFromChars(text, bytes, out var length) && length == Length;
        fingerprint = isOne ? From(bytes) : default;
        return isOne;
    }

    /// <summary>As it stands in an event and on the wire.</summary>
    public override string ToString()
    {
        Span<byte> bytes = stackalloc byte[Length];
        CopyTo(bytes);
        return Base64Url.EncodeToString(bytes);
    }
}
