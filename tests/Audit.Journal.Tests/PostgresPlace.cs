using Npgsql;

namespace Audit.Journal.Tests;

public sealed class PostgresPlace(PostgresDatabase database) : IStorePlace
{
    public PostgresDatabase Database { get; } = database;

    public static async Task<PostgresPlace> CreateAsync() => new(await PostgresServer.CreateDatabaseAsync());

    public Task<IAuditStore> OpenAsync() =>
        AuditStore.OpenAsync($"postgres:{Database.ConnectionString}", CancellationToken.None);

    public Task<NpgsqlConnection> ConnectAsync() => Database.ConnectAsync();

    public async Task<object?> ExecuteAsync(string sql)
    {
        await using var connection = await ConnectAsync();
        return await connection.ExecuteAsync(sql);
    }

    public ValueTask DisposeAsync() => Database.DisposeAsync();
}
