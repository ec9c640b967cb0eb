using System.Data;
using Npgsql;

namespace Audit.Projections.Postgres;

/// <summary>A read store in a schema of the journal's own database, which many nodes may share.</summary>
internal sealed class PostgresReadStore : IReadStore
{
    // Plans made while the tables were small must not scan them later. What is lost with a crash is projected again.
    private const string SessionSettings = """
        SET enable_seqscan = off;
        SET jit = off;
        SET synchronous_commit = off;

        """;

    private readonly string connection;
    private readonly ReadStoreKind kind;
    private readonly string schema;
    private readonly PostgresPool pool;
    private readonly NpgsqlConnection? rebuilding;

    public PostgresReadStore(string connection, ReadStoreKind kind) : this(connection, kind, kind.Schema, null) { }

    private PostgresReadStore(string connection, ReadStoreKind kind, string schema, NpgsqlConnection? rebuilding)
    {
        this.connection = connection;
        this.kind = kind;
        this.schema = schema;
        this.rebuilding = rebuilding;
        pool = new PostgresPool(connection, new PostgresUse(SessionSettings + kind.PostgresSettings, Unusable)
        {
            SearchPath = schema, CommandSeconds = kind.CommandSeconds, Prepared = 64,
        });
    }

    public Task<IReadLead?> TryLeadAsync(CancellationToken cancellation) =>
        pool.GuardAsync(() => TryTakeAsync(cancellation));

    public Task<T> ReadAsync<T>(Func<IReadSession, Task<T>> read, CancellationToken cancellation) =>
        SnapshotAsync(reader => read(new PostgresReadSession(reader, kind)), cancellation);

    public Task<T> PeekAsync<T>(Func<IReadSession, Task<T>> read, CancellationToken cancellation) =>
        SnapshotAsync(reader => read(new PostgresReadSession(reader)), cancellation);

    public Task<int> ExecuteAsync(string sql, IReadOnlyList<object> values, CancellationToken cancellation) =>
        pool.RunAsync((writer, token) => new PostgresSession(writer).ExecuteAsync(sql, values, token), cancellation);

    public Task<IReadStore> CreateNextAsync(CancellationToken cancellation) =>
        pool.GuardAsync(() => CreateAsync(cancellation));

    public Task ReplaceByAsync(IReadStore next, CancellationToken cancellation) =>
        pool.GuardAsync(async () =>
        {
            var holder = ((PostgresReadStore)next).rebuilding!;
            await PostgresReadSchema.ReplaceAsync(holder, schema, kind.NextSchema, cancellation);
            await next.DisposeAsync();
            return true;
        });

    public async ValueTask DisposeAsync()
    {
        await pool.DisposeAsync();
        if (rebuilding is not null)
        {
            await LeaveAsync(rebuilding);
            await rebuilding.DisposeAsync();
        }
    }

    /// <summary>
    /// What has not taken another's place by now takes nothing but room. The server ends a session some time after it
    /// was closed; whoever rebuilds next need not wait for that.
    /// </summary>
    private async Task LeaveAsync(NpgsqlConnection holder)
    {
        if (holder.State != ConnectionState.Open)
        {
            return;
        }

        try
        {
            await PostgresReadSchema.DropAsync(holder, schema, CancellationToken.None);
            await holder.RunSqlAsync("SELECT pg_advisory_unlock_all()", CancellationToken.None);
        }
        catch (NpgsqlException)
        {
            // The session is gone, and its locks with it.
        }
    }

    private Task<T> SnapshotAsync<T>(Func<NpgsqlConnection, Task<T>> read, CancellationToken cancellation) =>
        pool.TransactAsync(IsolationLevel.RepeatableRead, (reader, _) => read(reader), cancellation);

    private async Task<IReadLead?> TryTakeAsync(CancellationToken cancellation)
    {
        var taken = await pool.OpenLastingAsync(cancellation);
        try
        {
            // Who rebuilds holds the lock of rebuilding already, and writes to a schema that nobody else knows.
            if (rebuilding is null && !await TryLockAsync(taken, kind.LeadLock, cancellation))
            {
                await taken.DisposeAsync();
                return null;
            }

            await PostgresReadSchema.EnsureAsync(taken, schema, kind.PostgresScripts, cancellation);
            return new PostgresLead(taken, pool);
        }
        catch
        {
            await taken.DisposeAsync();
            throw;
        }
    }

    private async Task<IReadStore> CreateAsync(CancellationToken cancellation)
    {
        var holder = await pool.OpenLastingAsync(cancellation);
        try
        {
            if (!await TryLockAsync(holder, kind.RebuildLock, cancellation))
            {
                throw new ReadModelsException($"Another node is rebuilding the {kind.What} already.");
            }

            await PostgresReadSchema.DropAsync(holder, kind.NextSchema, cancellation);
            return new PostgresReadStore(connection, kind, kind.NextSchema, holder);
        }
        catch
        {
            await holder.DisposeAsync();
            throw;
        }
    }

    private ReadModelsException Unusable(string place, Exception failure) =>
        new($"The {kind.What} in PostgreSQL at {place} could not be used: {failure.Message}", failure);

    private static async Task<bool> TryLockAsync(
        NpgsqlConnection connection, AdvisoryLock key, CancellationToken cancellation) =>
        await connection.ScalarAsync(key.TryTakeSql(), cancellation) is true;
}

/// <summary>Puts questions to one connection.</summary>
/// <param name="kind">Whose version the first question finds out on its way; null where it does not matter.</param>
internal sealed class PostgresReadSession(NpgsqlConnection connection, ReadStoreKind? kind = null) : IReadSession
{
    public async Task<List<T>> QueryAsync<T>(
        string sql, IReadOnlyList<object> values, Func<IStoredRow, T> read, CancellationToken cancellation)
    {
        var session = new PostgresSession(connection);
        if (kind is not { } asked)
        {
            return await session.QueryAsync(sql, values, read, cancellation);
        }

        var found = await session.QueryAsync(
            ReadStoreKind.VersionSql, row => asked.Check(row.Number(0), asked.PostgresScripts), sql, values, read,
            cancellation);
        kind = null;
        return found;
    }

    public Task<List<T>> FindAsync<T>(Table<T> table, IReadOnlyList<KeyColumn> keys, CancellationToken cancellation)
    {
        var arrays = string.Join(
            ", ", keys.Select((key, index) => $"${index + 1}::{(key.Numbers is null ? "text" : "bigint")}[]"));
        var names = string.Join(", ", keys.Select(key => key.Name));
        return QueryAsync(
            $"SELECT {table.Selected("t.")} FROM unnest({arrays}) AS k({names}) JOIN {table.Name} t USING ({names})",
            [.. keys.Select(key => (object?)key.Numbers ?? key.Texts!)],
            row => table.Of(row),
            cancellation);
    }
}
