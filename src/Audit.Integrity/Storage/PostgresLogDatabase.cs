using System.Data.Common;
using Npgsql;

namespace Audit.Integrity.Storage;

/// <summary>The log of a PostgreSQL store, in a schema of its own beside the journal.</summary>
internal sealed class PostgresLogDatabase : ILogDatabase
{
    private const string SchemaName = "audit_log";

    // 7401, 1 and 7401, 2 are the journal's.
    private const string HoldSql = "SELECT pg_try_advisory_lock(7401, 3)";
    private const string ScriptLockSql = "SELECT pg_advisory_xact_lock(7401, 4)";
    private const string SchemaExistsSql = "SELECT to_regnamespace('audit_log') IS NOT NULL";
    private const string LogExistsSql = "SELECT to_regclass('audit_log.log') IS NOT NULL";
    private const string DurableSql =
        "SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') <> 'remote_apply'";

    private readonly NpgsqlDataSource pool;
    private readonly NpgsqlDataSource lasting;

    private PostgresLogDatabase(string connection)
    {
        var settings = PostgresSettings.Parse(connection);
        Place = $"PostgreSQL at {settings.Host}:{settings.Port}/{settings.Database ?? settings.Username}";
        settings.MaxAutoPrepare = 16;
        pool = NpgsqlDataSource.Create(settings);
        settings.Pooling = false;
        lasting = NpgsqlDataSource.Create(settings);
    }

    public string Schema => SchemaName + ".";

    public string Place { get; }

    public static async Task<PostgresLogDatabase> OpenAsync(string connection, CancellationToken cancellation)
    {
        var database = new PostgresLogDatabase(connection);
        try
        {
            await database.MakeTablesAsync(cancellation);
            return database;
        }
        catch (Exception failure)
        {
            await database.DisposeAsync();
            if (failure is not NpgsqlException)
            {
                throw;
            }

            throw new StoreException($"The log in {database.Place} cannot be opened: {failure.Message}", failure);
        }
    }

    /// <returns>Null where the database has no log.</returns>
    public static async Task<PostgresLogDatabase?> FindForReadingAsync(string connection, CancellationToken cancellation)
    {
        var database = new PostgresLogDatabase(connection);
        try
        {
            if (await database.AskAsync(LogExistsSql, cancellation))
            {
                return database;
            }
        }
        catch (NpgsqlException failure)
        {
            await database.DisposeAsync();
            throw new StoreException($"The log in {database.Place} cannot be opened: {failure.Message}", failure);
        }
        await database.DisposeAsync();
        return null;
    }

    public async Task<DbConnection> OpenAsync(CancellationToken cancellation) =>
        await pool.OpenConnectionAsync(cancellation);

    // The lock hangs on the session, and what is sealed is written over that same session: a node that lost the lock
    // cannot write, whether or not it knows.
    public async Task<DbConnection?> TryHoldAsync(CancellationToken cancellation)
    {
        var held = await lasting.OpenConnectionAsync(cancellation);
        try
        {
            await RunAsync(held, null, DurableSql, cancellation);
            if (await RunAsync(held, null, HoldSql, cancellation) is true)
            {
                return held;
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

    public void Release()
    {
        // The server let go when the session ended.
    }

    public async ValueTask DisposeAsync()
    {
        await pool.DisposeAsync();
        await lasting.DisposeAsync();
    }

    private async Task MakeTablesAsync(CancellationToken cancellation)
    {
        await using var connection = await lasting.OpenConnectionAsync(cancellation);
        await using var transaction = await connection.BeginTransactionAsync(cancellation);
        await RunAsync(connection, transaction, ScriptLockSql, cancellation);
        // Made only where it is missing: a role that may make no schema can use one that was made for it.
        if (await RunAsync(connection, transaction, SchemaExistsSql, cancellation) is false)
        {
            await RunAsync(connection, transaction, $"CREATE SCHEMA {SchemaName}", cancellation);
        }

        await LogScripts.ApplyAsync(connection, transaction, this, "Postgres", cancellation);
        await transaction.CommitAsync(cancellation);
    }

    private async Task<bool> AskAsync(string sql, CancellationToken cancellation)
    {
        var connection = await pool.OpenConnectionAsync(cancellation);
        await using (connection)
        {
            return await RunAsync(connection, null, sql, cancellation) is true;
        }
    }

    private static async Task<object?> RunAsync(
        NpgsqlConnection connection, NpgsqlTransaction? transaction, string sql, CancellationToken cancellation)
    {
        var command = new NpgsqlCommand(sql, connection, transaction);
        await using (command)
        {
            return await command.ExecuteScalarAsync(cancellation);
        }
    }
}

/// <summary>Reads the connection string of a store.</summary>
internal static class PostgresSettings
{
    /// <exception cref="StoreException">The string cannot be read; nothing of it is in the message.</exception>
    public static NpgsqlConnectionStringBuilder Parse(string connection)
    {
        try
        {
            return new NpgsqlConnectionStringBuilder(connection) { Enlist = false, Multiplexing = false };
        }
        catch (Exception failure) when (failure is ArgumentException or FormatException)
        {
            // What the parser says may quote a piece of the password.
            throw new StoreException("The store's PostgreSQL connection string cannot be read.");
        }
    }
}
