using System.Buffers.Binary;

namespace Audit.Projections.Postgres;

/// <summary>Rows of the index in the binary format of COPY.</summary>
internal sealed class CopyText
{
    public const string Command = "COPY docs (position, call, at, words) FROM STDIN (FORMAT BINARY)";

    private const short Columns = 4;

    private byte[] buffer = new byte[1 << 16];
    private int used;

    public ReadOnlyMemory<byte> Written => buffer.AsMemory(0, used);

    public void Begin()
    {
        used = 0;
        Bytes("PGCOPY\n"u8);
        Bytes([0xFF, 0x0D, 0x0A, 0x00]);
        Int32(0);
        Int32(0);
    }

    public void BeginRow() => Int16(Columns);

    public void End() => Int16(-1);

    public void Number(long value)
    {
        Int32(sizeof(long));
        BinaryPrimitives.WriteInt64BigEndian(Room(sizeof(long)), value);
    }

    /// <returns>The place to give to <see cref="EndField"/>: a length stands before what is as long.</returns>
    public int BeginField()
    {
        Int32(0);
        return used;
    }

    public void EndField(int start) =>
        BinaryPrimitives.WriteInt32BigEndian(buffer.AsSpan(start - sizeof(int)), used - start);

    public void Word(ReadOnlySpan<byte> word, ReadOnlySpan<ushort> places)
    {
        Bytes(word);
        Bytes([0]);
        Int16((short)places.Length);
        foreach (var place in places)
        {
            Int16((short)place);
        }
    }

    public void Int32(int value) => BinaryPrimitives.WriteInt32BigEndian(Room(sizeof(int)), value);

    private void Int16(short value) => BinaryPrimitives.WriteInt16BigEndian(Room(sizeof(short)), value);

    private void Bytes(ReadOnlySpan<byte> bytes) => bytes.CopyTo(Room(bytes.Length));

    private Span<byte> Room(int length)
    {
        if (buffer.Length - used < length)
        {
            Array.Resize(ref buffer, Math.Max(2 * buffer.Length, used + length));
        }

        used += length;
        return buffer.AsSpan(used - length, length);
    }
}
