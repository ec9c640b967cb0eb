using System.Data.Common;
using Microsoft.Data.Sqlite;

namespace Audit.Integrity.Storage;

/// <summary>The log of a SQLite store, in a file of its own beside the journal's: the journal's writer never waits for it.</summary>
internal sealed class SqliteLogDatabase : ILogDatabase
{
    private const string Extension = ".db";

    private readonly SemaphoreSlim hold = new(1);
    private readonly string connection;

    private SqliteLogDatabase(string path, SqliteOpenMode mode)
    {
        Place = $"sqlite:{path}";
        connection = new SqliteConnectionStringBuilder { DataSource = path, Mode = mode, DefaultTimeout = 10 }.ConnectionString;
    }

    public string Schema => "";

    public string Place { get; }

    /// <summary>Where the log of a journal lies: `journal-log.db` beside `journal.db`.</summary>
    public static string PathFor(string journal)
    {
        var full = Path.GetFullPath(journal);
        var name = full.EndsWith(Extension, StringComparison.Ordinal) ? full[..^Extension.Length] : full;
        return $"{name}-log{Extension}";
    }

    public static async Task<SqliteLogDatabase> OpenAsync(string journal, CancellationToken cancellation)
    {
        var path = PathFor(journal);
        MakeFile(path);
        var database = new SqliteLogDatabase(path, SqliteOpenMode.ReadWrite);
        await using (var connection = (SqliteConnection)await database.OpenAsync(cancellation))
        {
            await SetAsync(connection, "PRAGMA journal_mode = WAL", cancellation);
            // Immediate, so that two programs cannot both find that a script is missing.
            await using var transaction = connection.BeginTransaction(deferred: false);
            await LogScripts.ApplyAsync(connection, transaction, database, "Sqlite", cancellation);
            await transaction.CommitAsync(cancellation);
        }
        return database;
    }

    /// <returns>Null where the journal has no log.</returns>
    public static SqliteLogDatabase? FindForReading(string journal)
    {
        var path = PathFor(journal);
        if (!File.Exists(path))
        {
            return null;
        }

        var database = new SqliteLogDatabase(path, SqliteOpenMode.ReadOnly);
        return database.CanRead() || !SqliteImmutable.MayBe(path)
            ? database
            : new SqliteLogDatabase(SqliteImmutable.UriOf(path), SqliteOpenMode.ReadOnly);
    }

    public async Task<DbConnection> OpenAsync(CancellationToken cancellation)
    {
        var opened = new SqliteConnection(connection);
        await opened.OpenAsync(cancellation);
        return opened;
    }

    // The store's own lock file keeps other nodes away; what is left is to seal once within this one.
    public async Task<DbConnection?> TryHoldAsync(CancellationToken cancellation)
    {
        if (!await hold.WaitAsync(TimeSpan.Zero, cancellation))
        {
            return null;
        }

        try
        {
            var held = (SqliteConnection)await OpenAsync(cancellation);
            // A checkpoint that was given out must not be forgotten when the power fails.
            await SetAsync(held, "PRAGMA synchronous = FULL", cancellation);
            return held;
        }
        catch
        {
            hold.Release();
            throw;
        }
    }

    public void Release() => hold.Release();

    public ValueTask DisposeAsync()
    {
        using var one = new SqliteConnection(connection);
        SqliteConnection.ClearPool(one);
        hold.Dispose();
        return ValueTask.CompletedTask;
    }

    private bool CanRead()
    {
        try
        {
            using var opened = new SqliteConnection(connection);
            opened.Open();
            using var command = new SqliteCommand("SELECT count(*) FROM sqlite_master", opened);
            command.ExecuteScalar();
            return true;
        }
        catch (SqliteException)
        {
            return false;
        }
    }

    private static async Task SetAsync(SqliteConnection connection, string sql, CancellationToken cancellation)
    {
        var command = new SqliteCommand(sql, connection);
        await using (command)
        {
            await command.ExecuteNonQueryAsync(cancellation);
        }
    }

    private static void MakeFile(string path)
    {
        try
        {
            OwnerOnly.MakeFile(path);
        }
        catch (IOException failure) when (!File.Exists(path))
        {
            throw new StoreException($"The log {path} cannot be made: {failure.Message}", failure);
        }
    }
}
