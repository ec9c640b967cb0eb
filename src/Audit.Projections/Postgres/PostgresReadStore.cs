using System.Data;
using Audit.Projections.Stores;
using Npgsql;

namespace Audit.Projections.Postgres;

/// <summary>A read store in a schema of the journal's own database, which many nodes may share.</summary>
internal sealed class PostgresReadStore : IReadStore
{
    private const int ConnectSeconds = 10;

    // Plans made while the tables were small must not scan them later. What is lost with a crash is projected again. A node
    // whose machine is gone must not hold the lock for hours.
    private const string SessionSettings = """
        SET enable_seqscan = off;
        SET jit = off;
        SET synchronous_commit = off;
        SET tcp_keepalives_idle = 10;
        SET tcp_keepalives_interval = 5;
        SET tcp_keepalives_count = 3
        """;

    private readonly string connection;
    private readonly ReadStoreKind kind;
    private readonly string schema;
    private readonly NpgsqlDataSource pool;
    private readonly NpgsqlDataSource lasting;
    private readonly NpgsqlConnection? rebuilding;

    public PostgresReadStore(string connection, ReadStoreKind kind) : this(connection, kind, kind.Schema, null) { }

    private PostgresReadStore(string connection, ReadStoreKind kind, string schema, NpgsqlConnection? rebuilding)
    {
        this.connection = connection;
        this.kind = kind;
        this.schema = schema;
        this.rebuilding = rebuilding;
        var settings = new NpgsqlConnectionStringBuilder(connection)
        {
            SearchPath = schema, Multiplexing = false, Enlist = false, NoResetOnClose = true, AutoPrepareMinUsages = 2,
        };
        settings.ApplicationName ??= "audit";
        settings.CommandTimeout = kind.CommandSeconds;
        settings.Timeout = Math.Min(settings.Timeout, ConnectSeconds);
        settings.MaxAutoPrepare = settings.MaxAutoPrepare == 0 ? 64 : settings.MaxAutoPrepare;
        Place = $"{settings.Host}:{settings.Port}/{settings.Database ?? settings.Username}";
        pool = Build(settings, kind);
        settings.Pooling = false;
        lasting = Build(settings, kind);
    }

    private string Place { get; }

    public Task<IReadLead?> TryLeadAsync(CancellationToken cancellation) =>
        PostgresFaults.GuardAsync(Place, () => TryTakeAsync(cancellation));

    public Task<T> ReadAsync<T>(Func<IReadSession, Task<T>> read, CancellationToken cancellation) =>
        PostgresFaults.GuardAsync(Place, async () =>
        {
            await using var reader = await pool.OpenConnectionAsync(cancellation);
            await using var snapshot = await reader.BeginTransactionAsync(IsolationLevel.RepeatableRead, cancellation);
            var result = await read(new PostgresSession(reader));
            await snapshot.CommitAsync(cancellation);
            return result;
        });

    public Task<int> ExecuteAsync(string sql, IReadOnlyList<object> values, CancellationToken cancellation) =>
        PostgresFaults.GuardAsync(Place, async () =>
        {
            await using var command = pool.CreateCommand(sql);
            command.Parameters.AddRange(values.Select(PostgresSession.Parameter).ToArray());
            return await command.ExecuteNonQueryAsync(cancellation);
        });

    public Task<IReadStore> CreateNextAsync(CancellationToken cancellation) =>
        PostgresFaults.GuardAsync(Place, () => CreateAsync(cancellation));

    public Task ReplaceByAsync(IReadStore next, CancellationToken cancellation) =>
        PostgresFaults.GuardAsync(Place, async () =>
        {
            var holder = ((PostgresReadStore)next).rebuilding!;
            await PostgresReadSchema.ReplaceAsync(holder, schema, kind.NextSchema, cancellation);
            await next.DisposeAsync();
            return true;
        });

    public async ValueTask DisposeAsync()
    {
        await pool.DisposeAsync();
        await lasting.DisposeAsync();
        if (rebuilding is not null)
        {
            await UnlockAsync(rebuilding);
            await rebuilding.DisposeAsync();
        }
    }

    /// <summary>The server ends a session some time after it was closed; whoever rebuilds next need not wait for that.</summary>
    private static async Task UnlockAsync(NpgsqlConnection holder)
    {
        if (holder.State != ConnectionState.Open)
        {
            return;
        }

        try
        {
            await PostgresReadSchema.RunAsync(holder, "SELECT pg_advisory_unlock_all()", CancellationToken.None);
        }
        catch (NpgsqlException)
        {
            // The session is gone, and its locks with it.
        }
    }

    private async Task<IReadLead?> TryTakeAsync(CancellationToken cancellation)
    {
        var taken = await lasting.OpenConnectionAsync(cancellation);
        try
        {
            // Who rebuilds holds the lock of rebuilding already, and writes to a schema that nobody else knows.
            if (rebuilding is null && !await TryLockAsync(taken, kind.LeadLock, cancellation))
            {
                await taken.DisposeAsync();
                return null;
            }

            await PostgresReadSchema.EnsureAsync(taken, schema, kind.PostgresScripts, cancellation);
            return new PostgresLead(taken, pool, Place);
        }
        catch
        {
            await taken.DisposeAsync();
            throw;
        }
    }

    private async Task<IReadStore> CreateAsync(CancellationToken cancellation)
    {
        var holder = await lasting.OpenConnectionAsync(cancellation);
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

    private static async Task<bool> TryLockAsync(NpgsqlConnection connection, string key, CancellationToken cancellation) =>
        await PostgresReadSchema.ScalarAsync(connection, $"SELECT pg_try_advisory_lock({key})", cancellation) is true;

    private static NpgsqlDataSource Build(NpgsqlConnectionStringBuilder settings, ReadStoreKind kind)
    {
        var sessionSettings = $"{SessionSettings};{kind.PostgresSettings}";
        var builder = new NpgsqlDataSourceBuilder(settings.ConnectionString);
        builder.UsePhysicalConnectionInitializer(
            opened =>
            {
                using var command = new NpgsqlCommand(sessionSettings, opened);
                command.ExecuteNonQuery();
            },
            async opened =>
            {
                await using var command = new NpgsqlCommand(sessionSettings, opened);
                await command.ExecuteNonQueryAsync();
            });
        return builder.Build();
    }
}
