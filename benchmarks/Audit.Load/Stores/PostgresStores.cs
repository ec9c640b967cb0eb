using Audit.Load.Floors;
using Npgsql;

namespace Audit.Load.Stores;

/// <summary>Each store is a database, copied from a template on the same server.</summary>
internal sealed class PostgresStores : IStoreSource
{
    private readonly string server;
    private readonly string directory;
    private readonly string prefix = $"audit_load_{Environment.ProcessId}";
    private int made;

    private PostgresStores(string server, string parent)
    {
        this.server = server;
        directory = Directory.CreateDirectory(Path.Combine(parent, $"audit-load-{Environment.ProcessId}")).FullName;
    }

    public string Kind => "postgres";

    private string Template => $"{prefix}_template";

    public static async Task<IStoreSource> OpenAsync(LoadOptions options)
    {
        if (options.Postgres is null && PostgresServer.Unavailable is { } reason)
        {
            throw new WrongUseException($"{reason}; --postgres CONNECTION names one.");
        }

        var server = options.Postgres ?? await PostgresServer.StartDurableAsync();
        return new PostgresStores(server, options.Directory);
    }

    public async Task<string> DescribeAsync()
    {
        await using var connection = await OpenAsync(server);
        var fsync = await AskAsync(connection, "SHOW fsync");
        return fsync == "on"
            ? $"PostgreSQL {await AskAsync(connection, "SHOW server_version")}, "
                + $"shared_buffers {await AskAsync(connection, "SHOW shared_buffers")}"
            : throw new WrongUseException("The PostgreSQL server has fsync off: nothing that it takes in is durable.");
    }

    public async Task PrepareAsync(int rows, Action<string> report)
    {
        await RunOnServerAsync($"CREATE DATABASE {Template}");
        await using (await AuditStore.OpenAsync($"postgres:{ConnectionTo(Template)}", TestKeys.Given, CancellationToken.None))
        {
            // Opening it made the tables.
        }

        var filled = 0;
        await using var connection = await OpenAsync(ConnectionTo(Template));
        foreach (var slice in Prefill.Slices(rows))
        {
            await PostgresJournalInsert.InsertAllAsync(connection, slice, 0, 1, rowsPerTransaction: 5_000);
            report($"prefilled {filled += slice.Length:n0} of {rows:n0} rows");
        }

        await RunAsync(connection, "VACUUM ANALYZE journal");
    }

    public async Task<LoadStore> MakeAsync()
    {
        var name = $"{prefix}_{++made}";
        await RunOnServerAsync($"CREATE DATABASE {name} TEMPLATE {Template}");
        // Or what was made would be written to the disk during the measurement.
        await RunOnServerAsync("CHECKPOINT");
        var own = Directory.CreateDirectory(Path.Combine(directory, name)).FullName;
        var place = ConnectionTo(name);
        // A store has its own pool and closes it, as with anybody's connection string.
        var address = $"postgres:{new NpgsqlConnectionStringBuilder(place) { Pooling = true }}";
        return new LoadStore("postgres", address, place, own, async () =>
        {
            Directory.Delete(own, recursive: true);
            await RunOnServerAsync($"DROP DATABASE {name} WITH (FORCE)");
        });
    }

    public async ValueTask DisposeAsync()
    {
        Directory.Delete(directory, recursive: true);
        await RunOnServerAsync($"DROP DATABASE IF EXISTS {Template} WITH (FORCE)");
    }

    // No pool: a pooled connection to the template would stand in the way of its copies.
    private string ConnectionTo(string database) =>
        new NpgsqlConnectionStringBuilder(server) { Database = database, Pooling = false }.ConnectionString;

    private async Task RunOnServerAsync(string sql)
    {
        await using var connection = await OpenAsync(server);
        await RunAsync(connection, sql);
    }

    private static async Task RunAsync(NpgsqlConnection connection, string sql)
    {
        await using var command = new NpgsqlCommand(sql, connection) { CommandTimeout = 0 };
        await command.ExecuteNonQueryAsync();
    }

    private static async Task<string> AskAsync(NpgsqlConnection connection, string sql)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        return (string)(await command.ExecuteScalarAsync())!;
    }

    private static async Task<NpgsqlConnection> OpenAsync(string place)
    {
        var connection = new NpgsqlConnection(new NpgsqlConnectionStringBuilder(place) { Pooling = false }.ConnectionString);
        await connection.OpenAsync();
        return connection;
    }
}
