using System.Buffers.Binary;
using System.Security.Cryptography;

namespace Audit.Projections.Feeding;

/// <summary>
/// The SHA-256 of all of a row. With its position it shows whether the journal is still the one that was read.
/// </summary>
internal static class RowDigest
{
    public static string Of(JournalRow row)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        Append(hash, Encoding.UTF8.GetBytes(row.PersistenceId));
        Append(hash, Encoding.UTF8.GetBytes(row.Manifest));
        Span<byte> numbers = stackalloc byte[16];
        BinaryPrimitives.WriteInt64BigEndian(numbers, row.Sequence);
        BinaryPrimitives.WriteInt64BigEndian(numbers[8..], row.CreatedTicks);
        hash.AppendData(numbers);
        // That its content cannot be opened any more makes it no other row.
        hash.AppendData(row.Stored ?? row.Message);
        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    /// <summary>With its length before it, so that no text can borrow from its neighbour.</summary>
    private static void Append(IncrementalHash hash, byte[] text)
    {
        Span<byte> length = stackalloc byte[4];
        BinaryPrimitives.WriteInt32BigEndian(length, text.Length);
        hash.AppendData(length);
        hash.AppendData(text);
    }
}
