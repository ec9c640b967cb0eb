using Npgsql;

namespace Audit.Journal.Postgres;

/// <summary>The journal in PostgreSQL: one writing connection, one that listens, and a pool for readings.</summary>
internal sealed class PostgresJournal : IJournal
{
    private const int MostRowsInPage = 10_000;

    private readonly PostgresPool pool;
    private readonly PostgresWriter writer;
    private readonly CommitSignal signal;
    private readonly PostgresListener listener;

    private PostgresJournal(PostgresPool pool, FailureLog failures)
    {
        this.pool = pool;
        signal = new CommitSignal(LastPositionAsync, failures);
        writer = new PostgresWriter(pool, () => signal.Last, failures);
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

    public Task AppendAsync(
        IReadOnlyList<RowToAppend> rows, Memory<long> positions, CancellationToken cancellation) =>
        signal.AppendingAsync(
            rows.Count, positions, given => writer.AppendAsync(rows, given, cancellation),
            cancellation);

    public async Task<IReadOnlyList<IReadOnlyList<JournalRow>>> ReadStreamsAsync(
        IReadOnlyList<StreamKey> streams, CancellationToken cancellation)
    {
        if (streams.Count == 0)
        {
            return [];
        }

        var found = await NamingAsync(
            streams,
            () => pool.ReadAtLengthAsync(
                (connection, token) => PostgresReads.StreamsAsync(connection, streams, token), cancellation),
            cancellation);
        var result = new IReadOnlyList<JournalRow>[streams.Count];
        for (var i = 0; i < result.Length; i++)
        {
            result[i] = found.TryGetValue(streams[i].ToString(), out var rows) ? rows : [];
        }

        return result;
    }

    public Task<IReadOnlyList<JournalRow>> ReadStreamAsync(
        StreamKey stream, long afterSequence, int limit, CancellationToken cancellation) =>
        NamingAsync(
            [stream],
            () => ReadSomeAsync(
                limit, one => PostgresReads.StreamAsync(one, stream, afterSequence, limit, cancellation),
                cancellation),
            cancellation);

    public async Task<long[]> ReadPositionsAsync(IReadOnlyList<StreamPlace> places, CancellationToken cancellation)
    {
        if (places.Count == 0)
        {
            return [];
        }

        var positions = await NamingAsync(
            [.. places.Select(place => place.Stream)],
            () => pool.ReadAsync(
                (connection, token) => PostgresReads.PositionsAsync(connection, places, token), cancellation),
            cancellation);
        signal.Advance(positions.Max());
        return positions;
    }

    public Task<IReadOnlyList<JournalRow>> ReadAfterAsync(
        long position, int limit, long byteLimit, CancellationToken cancellation) =>
        ReadPageAsync(isForward: true, position, limit, byteLimit, cancellation);

    public Task<IReadOnlyList<JournalRow>> ReadBeforeAsync(
        long position, int limit, long byteLimit, CancellationToken cancellation) =>
        ReadPageAsync(isForward: false, position, limit, byteLimit, cancellation);

    public async Task<JournalRow?> ReadRowAsync(long position, CancellationToken cancellation)
    {
        try
        {
            return await pool.ReadAsync(
                (connection, token) => PostgresReads.RowAsync(connection, position, token), cancellation);
        }
        catch (JournalUnavailableException failure) when (failure.Trouble == JournalTrouble.Damaged)
        {
            throw DamagedNextTo(position - 1, failure);
        }
    }

    public async Task<bool> IsCutAsync(long position, CancellationToken cancellation) =>
        await pool.ReadAsync(
            async (connection, token) =>
            {
                await using var command = new NpgsqlCommand(JournalTable.IsCutSql, connection);
                command.Parameters.Add(new NpgsqlParameter { Value = position });
                return (long)(await command.ExecuteScalarAsync(token))! > 0;
            },
            cancellation);

    public Task<long> LastPositionAsync(CancellationToken cancellation) =>
        pool.ReadAsync(PostgresReads.LastPositionAsync, cancellation);

    public Task TryCommitAsync(CancellationToken cancellation) => writer.TryCommitAsync(cancellation);

    public Task<long> WaitForMoreAsync(long position, CancellationToken cancellation) =>
        signal.WaitAsync(position, cancellation);

    public async ValueTask DisposeAsync()
    {
        await listener.DisposeAsync();
        await writer.DisposeAsync();
        await pool.DisposeAsync();
    }

    /// <summary>A page ends before what is damaged; one that would begin with it says where that is.</summary>
    private async Task<IReadOnlyList<JournalRow>> ReadPageAsync(
        bool isForward, long position, int limit, long byteLimit, CancellationToken cancellation)
    {
        try
        {
            return await ReadSomeAsync(
                limit,
                one => PostgresReads.PageAsync(one, isForward, position, limit, byteLimit, cancellation),
                cancellation);
        }
        catch (JournalUnavailableException failure) when (failure.Trouble == JournalTrouble.Damaged)
        {
            var rows = await ReadSomeAsync(
                limit,
                one => PostgresReads.UpToDamageAsync(one, isForward, position, limit, byteLimit, cancellation),
                cancellation);
            return rows.Count > 0 ? rows : throw DamagedNextTo(position, failure);
        }
    }

    /// <summary>Says of streams that cannot be read where in the journal that is.</summary>
    private async Task<T> NamingAsync<T>(
        IReadOnlyList<StreamKey> streams, Func<Task<T>> read, CancellationToken cancellation)
    {
        try
        {
            return await read();
        }
        catch (JournalUnavailableException failure) when (failure.Trouble == JournalTrouble.Damaged)
        {
            var before = await pool.ReadAsync(
                (connection, token) => PostgresReads.BeforeDamageAsync(connection, streams, failure.Message, token),
                cancellation);
            throw before is { } position ? DamagedNextTo(position, failure) : failure;
        }
    }

    private static JournalUnavailableException DamagedNextTo(long position, JournalUnavailableException failure) => new(
        $"The journal is damaged next to position {position}: {failure.Message}", failure, JournalTrouble.Damaged);

    private Task<IReadOnlyList<JournalRow>> ReadSomeAsync(
        int limit, Func<NpgsqlConnection, Task<IReadOnlyList<JournalRow>>> read, CancellationToken cancellation)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(limit);
        return limit > MostRowsInPage
            ? pool.ReadAtLengthAsync((connection, _) => read(connection), cancellation)
            : pool.ReadAsync((connection, _) => read(connection), cancellation);
    }
}

