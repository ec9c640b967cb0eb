using System.Buffers.Binary;

namespace Audit.Journal.Postgres;

/// <summary>
/// Rows in the binary format of COPY, gathered into large pieces. It is written by hand because it is simple, and
/// because a generic importer spends more on each of eight values than the database does.
/// </summary>
internal sealed class CopyBuffer
{
    public const string Command = """
        COPY journal_staged (n, expected, created, persistence_id, sequence_number, manifest, message)
        FROM STDIN (FORMAT BINARY)
        """;

    private const int Columns = 7;
    private const int Size = 256 * 1024;

    /// <summary>Every column but the message, at its longest: four bytes a character, and each length.</summary>
    private const int LongestHead = 4 * (AppendPlan.LongestPersistenceId + AppendPlan.LongestManifest) + 256;

    private readonly byte[] buffer = new byte[Size];
    private string? manifest;
    private byte[] manifestUtf8 = [];
    private int used;

    public ReadOnlyMemory<byte> Written => buffer.AsMemory(0, used);

    public void Clear() => used = 0;

    public void Begin()
    {
        Clear();
        Bytes("PGCOPY\n"u8);
        Bytes([0xFF, 0x0D, 0x0A, 0x00]);
        Int32(0);
        Int32(0);
    }

    public void End() => Int16(-1);

    /// <summary>Whether the row's columns before the message, or the end, still fit.</summary>
    public bool FitsHead => used + LongestHead <= Size;

    /// <summary>Whether a message fits after what is written.</summary>
    public bool Fits(ReadOnlyMemory<byte> message) => used + message.Length <= Size;

    /// <param name="number">Its place among the rows.</param>
    /// <param name="expected">What its stream must end with before; null where nobody need look.</param>
    public void Head(int number, in RowToAppend row, long? expected)
    {
        if (!ReferenceEquals(manifest, row.Manifest))
        {
            manifestUtf8 = Encoding.UTF8.GetBytes(manifest = row.Manifest);
        }

        Int16(Columns);
        Int32(sizeof(int));
        Int32(number);
        if (expected is { } last)
        {
            Int32(sizeof(long));
            Int64(last);
        }
        else
        {
            Int32(-1);
        }

        Int32(sizeof(long));
        Int64(row.CreatedTicks);
        Value(row.Stream.Key.Utf8.Span);
        Int32(sizeof(long));
        Int64(row.Sequence);
        Value(manifestUtf8);
        Int32(row.Message.Length);
    }

    public void Message(ReadOnlyMemory<byte> message) => Bytes(message.Span);

    private void Value(ReadOnlySpan<byte> value)
    {
        Int32(value.Length);
        Bytes(value);
    }

    private void Bytes(ReadOnlySpan<byte> bytes)
    {
        bytes.CopyTo(buffer.AsSpan(used));
        used += bytes.Length;
    }

    private void Int16(short value)
    {
        BinaryPrimitives.WriteInt16BigEndian(buffer.AsSpan(used), value);
        used += sizeof(short);
    }

    private void Int32(int value)
    {
        BinaryPrimitives.WriteInt32BigEndian(buffer.AsSpan(used), value);
        used += sizeof(int);
    }

    private void Int64(long value)
    {
        BinaryPrimitives.WriteInt64BigEndian(buffer.AsSpan(used), value);
        used += sizeof(long);
    }
}
