using Npgsql;

namespace Audit.Journal.Tests;

public sealed class PostgresPlace(PostgresDatabase database) : IStorePlace
{
    public PostgresDatabase Database { get; } = database;

    public static async Task<PostgresPlace> CreateAsync() => new(await PostgresServer.CreateDatabaseAsync());

    public Task<IAuditStore> OpenAsync() => OpenAsync(FailureLog.None);

    public Task<IAuditStore> OpenAsync(FailureLog failures) =>
        AuditStore.OpenAsync($"postgres:{Database.ConnectionString}", TestKeys.Given, failures, CancellationToken.None);

    public Task<NpgsqlConnection> ConnectAsync() => Database.ConnectAsync();

    public async Task<object?> ExecuteAsync(string sql)
    {
        await using var connection = await ConnectAsync();
        return await connection.ExecuteAsync(sql);
    }

    public Task RunAsync(string sql) => ExecuteAsync(sql);

    public ValueTask DisposeAsync() => Database.DisposeAsync();
}

internal static class PostgresConnectionExtensions
{
    private static int foreignRows;

    public static async Task<object?> ExecuteAsync(this NpgsqlConnection connection, string sql)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        return await command.ExecuteScalarAsync();
    }

    /// <summary>Inserts a row as the Akka.NET plugin does, which knows nothing of our lock.</summary>
    public static async Task<long> InsertForeignAsync(
        this NpgsqlConnection connection, string? stream = null, long sequence = 1)
    {
        stream ??= $"foreign|{Interlocked.Increment(ref foreignRows)}";
        return (long)(await connection.ExecuteAsync($"""
            INSERT INTO journal
                (created, deleted, persistence_id, sequence_number, message, manifest, identifier, writer_uuid)
            VALUES (638000000000000000, false, '{stream}', {sequence}, '\x7b7d', 'foreign.v1', 7401, 'foreign')
            RETURNING ordering
            """))!;
    }
}
