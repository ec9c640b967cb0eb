using System.Data;
using Audit.Storage.Sqlite;
using Npgsql;

namespace Audit.Storage.Postgres;

/// <summary>How a room uses PostgreSQL.</summary>
/// <param name="Session">What is set at the beginning of each session, beside what is set for all.</param>
/// <param name="Fault">
/// The exception that the room promises, of the database's place and of what the driver threw.
/// </param>
public sealed record PostgresUse(string Session, Func<string, Exception, Exception> Fault)
{
    public string? SearchPath { get; init; }

    /// <summary>
    /// How many connections its readings may have, where the connection string does not say. A node's rooms together,
    /// with what lasts, stay below a fifth of the hundred that a server has by default.
    /// </summary>
    public int MostConnections { get; init; } = 4;

    /// <summary>How many statements a connection keeps prepared, where the connection string does not say.</summary>
    public int Prepared { get; init; } = 32;

    /// <summary>Lasting connections prepare by themselves what they ask again and again.</summary>
    public bool LastingPrepares { get; init; } = true;

    /// <summary>
    /// How long a command may go without a word of the server, 0 for ever; null for what the connection string says.
    /// </summary>
    public int? CommandSeconds { get; init; }

    /// <summary>
    /// How long it waits for a connection, and how often it tries: reconnecting and probing of a node have to end
    /// before the people waiting for a receipt do, and whoever looks at a busy server for minutes is as patient.
    /// </summary>
    public int ConnectSeconds { get; init; } = 5;

    public int ConnectTries { get; init; } = 1;

    /// <summary>
    /// How long a transaction may rest between two commands until the server ends it: a node that is frozen within one
    /// keeps nobody from what it holds.
    /// </summary>
    public int RestSeconds { get; init; } = 10;

    /// <summary>
    /// After how long work that is short is given up as a whole, for the driver takes as long again to find that nobody
    /// answers; null for never.
    /// </summary>
    public int? WorkSeconds { get; init; }

    /// <summary>How long a command waits for what others hold, 0 for ever.</summary>
    public int LockSeconds { get; init; }
}

/// <summary>
/// What the server does by itself about a node that is gone, frozen or slow; whoever opens connections has it from
/// here.
/// </summary>
public static class PostgresBounds
{
    // A node whose machine is gone must not hold a lock for long, and a node must notice that its server is gone.
    public const int IdleSeconds = 3;
    public const int ProbeSeconds = 1;
    private const int Probes = 5;

    /// <summary>As the member `Options` of a connection string has them.</summary>
    public static string OptionsOf(PostgresUse use) =>
        string.Join(' ', Of(use).Select(bound => $"-c {bound.Name}={bound.Value}"));

    internal static (string Name, int Value)[] Of(PostgresUse use) =>
    [
        ("tcp_keepalives_idle", IdleSeconds), ("tcp_keepalives_interval", ProbeSeconds),
        ("tcp_keepalives_count", Probes),
        ("tcp_user_timeout", (IdleSeconds + (Probes * ProbeSeconds)) * 1000),
        ("idle_in_transaction_session_timeout", use.RestSeconds * 1000), ("lock_timeout", use.LockSeconds * 1000),
    ];
}

/// <summary>
/// Where connections come from: a pool for readings, and lasting ones for whoever holds a lock or listens.
/// </summary>
public sealed class PostgresPool : IStoreDatabase, IAsyncDisposable
{
    /// <summary>Above what a small append sends, so that it leaves in one piece.</summary>
    private const int LastingWriteBytes = 64 << 10;

    private static readonly int UnsaidConnections = new NpgsqlConnectionStringBuilder().MaxPoolSize;

    private readonly NpgsqlDataSource pool;
    private readonly NpgsqlDataSource lasting;
    private readonly Func<string, Exception, Exception> fault;
    private readonly TimeSpan patience;
    private readonly int connectTries;

    /// <exception cref="StoreException">
    /// The connection string cannot be read; nothing of it is in the message.
    /// </exception>
    public PostgresPool(string connection, PostgresUse use)
    {
        var settings = Parse(connection);
        Place = $"{settings.Host}:{settings.Port}/{settings.Database ?? settings.Username}";
        fault = use.Fault;
        patience = use.WorkSeconds is { } seconds ? TimeSpan.FromSeconds(seconds) : Timeout.InfiniteTimeSpan;
        settings.ApplicationName ??= "audit";
        settings.Timeout = Math.Min(settings.Timeout, use.ConnectSeconds);
        connectTries = use.ConnectTries;
        settings.MaxPoolSize =
            settings.MaxPoolSize == UnsaidConnections ? use.MostConnections : settings.MaxPoolSize;
        settings.Multiplexing = false;
        settings.Enlist = false;
        // No reading changes its session, and the session's settings must outlive it.
        settings.NoResetOnClose = true;
        settings.SearchPath = use.SearchPath ?? settings.SearchPath;
        settings.CommandTimeout = use.CommandSeconds ?? settings.CommandTimeout;
        settings.MaxAutoPrepare = settings.MaxAutoPrepare == 0 ? use.Prepared : settings.MaxAutoPrepare;
        settings.AutoPrepareMinUsages = 2;
        if (!settings.Host!.Split(',').Any(IsSocketFile))
        {
            settings.TcpKeepAlive = true;
            settings.TcpKeepAliveTime = PostgresBounds.IdleSeconds;
            settings.TcpKeepAliveInterval = PostgresBounds.ProbeSeconds;
        }

        var begin = BoundsOf(use) + use.Session;
        pool = Build(settings, begin);
        settings.Pooling = false;
        settings.MaxAutoPrepare = use.LastingPrepares ? settings.MaxAutoPrepare : 0;
        settings.WriteBufferSize = LastingWriteBytes;
        lasting = Build(settings, begin);
    }

