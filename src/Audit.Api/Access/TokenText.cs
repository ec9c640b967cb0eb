using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;

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
