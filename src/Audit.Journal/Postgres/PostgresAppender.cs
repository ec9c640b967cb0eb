using Npgsql;

namespace Audit.Journal.Postgres;

/// <summary>Writes appends over one connection, one after the other.</summary>
internal sealed class PostgresAppender : IAsyncDisposable
{
    // Up to here one call with one round trip is faster than a COPY with three. What is sent leaves in one piece then,
    // so that a node which is stopped while it sends has sent all or too little to begin with.
    private const int MostRowsInCall = 64;
    private const int MostBytesInCall = 48 << 10;

    // Temporary rows make the files grow as an append would, and the message makes the commit one for the disk.
    private const string TryRowsSql = """
        INSERT INTO journal_staged
        SELECT n, NULL, 0, '', n, '', decode(repeat(md5(n::text), 200), 'hex') FROM generate_series(1, 8) AS n
        """;

    private const string TryCommitSql = "SELECT pg_logical_emit_message(true, 'audit', '')";

    // A session's own tables and its messages are written where nothing else may be.
    private const string TryTableSql = "INSERT INTO meta SELECT * FROM meta WHERE false";

    private static readonly string TryLockSql = AdvisoryLock.JournalAppend.TryTakeForTransactionSql();

    private const string HolderSql = """
        SELECT format('process %s%s, %s, %s for %s s', a.pid, ' of ' || host(a.client_addr),
            coalesce(nullif(a.application_name, ''), 'a client without a name'), a.state,
            round(extract(epoch FROM clock_timestamp() - a.state_change)))
        FROM pg_locks l JOIN pg_stat_activity a USING (pid)
        WHERE l.locktype = 'advisory' AND l.granted AND l.classid = 7401 AND l.objid = $1
            AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
        LIMIT 1
        """;

    /// <summary>
    /// A connection that was idle for longer is asked whether it is alive before an append depends on it.
    /// </summary>
    private static readonly TimeSpan Trusted = TimeSpan.FromSeconds(1);

    private readonly AppendPlan plan = new();
    private readonly NpgsqlConnection connection;
    private readonly string place;
    private readonly FailureLog failures;
    private readonly AppendCall call;
    private readonly AppendCopy copy;
    private long lastUse = Environment.TickCount64;
    private bool isHeld;

    private PostgresAppender(NpgsqlConnection connection, string place, string writer, FailureLog failures)
    {
        this.connection = connection;
        this.place = place;
        this.failures = failures;
        call = new AppendCall(connection, writer);
        copy = new AppendCopy(connection, writer);
    }

    /// <summary>The process that serves the connection: its notifications are our own.</summary>
    public int ProcessId => connection.ProcessID;

    public static async Task<PostgresAppender> OpenAsync(
        PostgresPool pool, string writer, FailureLog failures, CancellationToken cancellation)
    {
        var appender = new PostgresAppender(
            await pool.OpenLastingAsync(cancellation), pool.Place, writer, failures);
        try
        {
            await appender.connection.RunSqlAsync(AppendCopy.StageSql, cancellation);
            await appender.call.PrepareAsync(cancellation);
            await appender.copy.PrepareAsync(cancellation);
            return appender;
        }
        catch
        {
            await appender.DisposeAsync();
            throw;
        }
    }

    /// <summary>Whether the connection still answers: it may have died while nobody used it.</summary>
    public async Task<bool> IsAliveAsync()
    {
        if (Environment.TickCount64 - lastUse < Trusted.TotalMilliseconds)
        {
            return true;
        }

        try
        {
            await connection.ScalarAsync("SELECT 1", CancellationToken.None);
            return true;
        }
        catch (Exception failure) when (failure is NpgsqlException or InvalidOperationException)
        {
            failures.Report("journal connection", failure);
            return false;
        }
    }

    public Task<long> LastPositionAsync() => PostgresReads.LastPositionAsync(connection, CancellationToken.None);

    /// <returns>The last position written, 0 when none was.</returns>
    public Task<long> AppendAsync(IReadOnlyList<RowToAppend> rows, Memory<long> positions)
    {
        plan.Make(rows);
        positions.Span.Clear();
        return plan.RowsToWrite == 0 ? Task.FromResult(0L) : LockingAsync(() => RunAsync(rows, positions));
    }

    /// <inheritdoc cref="IJournal.TryCommitAsync"/>
    public Task<long> TryCommitAsync() => LockingAsync(async () =>
    {
        await using var batch = new NpgsqlBatch(connection)
        {
            BatchCommands =
            {
                new(AdvisoryLock.JournalAppend.TakeForTransactionSql()), new(TryRowsSql), new(TryTableSql),
                new(TryCommitSql),
            },
        };
        return (long)await batch.ExecuteNonQueryAsync();
    });

    public async ValueTask DisposeAsync()
    {
        await call.DisposeAsync();
        await copy.DisposeAsync();
        await connection.DisposeAsync();
    }

    private async Task<long> RunAsync(IReadOnlyList<RowToAppend> rows, Memory<long> positions)
    {
        var last = FitsCall(rows) ? null : await copy.TryRunAsync(plan, rows, positions);
        return last ?? await call.RunAsync(plan, rows, positions);
    }

    private bool FitsCall(IReadOnlyList<RowToAppend> rows)
    {
        if (plan.RowsToWrite > MostRowsInCall)
        {
            return false;
        }

        var bytes = 0L;
        for (var i = 0; i < rows.Count; i++)
        {
            bytes += rows[i].Message.Length + rows[i].Stream.Key.Utf8.Length;
        }

        return bytes <= MostBytesInCall;
    }

    /// <summary>
    /// Does what takes the journal's lock. When somebody held it for too long, those who come after are answered at
    /// once until it is free again.
    /// </summary>
    private async Task<long> LockingAsync(Func<Task<long>> work)
    {
        if (isHeld && await connection.ScalarAsync(TryLockSql, CancellationToken.None) is not true)
        {
            throw await HeldAsync();
        }

        isHeld = false;
        try
        {
            var result = await work();
            lastUse = Environment.TickCount64;
            return result;
        }
        catch (PostgresException failure) when (PostgresTrouble.IsLocked(failure))
        {
            failures.Report("journal lock", failure);
            isHeld = true;
            throw await HeldAsync();
        }
    }

    private async Task<JournalUnavailableException> HeldAsync()
    {
        await using var command = connection.NewCommand(HolderSql, [(long)AdvisoryLock.JournalAppend]);
        var holder = await command.ExecuteScalarAsync() as string ?? "a process that is gone by now";
        return new JournalUnavailableException(
            $"PostgreSQL at {place}: the journal's lock is held by {holder}.", null, JournalTrouble.Locked);
    }
}
