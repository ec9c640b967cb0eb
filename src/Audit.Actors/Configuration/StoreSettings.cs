using Akka.Configuration;
using Microsoft.Data.Sqlite;
using Npgsql;

namespace Audit.Actors.Configuration;

/// <summary>Makes the plugin write into the node's own store, and as durably as the node itself would.</summary>
internal static class StoreSettings
{
    private const string ConnectionKey = "akka.persistence.journal.sql.connection-string";

    // What a plan made while the table was small must not do later, and a level under which a write sees what it may.
    private const string PostgresSession =
        @"-c enable_seqscan=off -c jit=off -c default_transaction_isolation=read\ committed";

    // The plugin holds the journal's lock from its first INSERT to its COMMIT, with its machine in between.
    private static readonly string Bounds = PostgresBounds.OptionsOf(
        new PostgresUse("", (_, failure) => failure) { RestSeconds = 3, LockSeconds = 4 });

    /// <summary>The connection, over our file for that kind of store.</summary>
    /// <exception cref="AkkaEngineException">The store cannot be asked how durable it is.</exception>
    public static async Task<(Config Connection, Config Journal)> ReadAsync(string store)
    {
        var address = StoreAddress.Parse(store);
        return address.IsSqlite
            ? (Connection(Sqlite(address.Place)), HoconFiles.Read("journal-sqlite.conf"))
            : (Connection(await PostgresAsync(address.Place)), HoconFiles.Read("journal-postgres.conf"));
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
        var settings = new NpgsqlConnectionStringBuilder(connection) { Enlist = false, Pooling = true };
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

    private static Config Connection(string connection) =>
        ConfigurationFactory.ParseString($"{ConnectionKey} = {EnvironmentSettings.Quoted(connection)}");
}
