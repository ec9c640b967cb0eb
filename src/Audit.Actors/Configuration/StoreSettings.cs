using Akka.Configuration;
using Audit.Actors.Journal;
using Microsoft.Data.Sqlite;
using Npgsql;

namespace Audit.Actors.Configuration;

/// <summary>Makes Akka.Persistence.Sql write into the node's own store, as durably as the node itself would.</summary>
internal static class StoreSettings
{
    /// <summary>Two writers, the readings, and what they overlap.</summary>
    private const int MostConnections = 12;

    // With this very name the plugin knows `ordering` as an identity column.
    private const string OnPostgres = "provider-name = \"PostgreSQL.15\"";

    // Any other level begins a reading with the write lock, and readings and the writer would lock each other out. A
    // file has one writer; a second would wait for the lock and fail.
    private const string OnSqlite =
        "provider-name = \"SQLite.MS\", read-isolation-level = read-uncommitted, parallelism = 1";

    // What a plan made while the table was small must not do later, and a level under which a write sees what it may.
    private const string PostgresSession =
        @"-c enable_seqscan=off -c jit=off -c default_transaction_isolation=read\ committed";

    // The plugin holds the journal's lock from its first INSERT to its COMMIT, with its machine in between.
    private static readonly string Bounds = PostgresBounds.OptionsOf(
        new PostgresUse("", (_, failure) => failure) { RestSeconds = 3, LockSeconds = 4 });

    /// <exception cref="AkkaEngineException">The store cannot be asked how durable it is.</exception>
    public static async Task<Config> ReadAsync(string store)
    {
        var address = StoreAddress.Parse(store);
        var (connection, provider) = address.IsSqlite
            ? (Sqlite(address.Place), OnSqlite)
            : (await PostgresAsync(address.Place), OnPostgres);
        return ConfigurationFactory.ParseString(
            $"{SqlJournal.Id} {{ connection-string = {EnvironmentSettings.Quoted(connection)}, {provider} }}");
    }

    private static string Sqlite(string path) =>
        new SqliteConnectionStringBuilder
        {
            DataSource = Path.GetFullPath(path),
            Mode = SqliteOpenMode.ReadWrite,
        }.ConnectionString;

    /// <summary>
    /// The plugin opens a connection for each transaction, so that there must be a pool.
    /// What is committed must be on disk however the server is configured; remote_apply promises more and is
    /// left alone.
    /// </summary>
    private static async Task<string> PostgresAsync(string connection)
    {
        var settings = new NpgsqlConnectionStringBuilder(connection)
        {
            Enlist = false,
            Pooling = true,
            MaxPoolSize = MostConnections,
        };
        settings.ApplicationName ??= "audit";
        var isStronger = await AsksForMoreAsync(settings.ConnectionString);
        var durable = isStronger ? "" : " -c synchronous_commit=on";
        settings.Options = $"{settings.Options} {PostgresSession} {Bounds}{durable}".Trim();
        return settings.ConnectionString;
    }

    private static async Task<bool> AsksForMoreAsync(string connection)
    {
        try
        {
            await using var opened = new NpgsqlConnection(connection);
            await opened.OpenAsync();
            await using var command = new NpgsqlCommand("SHOW synchronous_commit", opened);
            return await command.ExecuteScalarAsync() is "remote_apply";
        }
        catch (NpgsqlException failure)
        {
            throw new AkkaEngineException(
                $"The store cannot be reached by the Akka.NET engine: {failure.Message}", failure);
        }
    }
}
