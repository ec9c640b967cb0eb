using System.Buffers.Binary;
using System.Buffers.Text;
using System.Security.Cryptography;

namespace Audit.Api.Access;

/// <summary>The text of a token, which only its bearer keeps.</summary>
internal static class TokenText
{
    public const int Length = 47;
    private const string Prefix = "aat_";
    private const int RandomBytes = 32;

    public static string New() => Prefix + Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(RandomBytes));

    public static bool IsOne(ReadOnlySpan<char> text) =>
        text.Length == Length && text.StartsWith(Prefix) && Base64Url.IsValid(text[Prefix.Length..]);

    public static TokenHash HashOf(ReadOnlySpan<char> text)
    {
        Span<byte> utf8 = stackalloc byte[Length];
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(utf8[..Encoding.UTF8.GetBytes(text, utf8)], hash);
        return TokenHash.From(hash);
    }
}

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
