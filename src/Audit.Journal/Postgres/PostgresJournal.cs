using Npgsql;

namespace Audit.Journal.Postgres;

/// <summary>The journal in PostgreSQL: one writing connection, one that listens, and a pool for readings.</summary>
internal sealed class PostgresJournal : IJournal
{
    private readonly PostgresPool pool;
    private readonly PostgresWriter writer;
    private readonly CommitSignal signal;
    private readonly PostgresListener listener;

    private PostgresJournal(PostgresPool pool, FailureLog failures)
    {
        this.pool = pool;
        writer = new PostgresWriter(pool, failures);
        signal = new CommitSignal(LastPositionAsync, failures);
        listener = new PostgresListener(pool, writer, signal, failures);
    }

    public static async Task<PostgresJournal> OpenAsync(
        PostgresPool pool, FailureLog failures, CancellationToken cancellation)
    {
        var journal = new PostgresJournal(pool, failures);
        try
        {
            journal.signal.Advance(await journal.LastPositionAsync(cancellation));
            return journal;
        }
        catch
        {
            await journal.DisposeAsync();
            throw;
        }
    }

    public async Task AppendAsync(
        IReadOnlyList<RowToAppend> rows, Memory<long> positions, CancellationToken cancellation)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(positions.Length, rows.Count, nameof(positions));
        if (rows.Count == 0)
        {
            return;
        }

        signal.Advance(await writer.AppendAsync(rows, positions[..rows.Count], cancellation));
    }

    public async Task<IReadOnlyList<IReadOnlyList<JournalRow>>> ReadStreamsAsync(
        IReadOnlyList<StreamKey> streams, CancellationToken cancellation)
    {
        if (streams.Count == 0)
        {
            return [];
        }

        var found = await pool.ReadAsync(
            (connection, token) => PostgresReads.StreamsAsync(connection, streams, token), cancellation);
        var result = new IReadOnlyList<JournalRow>[streams.Count];
        for (var i = 0; i < result.Length; i++)
        {
            result[i] = found.TryGetValue(streams[i].ToString(), out var rows) ? rows : [];
        }

        return result;
    }

    public Task<IReadOnlyList<JournalRow>> ReadStreamAsync(
        StreamKey stream, long afterSequence, int limit, CancellationToken cancellation) =>
        ReadSomeAsync(
            limit, one => PostgresReads.StreamAsync(one, stream, afterSequence, limit, cancellation), cancellation);

    public async Task<long[]> ReadPositionsAsync(IReadOnlyList<StreamPlace> places, CancellationToken cancellation)
    {
        if (places.Count == 0)
        {
            return [];
        }

        var positions = await pool.ReadAsync(
            (connection, token) => PostgresReads.PositionsAsync(connection, places, token), cancellation);
        signal.Advance(positions.Max());
        return positions;
    }

    public Task<IReadOnlyList<JournalRow>> ReadAfterAsync(
        long position, int limit, long byteLimit, CancellationToken cancellation) =>
        ReadSomeAsync(
            limit, one => PostgresReads.AfterAsync(one, position, limit, byteLimit, cancellation), cancellation);

    public Task<IReadOnlyList<JournalRow>> ReadBeforeAsync(
        long position, int limit, long byteLimit, CancellationToken cancellation) =>
        ReadSomeAsync(
            limit, one => PostgresReads.BeforeAsync(one, position, limit, byteLimit, cancellation), cancellation);

    public Task<JournalRow?> ReadRowAsync(long position, CancellationToken cancellation) =>
        pool.ReadAsync((connection, token) => PostgresReads.RowAsync(connection, position, token), cancellation);

    public Task<long> LastPositionAsync(CancellationToken cancellation) =>
        pool.ReadAsync(PostgresReads.LastPositionAsync, cancellation);

    public Task<long> WaitForMoreAsync(long position, CancellationToken cancellation) =>
        signal.WaitAsync(position, cancellation);

    public async ValueTask DisposeAsync()
    {
        await listener.DisposeAsync();
        await writer.DisposeAsync();
        await pool.DisposeAsync();
    }

    private Task<IReadOnlyList<JournalRow>> ReadSomeAsync(
        int limit, Func<NpgsqlConnection, Task<IReadOnlyList<JournalRow>>> read, CancellationToken cancellation)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(limit);
        return pool.ReadAsync((connection, _) => read(connection), cancellation);
    }
}
