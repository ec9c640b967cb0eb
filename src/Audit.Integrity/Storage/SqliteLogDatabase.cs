namespace Audit.Integrity.Storage;

/// <summary>
/// The log of a SQLite store, in a file of its own beside the journal's: the journal's writer never waits for it.
/// </summary>
internal sealed class SqliteLogDatabase : ILogDatabase
{
    private const string Extension = ".db";

    private const string VersionsSql =
        "CREATE TABLE IF NOT EXISTS schema_version (version INTEGER NOT NULL PRIMARY KEY, name TEXT NOT NULL)";

    public static readonly SchemaScripts Scripts = new(typeof(SqliteLogDatabase).Assembly, "Storage.Sqlite");

    private readonly SemaphoreSlim hold = new(1);
    private readonly string path;
    private readonly SqliteReaders readers;

    private SqliteLogDatabase(string path)
    {
        this.path = path;
        readers = new SqliteReaders(() => SqliteDatabase.OpenAnywhere(path), failure => failure);
    }

    public string Schema => "";

    /// <summary>Where the log of a journal lies: `journal-log.db` beside `journal.db`.</summary>
    public static string PathFor(string journal)
    {
        var full = Path.GetFullPath(journal);
        var name = full.EndsWith(Extension, StringComparison.Ordinal) ? full[..^Extension.Length] : full;
        return $"{name}-log{Extension}";
    }

    public static SqliteLogDatabase Open(string journal)
    {
        var path = PathFor(journal);
        try
        {
            OwnerOnly.MakeFile(path);
        }
        catch (IOException failure) when (!File.Exists(path))
        {
            throw new StoreException($"The log {path} cannot be made: {failure.Message}", failure);
        }

        using var database = SqliteDatabase.OpenWriter(path, "PRAGMA journal_mode = WAL");
        // In a transaction that one program has, so that two cannot both find that a script is missing.
        database.Transact(within => MakeTablesAsync(within, path).GetAwaiter().GetResult());
        return new SqliteLogDatabase(path);
    }

    /// <returns>Null where the journal has no log.</returns>
    public static SqliteLogDatabase? FindForReading(string journal) =>
        PathFor(journal) is var path && File.Exists(path) ? new SqliteLogDatabase(path) : null;

    public Task<List<T>> QueryAsync<T>(
        string sql, IReadOnlyList<object?> values, Func<IStoredRow, T> read, CancellationToken cancellation) =>
        readers.RunAsync(
            database => new SqliteSession(database).QueryAsync(sql, values, read, cancellation), cancellation);

    public async Task ExecuteAsync(string sql, IReadOnlyList<object?> values, CancellationToken cancellation)
    {
        using var database = SqliteDatabase.OpenWriter(path, "PRAGMA synchronous = FULL");
        await new SqliteSession(database).ExecuteAsync(sql, values, cancellation);
    }

    // The store's own lock file keeps other nodes away; what is left is to seal once within this one.
    public async Task<ILogHold?> TryHoldAsync(CancellationToken cancellation)
    {
        if (!await hold.WaitAsync(TimeSpan.Zero, cancellation))
        {
            return null;
        }

        try
        {
            // A checkpoint that was given out must not be forgotten when the power fails.
            return new Hold(SqliteDatabase.OpenWriter(path, "PRAGMA synchronous = FULL"), hold);
        }
        catch
        {
            hold.Release();
            throw;
        }
    }

    public async ValueTask DisposeAsync()
    {
        await readers.DisposeAsync();
        hold.Dispose();
    }

    private static async Task<bool> MakeTablesAsync(SqliteDatabase database, string path)
    {
        database.Execute(VersionsSql);
        await Scripts.ApplyAsync(
            new SqliteSession(database), "schema_version", appliedAt: null, $"The log in sqlite:{path}", default);
        return true;
    }

    private sealed class Hold(SqliteDatabase database, SemaphoreSlim hold) : ILogHold
    {
        public async Task TransactAsync(Func<IStoreSession, Task> work, CancellationToken cancellation)
        {
            database.Execute("BEGIN IMMEDIATE");
            try
            {
                await work(new SqliteSession(database));
                database.Execute("COMMIT");
            }
            finally
            {
                database.RollBack();
            }
        }

        public ValueTask DisposeAsync()
        {
            database.Dispose();
            hold.Release();
            return ValueTask.CompletedTask;
        }
    }
}

/// <summary>Where the log of a store lies, as a store's address of its own.</summary>
internal static class LogPlace
{
    public static string AddressOf(string store) =>
        StoreAddress.Parse(store) is { IsSqlite: true } file
            ? $"sqlite:{SqliteLogDatabase.PathFor(file.Place)}"
            : store;

    public static string SchemaOf(string store) => StoreAddress.Parse(store).IsSqlite ? "" : "audit_log.";
}
