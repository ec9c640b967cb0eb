using System.Buffers.Text;
using System.Security.Cryptography;

namespace Audit.Pages.Access;

/// <summary>Bytes that a browser keeps and cannot change: they travel with their HMAC, for one purpose each.</summary>
internal static class SignedBytes
{
    public static string Write(byte[] key, string purpose, ReadOnlySpan<byte> content) =>
        Base64Url.EncodeToString([.. content, .. Sign(key, purpose, content)]);

    /// <returns>Null when the text is none that this key signed for this purpose.</returns>
    public static byte[]? Read(byte[] key, string purpose, string text, int length)
    {
        const int Mac = HMACSHA256.HashSizeInBytes;
        if (text.Length > Base64Url.GetEncodedLength(length + Mac) || !Base64Url.IsValid(text))
        {
            return null;
        }

        var bytes = Base64Url.DecodeFromChars(text);
        if (bytes.Length != length + Mac)
        {
            return null;
        }

        var signed = Sign(key, purpose, bytes.AsSpan(0, length));
        return CryptographicOperations.FixedTimeEquals(signed, bytes.AsSpan(length))
                ? bytes[..length]
                : null;
    }

    private static byte[] Sign(byte[] key, string purpose, ReadOnlySpan<byte> content) =>
        HMACSHA256.HashData(key, (byte[])[.. Encoding.ASCII.GetBytes(purpose + "|"), .. content]);
}