    /// <summary>Server, port and database: nothing secret.</summary>
    public string Place { get; }

    public ValueTask<NpgsqlConnection> OpenAsync(CancellationToken cancellation) =>
        pool.OpenConnectionAsync(cancellation);

    public ValueTask<NpgsqlConnection> OpenLastingAsync(CancellationToken cancellation) =>
        ConnectAsync(lasting, cancellation);

    /// <summary>Reads, twice if need be: a connection that died in the pool is not the caller's trouble.</summary>
    public Task<T> ReadAsync<T>(
        Func<NpgsqlConnection, CancellationToken, Task<T>> work, CancellationToken cancellation) =>
        GuardAsync(() => InTimeAsync(ReadAtLengthAsync(work, cancellation)));

    /// <summary>The same for what is as long as it is.</summary>
    public async Task<T> ReadAtLengthAsync<T>(
        Func<NpgsqlConnection, CancellationToken, Task<T>> work, CancellationToken cancellation)
    {
        try
        {
            return await TryAsync(work, cancellation);
        }
        catch (NpgsqlException failure) when (failure is { IsTransient: true, InnerException: not TimeoutException })
        {
            pool.Clear();
            return await RunAsync(work, cancellation);
        }
        catch (Exception failure) when (IsOfDriver(failure))
        {
            throw fault(Place, failure);
        }
    }

    public Task<T> ReadAsync<T>(Func<IStoreSession, Task<T>> read, CancellationToken cancellation) =>
        ReadAsync((connection, _) => read(new PostgresSession(connection)), cancellation);

    public Task<T> ChangeAsync<T>(Func<IStoreSession, Task<T>> change, CancellationToken cancellation) =>
        TransactAsync(
            IsolationLevel.ReadCommitted, (connection, _) => change(new PostgresSession(connection)), cancellation);

    /// <summary>Works in one transaction, once: after a failure nobody knows whether it was committed.</summary>
    public Task<T> TransactAsync<T>(
        IsolationLevel level, Func<NpgsqlConnection, CancellationToken, Task<T>> work,
        CancellationToken cancellation) =>
        RunAsync(
            async (connection, token) =>
            {
                await using var transaction = await connection.BeginTransactionAsync(level, token);
                var result = await work(connection, token);
                await transaction.CommitAsync(token);
                return result;
            },
            cancellation);

    /// <summary>Works on a connection of the pool, once.</summary>
    public Task<T> RunAsync<T>(
        Func<NpgsqlConnection, CancellationToken, Task<T>> work, CancellationToken cancellation) =>
        GuardAsync(() => InTimeAsync(TryAsync(work, cancellation)));

    /// <summary>Turns what the driver throws into the exception that the room promises.</summary>
    public async Task<T> GuardAsync<T>(Func<Task<T>> work)
    {
        try
        {
            return await work();
        }
        catch (Exception failure) when (IsOfDriver(failure))
        {
            throw fault(Place, failure);
        }
    }

    public async ValueTask DisposeAsync()
    {
        await pool.DisposeAsync();
        await lasting.DisposeAsync();
    }

    // Of a server on this machine the system says at once that it is gone, and such a socket knows no keepalive.
    private static bool IsSocketFile(string host) => host.StartsWith('@') || Path.IsPathRooted(host);

    private static bool IsOfDriver(Exception failure) => failure is NpgsqlException or TimeoutException or IOException;

    private Task<T> InTimeAsync<T>(Task<T> work) =>
        patience == Timeout.InfiniteTimeSpan ? work : work.WaitAsync(patience);

    private async Task<T> TryAsync<T>(
        Func<NpgsqlConnection, CancellationToken, Task<T>> work, CancellationToken cancellation)
    {
        await using var connection = await ConnectAsync(pool, cancellation);
        return await work(connection, cancellation);
    }

    /// <summary>Nothing was asked yet, so that it may be tried again whatever comes of it.</summary>
    private async ValueTask<NpgsqlConnection> ConnectAsync(NpgsqlDataSource source, CancellationToken cancellation)
    {
        for (var tries = 1; ; tries++)
        {
            try
            {
                return await source.OpenConnectionAsync(cancellation);
            }
            catch (NpgsqlException failure) when (tries < connectTries && failure.IsTransient)
            {
                await Task.Delay(TimeSpan.FromSeconds(tries), cancellation);
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

    private static string BoundsOf(PostgresUse use) => string.Concat(
        PostgresBounds.Of(use).Select(bound => $"SET {bound.Name} = {bound.Value};\n"));

    private static NpgsqlDataSource Build(NpgsqlConnectionStringBuilder settings, string begin)
    {
        var builder = new NpgsqlDataSourceBuilder(settings.ConnectionString);
        // Only types that every server has are used: to ask it for all of them takes longer than most readings, and
        // every pool would ask again.
        builder.ConfigureTypeLoading(types => types.EnableTypeLoading(false));
        builder.UsePhysicalConnectionInitializer(
            connection =>
            {
                using var command = new NpgsqlCommand(begin, connection);
                command.ExecuteNonQuery();
            },
            async connection =>
            {
                await using var command = new NpgsqlCommand(begin, connection);
                await command.ExecuteNonQueryAsync();
            });
        return builder.Build();
    }
}