/// <summary>What the journal's callers receive of what the driver threw.</summary>
internal static class PostgresTrouble
{
    public static JournalUnavailableException Of(string place, Exception failure)
    {
        var kind = KindOf(failure);
        var sentence = kind == JournalTrouble.Stalled ? "it goes on without a word" : failure.Message;
        return new JournalUnavailableException($"PostgreSQL at {place}: {sentence}", failure, kind);
    }

    public static bool IsDamage(Exception failure) => KindOf(failure) == JournalTrouble.Damaged;

    public static bool IsLocked(Exception failure) => KindOf(failure) == JournalTrouble.Locked;

    private static JournalTrouble KindOf(Exception failure) => failure switch
    {
        PostgresException answered => answered.SqlState switch
        {
            PostgresErrorCodes.LockNotAvailable => JournalTrouble.Locked,
            PostgresErrorCodes.DiskFull => JournalTrouble.DiskFull,
            PostgresErrorCodes.ReadOnlySqlTransaction => JournalTrouble.ReadOnly,
            PostgresErrorCodes.DataCorrupted or PostgresErrorCodes.IndexCorrupted => JournalTrouble.Damaged,
            _ => JournalTrouble.Away,
        },
        TimeoutException or NpgsqlException { InnerException: TimeoutException } => JournalTrouble.Stalled,
        _ => JournalTrouble.Away,
    };
}
