using Npgsql;

namespace Audit.Projections.Postgres;

/// <summary>The schema of a read store: made, thrown away and put in another's place.</summary>
internal static class PostgresReadSchema
{
    /// <summary>
    /// Makes the schema where it is missing or of another version; what an operator had skipped stays.
    /// </summary>
    /// <param name="connection">Of whoever holds the lock.</param>
    /// <param name="scripts">That make it.</param>
    public static async Task EnsureAsync(
        NpgsqlConnection connection, string schema, SchemaScripts scripts, CancellationToken cancellation)
    {
        if (await VersionAsync(connection, schema, cancellation) == scripts.Version)
        {
            return;
        }

        await using var transaction = await connection.BeginTransactionAsync(cancellation);
        var skipped = await ExistsAsync(connection, $"{schema}.skipped", cancellation);
        if (skipped)
        {
            await connection.RunScriptAsync(
                $"CREATE TEMP TABLE kept ON COMMIT DROP AS SELECT position, reason FROM {schema}.skipped",
                cancellation);
        }

        await connection.RunScriptAsync($"DROP SCHEMA IF EXISTS {schema} CASCADE", cancellation);
        await connection.RunScriptAsync($"CREATE SCHEMA {schema}", cancellation);
        await connection.RunScriptAsync(scripts.Sql, cancellation);
        if (skipped)
        {
            await connection.RunScriptAsync("INSERT INTO skipped SELECT position, reason FROM kept", cancellation);
        }

        await connection.RunScriptAsync($"INSERT INTO version VALUES ({scripts.Version})", cancellation);
        await transaction.CommitAsync(cancellation);
    }

    /// <summary>Gives a schema another's name. Names are looked up anew by every statement, so readers go on.</summary>
    public static async Task ReplaceAsync(
        NpgsqlConnection connection, string schema, string by, CancellationToken cancellation)
    {
        var old = schema + "_old";
        await DropAsync(connection, old, cancellation);
        await using (var transaction = await connection.BeginTransactionAsync(cancellation))
        {
            if (await ExistsAsync(connection, $"{schema}.version", cancellation))
            {
                await connection.RunScriptAsync($"ALTER SCHEMA {schema} RENAME TO {old}", cancellation);
            }

            await connection.RunScriptAsync($"ALTER SCHEMA {by} RENAME TO {schema}", cancellation);
            await transaction.CommitAsync(cancellation);
        }

        await DropAsync(connection, old, cancellation);
    }

    /// <summary>
    /// Drops a schema that somebody may still be reading; whoever is in the way of the other is asked to begin again.
    /// </summary>
    public static async Task DropAsync(NpgsqlConnection connection, string schema, CancellationToken cancellation)
    {
        const int Attempts = 5;
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                await connection.RunScriptAsync($"DROP SCHEMA IF EXISTS {schema} CASCADE", cancellation);
                return;
            }
            catch (PostgresException failure)
                when (failure.SqlState == PostgresErrorCodes.DeadlockDetected && attempt < Attempts)
            {
                // The reader got its turn; now it is ours.
            }
        }
    }

    private static async Task<long> VersionAsync(
        NpgsqlConnection connection, string schema, CancellationToken cancellation) =>
        await ExistsAsync(connection, $"{schema}.version", cancellation)
            ? await connection.ScalarAsync($"SELECT max(version) FROM {schema}.version", cancellation) as long? ?? 0
            : 0;

    private static async Task<bool> ExistsAsync(
        NpgsqlConnection connection, string table, CancellationToken cancellation) =>
        await connection.ScalarAsync($"SELECT to_regclass('{table}') IS NOT NULL", cancellation) is true;
}
