using System.Buffers.Binary;
using System.Security.Cryptography;

namespace Audit.Projections.Feeding;

/// <summary>
/// The SHA-256 of all of a row. With its position it shows whether the journal is still the one that was read.
/// </summary>
internal static class RowDigest
{
    private const string OfStored = "stored:";

    // That its content cannot be opened any more makes it no other row.
    public static string Of(JournalRow row) => OfStored + Of(row, row.Stored ?? row.Message);

    /// <summary>Whether the digest is of this row; those of before were over what the row says in the clear.</summary>
    public static bool IsOf(JournalRow row, string digest) =>
        digest == (digest.StartsWith(OfStored, StringComparison.Ordinal) ? Of(row) : Of(row, row.Message));

    private static string Of(JournalRow row, byte[] message)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        Append(hash, Encoding.UTF8.GetBytes(row.PersistenceId));
        Append(hash, Encoding.UTF8.GetBytes(row.Manifest));
        Span<byte> numbers = stackalloc byte[16];
        BinaryPrimitives.WriteInt64BigEndian(numbers, row.Sequence);
        BinaryPrimitives.WriteInt64BigEndian(numbers[8..], row.CreatedTicks);
        hash.AppendData(numbers);
        hash.AppendData(message);
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
