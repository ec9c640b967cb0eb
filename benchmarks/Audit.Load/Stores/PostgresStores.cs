using Npgsql;

namespace Audit.Load.Stores;

/// <summary>Each store is a database, copied from a template on the same server.</summary>
internal sealed class PostgresStores : IStoreSource
{
    private const string IndexSql = """
        SELECT coalesce(sum(pg_total_relation_size(c.oid)), 0)::bigint FROM pg_class c
        JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = 'audit_search' AND c.relkind IN ('r', 'm')
        """;

    private readonly string server;
    private readonly string directory;
    private readonly string prefix;
    private ServerProcesses? processes;
    private int made;

    private PostgresStores(string server, string directory, string prefix)
    {
        this.server = server;
        (this.directory, this.prefix) = (directory, prefix);
        Directory.CreateDirectory(directory);
    }

    public string Kind => "postgres";

    private string Template => $"{prefix}_template";

    /// <summary>Beside the template: what its node keeps in files.</summary>
    private string TemplateDirectory => Path.Combine(directory, "template");

    public static Task<IStoreSource> OpenAsync(LoadOptions options) => OpenAsync(
        options, Path.Combine(options.Directory, $"audit-load-{Environment.ProcessId}"),
        $"audit_load_{Environment.ProcessId}");

    /// <param name="prefix">Of its databases, of which it goes on with a template that the server has.</param>
    public static async Task<IStoreSource> OpenAsync(LoadOptions options, string directory, string prefix)
    {
        if (options.Postgres is null && PostgresServer.Unavailable is { } reason)
        {
            throw new WrongUseException($"{reason}; --postgres CONNECTION names one.");
        }

        var server = options.Postgres ?? await PostgresServer.StartDurableAsync();
        return new PostgresStores(server, directory, prefix)
        {
            // Of another's server, which may be on another machine, nothing is known.
            processes = options.Postgres is null ? await ServerProcesses.OfAsync(server) : null,
        };
    }

    public async Task<string> DescribeAsync()
    {
        await using var connection = await OpenAsync(server);
        var fsync = await AskAsync<string>(connection, "SHOW fsync");
        return fsync == "on"
            ? $"PostgreSQL {await AskAsync<string>(connection, "SHOW server_version")}, "
                + $"shared_buffers {await AskAsync<string>(connection, "SHOW shared_buffers")}"
            : throw new WrongUseException("The PostgreSQL server has fsync off: nothing that it takes in is durable.");
    }

    public async Task PrepareAsync(Func<LoadStore, Task> fill)
    {
        if (!Directory.Exists(TemplateDirectory) || !await ExistsAsync(Template))
        {
            await ThrowAwayAsync(Template, TemplateDirectory);
            await RunOnServerAsync($"CREATE DATABASE {Template}");
            Directory.CreateDirectory(TemplateDirectory);
        }

        var template = In(Template, TemplateDirectory, () => Task.CompletedTask);
        await using (await AuditStore.OpenAsync(template.Address, TestKeys.Given, CancellationToken.None))
        {
            // Opening it made the tables.
        }

        await fill(template);
        await using var connection = await OpenAsync(ConnectionTo(Template));
        await RunAsync(connection, "VACUUM ANALYZE");
    }

    public async Task<LoadStore> MakeAsync()
    {
        var name = $"{prefix}_{++made}";
        var own = Path.Combine(directory, name);
        await ThrowAwayAsync(name, own);
        await RunOnServerAsync($"CREATE DATABASE {name} TEMPLATE {Template}");
        // Or what was made would be written to the disk during the measurement.
        await RunOnServerAsync("CHECKPOINT");
        Directory.CreateDirectory(own);
        LoadStore.Copy(TemplateDirectory, own);
        return In(name, own, () => ThrowAwayAsync(name, own));
    }

    public ValueTask DisposeAsync() => new(ThrowAwayAsync(Template, directory));

    private async Task ThrowAwayAsync(string database, string own)
    {
        if (Directory.Exists(own))
        {
            Directory.Delete(own, recursive: true);
        }

        await RunOnServerAsync($"DROP DATABASE IF EXISTS {database} WITH (FORCE)");
    }

    private LoadStore In(string database, string own, Func<Task> throwAwayAsync)
    {
        var place = ConnectionTo(database);
        // A store has its own pool and closes it, as with anybody's connection string.
        var address = $"postgres:{new NpgsqlConnectionStringBuilder(place) { Pooling = true }}";
        return new LoadStore("postgres", address, place, own, throwAwayAsync)
        {
            ServerTime = processes is { } running ? () => running.ProcessorTime : null,
            SizesAsync = async () =>
            {
                await using var connection = await OpenAsync(place);
                var all = await AskAsync<long>(connection, "SELECT pg_database_size(current_database())");
                return (
                    all + LoadStore.FilesOf(own).Sum(file => file.Length), await AskAsync<long>(connection, IndexSql));
            },
        };
    }

    private async Task<bool> ExistsAsync(string database)
    {
        await using var connection = await OpenAsync(server);
        return await AskAsync<bool>(
            connection, $"SELECT EXISTS (SELECT FROM pg_database WHERE datname = '{database}')");
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

    private static async Task<T> AskAsync<T>(NpgsqlConnection connection, string sql)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        return (T)(await command.ExecuteScalarAsync())!;
    }

    private static async Task<NpgsqlConnection> OpenAsync(string place)
    {
        var connection = new NpgsqlConnection(new NpgsqlConnectionStringBuilder(place) { Pooling = false }.ConnectionString);
        await connection.OpenAsync();
        return connection;
    }
}
