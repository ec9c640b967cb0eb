using Audit.Journal.Postgres;
using Audit.Journal.Tokens;
using Npgsql;

namespace Audit.Journal.Stores;

/// <summary>Opens a store in a PostgreSQL database, which many nodes may share.</summary>
internal static class PostgresStore
{
    // What is committed must be on disk, however the server, the database or the role is configured; remote_apply
    // promises more and is left alone. A snapshot must be younger than the statement before it, so not REPEATABLE READ.
    // Plans made while the table was small must not scan it later.
    private const string SessionSettings = """
        SELECT set_config('synchronous_commit', 'on', false)
        WHERE current_setting('synchronous_commit') <> 'remote_apply';
        SET default_transaction_isolation = 'read committed';
        SET enable_seqscan = off;
        SET jit = off
        """;

    // Who waits for another node to bring the database to its version waits as long as that takes.
    private static readonly string TurnSql =
        "SET LOCAL lock_timeout = 0; SET LOCAL idle_in_transaction_session_timeout = '30s'; "
        + AdvisoryLock.JournalSchema.TakeForTransactionSql();

    private const string VersionsSql =
        "CREATE TABLE schema_version (version INT PRIMARY KEY, name TEXT NOT NULL, applied_at TIMESTAMPTZ NOT NULL)";

    private const string SizesSql =
        """
        SELECT pg_total_relation_size('journal'), pg_wal_lsn_diff(
            CASE WHEN pg_is_in_recovery() THEN pg_last_wal_replay_lsn() ELSE pg_current_wal_lsn() END, redo_lsn)::bigint
        FROM pg_control_checkpoint()
        """;

    public static readonly SchemaScripts Scripts = new(typeof(PostgresStore).Assembly, "Postgres");

    /// <exception cref="StoreException">The database cannot be opened; the message says why.</exception>
    public static async Task<IAuditStore> OpenAsync(
        string connection, StoreOpening how, CancellationToken cancellation)
    {
        // A lock that rests is ended before those who wait for it give up, and these before whoever waits for them.
        var use = new PostgresUse(SessionSettings, PostgresTrouble.Of)
        {
            LastingPrepares = false, RestSeconds = 3, LockSeconds = 4, CommandSeconds = 5,
            WorkSeconds = 5,
        };
        var pool = new PostgresPool(connection, use);
        try
        {
            await ApplySchemaAsync(pool, cancellation);
            var journal = await PostgresJournal.OpenAsync(pool, how.Failures, cancellation);
            return await AuditStore.WithKeysAsync(
                "postgres", pool.Place, journal, pool, table => $"LOCK TABLE {table} IN SHARE ROW EXCLUSIVE MODE",
                SizesSql, how, cancellation);
        }
        catch (Exception failure)
        {
            await pool.DisposeAsync();
            if (failure is not (NpgsqlException or JournalUnavailableException or IOException or ArgumentException))
            {
                throw;
            }

            throw new StoreException(
                $"The store in PostgreSQL at {pool.Place} cannot be opened: {failure.Message}", failure);
        }
    }

    /// <summary>
    /// Brings the database to this program's version, in one transaction that one node at a time can run.
    /// </summary>
    private static async Task ApplySchemaAsync(PostgresPool pool, CancellationToken cancellation)
    {
        await using var connection = await pool.OpenLastingAsync(cancellation);
        await using var transaction = await connection.BeginTransactionAsync(cancellation);
        await connection.RunScriptAsync(TurnSql, cancellation);
        // The table is made only where it is missing: a role that may not make tables can still open what others made.
        if (await connection.ScalarAsync("SELECT to_regclass('schema_version') IS NULL", cancellation) is true)
        {
            await connection.RunSqlAsync(VersionsSql, cancellation);
        }

        try
        {
            await Scripts.ApplyAsync(
                new PostgresSession(connection), "schema_version", "now()", $"The store {pool.Place}", cancellation);
        }
        catch (PostgresException refused) when (refused.SqlState == PostgresErrorCodes.InsufficientPrivilege)
        {
            throw new StoreException(
                $"The store in PostgreSQL at {pool.Place} is of an older program, and the role that signs in here may "
                + $"not bring it to version {Scripts.Version} ({refused.MessageText}): start a node once as the role "
                + "that made it, or as a superuser, and then run deploy/postgres/roles.sql again.",
                refused);
        }

        await transaction.CommitAsync(cancellation);
    }
}
