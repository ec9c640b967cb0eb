using Npgsql;

namespace Audit.Journal.Postgres;

/// <summary>Where connections come from: a pool for readings, and lasting ones for the writer and the listener.</summary>
internal sealed class PostgresConnections : IAsyncDisposable
{
    /// <summary>Reconnecting and probing have to end before the people waiting for a receipt do.</summary>
    private const int ConnectSeconds = 10;

    // What is committed must be on disk, whatever the server, the database or the role was told; remote_apply promises
    // more and is left alone. A snapshot must be younger than the statement before it, so not REPEATABLE READ. Plans made
    // while the table was small must not scan it later.
    private const string SessionSettings = """
        SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') <> 'remote_apply';
        SET default_transaction_isolation = 'read committed';
        SET enable_seqscan = off;
        SET jit = off
        """;

    private readonly NpgsqlDataSource pool;
    private readonly NpgsqlDataSource lasting;

    /// <exception cref="StoreException">The connection string cannot be read.</exception>
    public PostgresConnections(string connection)
    {
        var settings = Parse(connection);
        Place = $"{settings.Host}:{settings.Port}/{settings.Database ?? settings.Username}";
        settings.ApplicationName ??= "audit";
        settings.Timeout = Math.Min(settings.Timeout, ConnectSeconds);
        settings.Multiplexing = false;
        settings.Enlist = false;
        // No reading changes its session, and the session's settings must outlive it.
        settings.NoResetOnClose = true;
        if (settings.MaxAutoPrepare == 0)
        {
            settings.MaxAutoPrepare = 32;
        }

        settings.AutoPrepareMinUsages = 2;
        pool = Build(settings);
        settings.Pooling = false;
        settings.MaxAutoPrepare = 0;
        lasting = Build(settings);
    }

    /// <summary>Server, port and database: nothing secret.</summary>
    public string Place { get; }

    public ValueTask<NpgsqlConnection> OpenLastingAsync(CancellationToken cancellation) =>
        lasting.OpenConnectionAsync(cancellation);

    /// <summary>Reads, twice if need be: a connection that died in the pool is not the caller's trouble.</summary>
    /// <exception cref="JournalUnavailableException">The server could not be reached or refused.</exception>
    public Task<T> ReadAsync<T>(
        Func<NpgsqlConnection, CancellationToken, Task<T>> work, CancellationToken cancellation) =>
        RunAsync(work, 2, cancellation);

    /// <summary>Makes a change, once: after a failure nobody knows whether it was made.</summary>
    /// <exception cref="JournalUnavailableException">The server could not be reached or refused.</exception>
    public Task<T> ChangeAsync<T>(
        Func<NpgsqlConnection, CancellationToken, Task<T>> work, CancellationToken cancellation) =>
        RunAsync(work, 1, cancellation);

    public async ValueTask DisposeAsync()
    {
        await pool.DisposeAsync();
        await lasting.DisposeAsync();
    }

    private async Task<T> RunAsync<T>(
        Func<NpgsqlConnection, CancellationToken, Task<T>> work, int attempts, CancellationToken cancellation)
    {
        while (true)
        {
            try
            {
                var connection = await pool.OpenConnectionAsync(cancellation);
                await using (connection)
                {
                    return await work(connection, cancellation);
                }
            }
            catch (NpgsqlException failure) when (--attempts > 0 && failure.IsTransient)
            {
                pool.Clear();
            }
            catch (NpgsqlException failure)
            {
                throw new JournalUnavailableException($"PostgreSQL at {Place}: {failure.Message}", failure);
            }
        }
    }

    private static NpgsqlConnectionStringBuilder Parse(string connection)
    {
        try
        {
            var settings = new NpgsqlConnectionStringBuilder(connection);
            if (!string.IsNullOrEmpty(settings.Host))
            {
                return settings;
            }
        }
        catch (Exception failure) when (failure is ArgumentException or FormatException)
        {
            // What the parser says may quote a piece of the password, so it is not passed on.
        }
        throw new StoreException(
            "The store's PostgreSQL connection string cannot be read; accepted is Npgsql's form, " +
            "postgres:Host=…;Database=…;Username=…;Password=….");
    }

    private static NpgsqlDataSource Build(NpgsqlConnectionStringBuilder settings)
    {
        var builder = new NpgsqlDataSourceBuilder(settings.ConnectionString);
        builder.UsePhysicalConnectionInitializer(
            connection =>
            {
                using var command = new NpgsqlCommand(SessionSettings, connection);
                command.ExecuteNonQuery();
            },
            async connection =>
            {
                var command = new NpgsqlCommand(SessionSettings, connection);
                await using (command)
                {
                    await command.ExecuteNonQueryAsync();
                }
            });
        return builder.Build();
    }
}
