using Npgsql;

namespace Audit.Storage.Postgres;

/// <summary>
/// The advisory locks that all rooms take of one database, by name: each is a number under one number of our own. The
/// journal's scripts take the first one too.
/// </summary>
public enum AdvisoryLock
{
    JournalAppend = 1,
    JournalSchema = 2,
    LogSealing = 3,
    LogSchema = 4,
    ReadModelsLead = 11,
    ReadModelsRebuild = 12,
    TextIndexLead = 13,
    TextIndexRebuild = 14,
    AlertSending = 15,
    KeyRetiring = 16,
}

public static class AdvisoryLocks
{
    /// <summary>Waits for the lock, and keeps it as long as the transaction.</summary>
    public static string TakeForTransactionSql(this AdvisoryLock key) =>
        $"SELECT pg_advisory_xact_lock(7401, {(int)key})";

    /// <summary>Takes the lock if it is free, and keeps it as long as the transaction.</summary>
    public static string TryTakeForTransactionSql(this AdvisoryLock key) =>
        $"SELECT pg_try_advisory_xact_lock(7401, {(int)key})";

    /// <summary>Takes the lock if it is free, and keeps it as long as the session.</summary>
    public static string TryTakeSql(this AdvisoryLock key) => $"SELECT pg_try_advisory_lock(7401, {(int)key})";
}

/// <summary>
/// A lock that one node at a time has, on a connection of its own: the server lets go of it when that ends. Nobody else
/// has a file that a node opened.
/// </summary>
public sealed class HeldLock : IAsyncDisposable
{
    /// <summary>Of a store that is a file.</summary>
    public static readonly HeldLock OfFile = new(null, null);

    private readonly PostgresPool? pool;
    private readonly NpgsqlConnection? connection;

    // A connection answers one at a time.
    private readonly SemaphoreSlim turn = new(1);

    private HeldLock(PostgresPool? pool, NpgsqlConnection? connection) =>
        (this.pool, this.connection) = (pool, connection);

    /// <returns>Null while another node has it.</returns>
    public static Task<HeldLock?> TryTakeAsync(PostgresPool pool, AdvisoryLock key, CancellationToken cancellation) =>
        pool.GuardAsync(async () =>
        {
            var connection = await pool.OpenLastingAsync(cancellation);
            try
            {
                if (await connection.ScalarAsync(key.TryTakeSql(), cancellation) is true)
                {
                    return new HeldLock(pool, connection);
                }
            }
            catch
            {
                await connection.DisposeAsync();
                throw;
            }

            await connection.DisposeAsync();
            return null;
        });

    /// <summary>Asks the server; where its connection is gone, so is the lock.</summary>
    public async Task RequireAsync(CancellationToken cancellation)
    {
        if (connection is null)
        {
            return;
        }

        await turn.WaitAsync(cancellation);
        try
        {
            await pool!.GuardAsync(() => connection.ScalarAsync("SELECT 1", cancellation));
        }
        finally
        {
            turn.Release();
        }
    }

    public ValueTask DisposeAsync() => connection?.DisposeAsync() ?? default;
}
