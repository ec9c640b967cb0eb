using Npgsql;

namespace Audit.Journal.Postgres;

/// <summary>Brings a database to this program's version, in one transaction that one node at a time can run.</summary>
internal static class PostgresSchema
{
    public static async Task ApplyAsync(NpgsqlConnection connection, string place, CancellationToken cancellation)
    {
        await using var transaction = await connection.BeginTransactionAsync(cancellation);
        await RunAsync(connection, "SELECT pg_advisory_xact_lock(7401, 2)", cancellation);
        var version = await VersionAsync(connection, cancellation);
        foreach (var script in SchemaScript.After("Postgres", version, place))
        {
            await RunAsync(connection, script.Sql, cancellation);
            await RunAsync(
                connection,
                "INSERT INTO schema_version (version, name, applied_at) VALUES ($1, $2, now())",
                cancellation,
                script.Version,
                script.Name);
        }
        await transaction.CommitAsync(cancellation);
    }

    // The table is made only where it is missing: a role that may not make tables can still open what others made.
    private static async Task<int> VersionAsync(NpgsqlConnection connection, CancellationToken cancellation)
    {
        if (await ScalarAsync(connection, "SELECT to_regclass('schema_version') IS NULL", cancellation)
            is true)
        {
            await RunAsync(
                connection,
                "CREATE TABLE schema_version (version INT PRIMARY KEY, name TEXT NOT NULL, applied_at TIMESTAMPTZ NOT NULL)",
                cancellation);
        }
        return (int)(await ScalarAsync(connection, "SELECT coalesce(max(version), 0) FROM schema_version", cancellation))!;
    }

    private static async Task<object?> ScalarAsync(NpgsqlConnection connection, string sql, CancellationToken cancellation)
    {
        var command = new NpgsqlCommand(sql, connection);
        await using (command)
        {
            return await command.ExecuteScalarAsync(cancellation);
        }
    }

    private static async Task RunAsync(
        NpgsqlConnection connection, string sql, CancellationToken cancellation, params object[] values)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        foreach (var value in values)
        {
            command.Parameters.Add(new NpgsqlParameter { Value = value });
        }

        await command.ExecuteNonQueryAsync(cancellation);
    }
}
