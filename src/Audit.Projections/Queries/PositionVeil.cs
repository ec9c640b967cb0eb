using System.Buffers.Text;
using System.Security.Cryptography;

namespace Audit.Projections.Queries;

/// <summary>
/// Gives positions other numbers, and writes cursors that only it can read: how far apart two positions are would say
/// how much others wrote between them. The same position has the same number every time, so that it can be asked for.
/// </summary>
public sealed class PositionVeil
{
    // Numbers of 52 bits are whole for every reader of JSON.
    private const int HalfBits = 26;
    private const long HalfMask = (1L << HalfBits) - 1;
    private const long End = 1L << (2 * HalfBits);
    private const int Rounds = 6;
    private const int NonceBytes = 12;
    private const int TagBytes = 16;

    private readonly SipHash hash;
    private readonly byte[] cursorKey;

    /// <param name="key">Of 32 bytes, for one way to see the book.</param>
    public PositionVeil(ReadOnlySpan<byte> key)
    {
        Span<byte> derived = stackalloc byte[SHA256.HashSizeInBytes];
        HMACSHA256.HashData(key, "positions"u8, derived);
        hash = new SipHash(BitConverter.ToUInt64(derived), BitConverter.ToUInt64(derived[sizeof(ulong)..]));
        cursorKey = HMACSHA256.HashData(key, "cursors"u8);
    }

    /// <summary>The number that stands for a position; 0, before all of them, stands for itself.</summary>
    public long Hide(long position)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(position);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(position, End);
        return position == 0 ? 0 : Permute(position) is var hidden and not 0 ? hidden : Permute(0);
    }

    /// <returns>Null for a number that stands for none.</returns>
    public long? Show(long hidden) =>
        hidden is < 0 or >= End ? null
        : hidden == 0 ? 0
        : Restore(hidden) is var position and not 0 ? position : Restore(0);

    internal string Seal(string cursor)
    {
        var plain = Encoding.UTF8.GetBytes(cursor);
        var written = new byte[NonceBytes + plain.Length + TagBytes];
        RandomNumberGenerator.Fill(written.AsSpan(0, NonceBytes));
        using var cipher = new AesGcm(cursorKey, TagBytes);
        cipher.Encrypt(
            written.AsSpan(0, NonceBytes), plain, written.AsSpan(
                NonceBytes, plain.Length), written.AsSpan(^TagBytes..));
        return Base64Url.EncodeToString(written);
    }

    /// <returns>Null where it is none that this wrote.</returns>
    internal string? Open(string cursor)
    {
        const int Longest = 300;
        if (cursor.Length > Longest || !Base64Url.IsValid(cursor))
        {
            return null;
        }

        var written = Base64Url.DecodeFromChars(cursor);
        if (written.Length < NonceBytes + TagBytes)
        {
            return null;
        }

        var plain = new byte[written.Length - NonceBytes - TagBytes];
        using var cipher = new AesGcm(cursorKey, TagBytes);
        try
        {
            cipher.Decrypt(
                written.AsSpan(0, NonceBytes), written.AsSpan(
                    NonceBytes, plain.Length), written.AsSpan(^TagBytes..), plain);
            return Encoding.UTF8.GetString(plain);
        }
        catch (AuthenticationTagMismatchException)
        {
            return null;
        }
    }

    // A Feistel network is a permutation whatever its rounds compute.
    private long Permute(long number)
    {
        var (left, right) = (number >> HalfBits, number & HalfMask);
        for (var round = 0; round < Rounds; round++)
        {
            (left, right) = (right, left ^ Round(round, right));
        }

        return (left << HalfBits) | right;
    }

    private long Restore(long number)
    {
        var (left, right) = (number >> HalfBits, number & HalfMask);
        for (var round = Rounds - 1; round >= 0; round--)
        {
            (left, right) = (right ^ Round(round, left), left);
        }

        return (left << HalfBits) | right;
    }

    private long Round(int round, long half)
    {
        Span<byte> text = stackalloc byte[sizeof(long)];
        BitConverter.TryWriteBytes(text, ((long)round << 32) | half);
        return (long)hash.Of(text).Low & HalfMask;
    }
}
