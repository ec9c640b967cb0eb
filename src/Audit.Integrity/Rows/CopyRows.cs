using System.Buffers.Binary;
using Npgsql;

namespace Audit.Integrity.Rows;

/// <summary>Reads journal rows out of PostgreSQL's binary COPY format.</summary>
internal sealed class CopyRows : IAsyncDisposable
{
    private const int HeaderBytes = 19;
    private const int Fields = 9;

    private readonly NpgsqlRawCopyStream stream;
    private byte[] buffer = new byte[1 << 20];
    private int start;
    private int end;
    private bool isAtEnd;

    private CopyRows(NpgsqlRawCopyStream stream) => this.stream = stream;

    /// <summary>How many rows were taken.</summary>
    public int Rows { get; private set; }

    public long? LastPosition { get; private set; }

    public static async Task<CopyRows> BeginAsync(
        NpgsqlConnection connection, string sql, CancellationToken cancellation)
    {
        var rows = new CopyRows(await connection.BeginRawBinaryCopyAsync(sql, cancellation));
        await rows.NeedAsync(HeaderBytes, cancellation);
        rows.start += HeaderBytes;
        return rows;
    }

    /// <returns>False when there are no more rows.</returns>
    public async Task<bool> FillAsync(RowBatch batch, CancellationToken cancellation)
    {
        while (!isAtEnd && !batch.IsFull)
        {
            var length = await NeedRowAsync(cancellation);
            if (length == 0)
            {
                isAtEnd = true;
            }
            else
            {
                Take(batch, length);
            }
        }
        return !isAtEnd;
    }

    public ValueTask DisposeAsync() => stream.DisposeAsync();

    private void Take(RowBatch batch, int length)
    {
        var rest = buffer.AsSpan(start + sizeof(short), length - sizeof(short));
        var row = new RowSlot
        {
            Position = BinaryPrimitives.ReadInt64BigEndian(Next(ref rest)),
            Sequence = BinaryPrimitives.ReadInt64BigEndian(Next(ref rest)),
            Created = BinaryPrimitives.ReadInt64BigEndian(Next(ref rest)),
        };
        var identifier = Next(ref rest);
        row.Identifier = identifier.IsEmpty ? null : BinaryPrimitives.ReadInt32BigEndian(identifier);
        row.Deleted = Next(ref rest)[0] != 0;
        var stream = Next(ref rest);
        var manifest = Next(ref rest);
        var message = Next(ref rest);
        row.Disposal = BinaryPrimitives.ReadInt64BigEndian(Next(ref rest));
        batch.Take(row, stream, manifest, message);
        start += length;
        Rows++;
        LastPosition = row.Position;
    }

    // Null and empty need no distinction: of the numbers only the identifier may be null, and it is never empty.
    private static ReadOnlySpan<byte> Next(ref Span<byte> rest)
    {
        var length = Math.Max(BinaryPrimitives.ReadInt32BigEndian(rest), 0);
        var field = rest.Slice(sizeof(int), length);
        rest = rest[(sizeof(int) + length)..];
        return field;
    }

    /// <summary>Reads until a whole row is in the buffer, and returns its length, 0 at the end.</summary>
    private async Task<int> NeedRowAsync(CancellationToken cancellation)
    {
        await NeedAsync(sizeof(short), cancellation);
        var fields = BinaryPrimitives.ReadInt16BigEndian(buffer.AsSpan(start));
        if (fields < 0)
        {
            return 0;
        }

        if (fields != Fields)
        {
            throw new InvalidDataException($"A row of the COPY has {fields} fields.");
        }

        var length = sizeof(short);
        for (var i = 0; i < fields; i++)
        {
            await NeedAsync(length + sizeof(int), cancellation);
            length += sizeof(int) + Math.Max(BinaryPrimitives.ReadInt32BigEndian(buffer.AsSpan(start + length)), 0);
        }
        await NeedAsync(length, cancellation);
        return length;
    }

    private ValueTask NeedAsync(int bytes, CancellationToken cancellation) =>
        end - start >= bytes ? ValueTask.CompletedTask : new ValueTask(ReadAsync(bytes, cancellation));

    private async Task ReadAsync(int bytes, CancellationToken cancellation)
    {
        buffer.AsSpan(start, end - start).CopyTo(buffer);
        (start, end) = (0, end - start);
        if (buffer.Length < bytes)
        {
            Array.Resize(ref buffer, checked(Math.Max(2 * buffer.Length, bytes)));
        }

        while (end < bytes)
        {
            var read = await stream.ReadAsync(buffer.AsMemory(end), cancellation);
            if (read == 0)
            {
                throw new InvalidDataException("The COPY ended in the middle of a row.");
            }

            end += read;
        }
    }
}
