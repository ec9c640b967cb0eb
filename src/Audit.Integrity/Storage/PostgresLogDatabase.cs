using Npgsql;

namespace Audit.Integrity.Storage;

/// <summary>The log of a PostgreSQL store, in a schema of its own beside the journal.</summary>
internal sealed class PostgresLogDatabase : ILogDatabase
{
    private const string SchemaName = "audit_log";

    private const string VersionsSql = $"""
        CREATE TABLE {SchemaName}.schema_version
            (version INTEGER NOT NULL PRIMARY KEY, name TEXT NOT NULL)
        """;

    private const string DurableSql =
        "SELECT set_config('synchronous_commit', 'on', false) "
        + "WHERE current_setting('synchronous_commit') <> 'remote_apply'";

    public static readonly SchemaScripts Scripts = new(typeof(PostgresLogDatabase).Assembly, "Storage.Postgres");

    private readonly PostgresPool pool;

    private PostgresLogDatabase(string connection, PostgresUse use) => pool = new PostgresPool(connection, use);

    private static PostgresUse Use => new("", (_, failure) => failure) { Prepared = 16, MostConnections = 2 };

    public string Schema => SchemaName + ".";

    private string Place => $"The log in PostgreSQL at {pool.Place}";

    public static async Task<PostgresLogDatabase> OpenAsync(string connection, CancellationToken cancellation)
    {
        var database = new PostgresLogDatabase(connection, Use);
        await database.OpenOrCloseAsync(database.MakeTablesAsync, cancellation);
        return database;
    }

    /// <returns>Null where the database has no log.</returns>
    public static async Task<PostgresLogDatabase?> FindForReadingAsync(
        string connection, CancellationToken cancellation)
    {
        var database = new PostgresLogDatabase(connection, Use with { ConnectSeconds = 30, ConnectTries = 3 });
        return await database.OpenOrCloseAsync(database.HasTablesAsync, cancellation) ? database : null;
    }

    public Task<List<T>> QueryAsync<T>(
        string sql, IReadOnlyList<object?> values, Func<IStoredRow, T> read, CancellationToken cancellation) =>
        pool.ReadAsync(session => session.QueryAsync(sql, values, read, cancellation), cancellation);

    public Task ExecuteAsync(string sql, IReadOnlyList<object?> values, CancellationToken cancellation) =>
        pool.ChangeAsync(session => session.ExecuteAsync(sql, values, cancellation), cancellation);

    public async Task<ILogHold?> TryHoldAsync(CancellationToken cancellation)
    {
        var held = await pool.OpenLastingAsync(cancellation);
        try
        {
            await held.RunSqlAsync(DurableSql, cancellation);
            if (await held.ScalarAsync(AdvisoryLock.LogSealing.TryTakeSql(), cancellation) is true)
            {
                return new Hold(held);
            }
        }
        catch
        {
            await held.DisposeAsync();
            throw;
        }

        await held.DisposeAsync();
        return null;
    }

    public ValueTask DisposeAsync() => pool.DisposeAsync();

    /// <returns>Whether there are tables; where there are none, or they cannot be opened, it is closed.</returns>
    private async Task<bool> OpenOrCloseAsync(Func<CancellationToken, Task<bool>> open, CancellationToken cancellation)
    {
        var isOpen = false;
        try
        {
            return isOpen = await open(cancellation);
        }
        catch (NpgsqlException failure)
        {
            throw new StoreException($"{Place} cannot be opened: {failure.Message}", failure);
        }
        finally
        {
            if (!isOpen)
            {
                await DisposeAsync();
            }
        }
    }

    private async Task<bool> HasTablesAsync(CancellationToken cancellation)
    {
        await using var connection = await pool.OpenAsync(cancellation);
        return await connection.ScalarAsync(
            $"SELECT to_regclass('{SchemaName}.log') IS NOT NULL", cancellation) is true;
    }

    private async Task<bool> MakeTablesAsync(CancellationToken cancellation)
    {
        await using var connection = await pool.OpenLastingAsync(cancellation);
        await using var transaction = await connection.BeginTransactionAsync(cancellation);
        await connection.RunScriptAsync(AdvisoryLock.LogSchema.TakeForTransactionSql(), cancellation);
        // Made only where it is missing: a role that may make no schema can use one that was made for it.
        if (await connection.ScalarAsync($"SELECT to_regnamespace('{SchemaName}') IS NULL", cancellation) is true)
        {
            await connection.RunSqlAsync($"CREATE SCHEMA {SchemaName}", cancellation);
        }

        // The same for the table: a role that may make none can use those that were made for it.
        var lacksVersions = $"SELECT to_regclass('{SchemaName}.schema_version') IS NULL";
        if (await connection.ScalarAsync(lacksVersions, cancellation) is true)
        {
            await connection.RunSqlAsync(VersionsSql, cancellation);
        }

        await Scripts.ApplyAsync(
            new PostgresSession(connection), Schema + "schema_version", appliedAt: null, Place, cancellation);
        await transaction.CommitAsync(cancellation);
        return true;
    }

    // The lock hangs on the session, and what is sealed is written over that same session: a node that lost the lock
    // cannot write, whether or not it knows. The server lets go when the session ends.
    private sealed class Hold(NpgsqlConnection connection) : ILogHold
    {
        public async Task TransactAsync(Func<IStoreSession, Task> work, CancellationToken cancellation)
        {
            await using var transaction = await connection.BeginTransactionAsync(cancellation);
            await work(new PostgresSession(connection));
            await transaction.CommitAsync(cancellation);
        }

        public ValueTask DisposeAsync() => connection.DisposeAsync();
    }
}
