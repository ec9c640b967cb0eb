using System.Buffers.Binary;

namespace Audit.Api.Access;

/// <summary>The SHA-256 of a token.</summary>
internal readonly record struct TokenHash(UInt128 High, UInt128 Low)
{
    public static TokenHash From(ReadOnlySpan<byte> sha256) => new(
        BinaryPrimitives.ReadUInt128BigEndian(sha256), BinaryPrimitives.ReadUInt128BigEndian(sha256[16..]));

    public byte[] ToBytes()
    {
        var bytes = new byte[32];
        BinaryPrimitives.WriteUInt128BigEndian(bytes, High);
        BinaryPrimitives.WriteUInt128BigEndian(bytes.AsSpan(16), Low);
        return bytes;
    }
}
