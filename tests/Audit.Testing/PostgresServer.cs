using Npgsql;

namespace Audit.Testing;

/// <summary>
/// The PostgreSQL server of this test process: the one named by AUDIT_TEST_POSTGRES, a connection string to a server where
/// databases may be made, or else a throwaway cluster, started when first needed.
/// </summary>
public static class PostgresServer
{
    public const string Variable = "AUDIT_TEST_POSTGRES";

    private static readonly string? Given = Environment.GetEnvironmentVariable(Variable) is { Length: > 0 } given ? given : null;

    private static readonly Lazy<Task<string>> Started =
        new(async () => Given ?? (await ThrowawayCluster.StartAsync(PostgresBinaries.Directory!)).ConnectionString);

    /// <summary>Why there can be no server, or null when there can: then failing to start it is a failure, not a reason to skip.</summary>
    public static string? Unavailable { get; } =
        Given is not null || (PostgresBinaries.Directory is not null && !OperatingSystem.IsWindows())
            ? null
            : $"no PostgreSQL: {Variable} is not set, and no server programs are on PATH or in /usr/lib/postgresql";

    /// <summary>A connection string to the server, without a database.</summary>
    public static Task<string> ConnectionStringAsync() => Started.Value;

    /// <summary>
    /// Starts a cluster of its own whose commits wait for the disk and whose settings are PostgreSQL's own: for measurements.
    /// </summary>
    public static async Task<string> StartDurableAsync() => (await StartOwnAsync()).ConnectionString;

    /// <summary>The same for who kills it and starts it anew.</summary>
    /// <param name="addresses">Of networks within this machine, where it listens too.</param>
    /// <param name="place">A small disk on which it lies, where there is one.</param>
    public static Task<ThrowawayCluster> StartOwnAsync(IEnumerable<string>? addresses = null, string? place = null) =>
        ThrowawayCluster.StartAsync(
            PostgresBinaries.Directory ?? throw new InvalidOperationException(Unavailable),
            $"-c fsync=on -c listen_addresses={string.Join(',', (addresses ?? []).Prepend("127.0.0.1"))}"
                + (place is null ? "" : " -c min_wal_size=32MB -c max_wal_size=64MB"),
            place);

    /// <summary>Makes a database for one test.</summary>
    /// <param name="template">One that nobody is connected to, of which it is a copy.</param>
    public static async Task<PostgresDatabase> CreateDatabaseAsync(string? template = null)
    {
        var server = await ConnectionStringAsync();
        var name = $"audit_test_{Guid.NewGuid():N}";
        await ExecuteAsync(server, $"CREATE DATABASE {name}" + (template is null ? "" : $" TEMPLATE {template}"));
        return new PostgresDatabase(server, name);
    }

    public static async Task ExecuteAsync(string server, string sql)
    {
        // Not pooled: the connection would keep others from dropping what it looks at.
        var settings = new NpgsqlConnectionStringBuilder(server) { Pooling = false };
        settings.Database ??= "postgres";
        await using var connection = new NpgsqlConnection(settings.ConnectionString);
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync();
    }
}
