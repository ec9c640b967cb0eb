using Npgsql;

namespace Audit.Journal.Postgres;

/// <summary>Brings a database to this program's version, in one transaction that one node at a time can run.</summary>
internal static class PostgresSchema
{
    public static async Task ApplyAsync(NpgsqlConnection connection, string place, CancellationToken cancellation)
    {
        var transaction = await connection.BeginTransactionAsync(cancellation).ConfigureAwait(false);
        await using (transaction.ConfigureAwait(false))
        {
            await RunAsync(connection, "SELECT pg_advisory_xact_lock(7401, 2)", cancellation).ConfigureAwait(false);
            var version = await VersionAsync(connection, cancellation).ConfigureAwait(false);
            foreach (var script in SchemaScript.After("Postgres", version, place))
            {
                await RunAsync(connection, script.Sql, cancellation).ConfigureAwait(false);
                await RunAsync(
                    connection,
                    "INSERT INTO schema_version (version, name, applied_at) VALUES ($1, $2, now())",
                    cancellation,
                    script.Version,
                    script.Name).ConfigureAwait(false);
            }
            await transaction.CommitAsync(cancellation).ConfigureAwait(false);
        }
    }

    // The table is made only where it is missing: a role that may not make tables can still open what others made.
    private static async Task<int> VersionAsync(NpgsqlConnection connection, CancellationToken cancellation)
    {
        if (await ScalarAsync(connection, "SELECT to_regclass('schema_version') IS NULL", cancellation).ConfigureAwait(false)
            is true)
        {
            await RunAsync(
                connection,
                "CREATE TABLE schema_version (version INT PRIMARY KEY, name TEXT NOT NULL, applied_at TIMESTAMPTZ NOT NULL)",
                cancellation).ConfigureAwait(false);
        }
        return (int)(await ScalarAsync(connection, "SELECT coalesce(max(version), 0) FROM schema_version", cancellation)
            .ConfigureAwait(false))!;
    }

    private static async Task<object?> ScalarAsync(NpgsqlConnection connection, string sql, CancellationToken cancellation)
    {
        var command = new NpgsqlCommand(sql, connection);
        await using (command.ConfigureAwait(false))
            return await command.ExecuteScalarAsync(cancellation).ConfigureAwait(false);
    }

    private static async Task RunAsync(
        NpgsqlConnection connection, string sql, CancellationToken cancellation, params object[] values)
    {
        var command = new NpgsqlCommand(sql, connection);
        await using (command.ConfigureAwait(false))
        {
            foreach (var value in values)
                command.Parameters.Add(new NpgsqlParameter { Value = value });
            await command.ExecuteNonQueryAsync(cancellation).ConfigureAwait(false);
        }
    }
}
