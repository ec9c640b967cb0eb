using System.Buffers.Binary;
using System.Buffers.Text;

namespace Audit.Lifecycle.Hashing;

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
