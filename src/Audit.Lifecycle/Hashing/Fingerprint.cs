using System.Buffers.Binary;

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
}
