using Audit.Journal.Sqlite;
using Audit.Journal.Tokens;

namespace Audit.Journal.Stores;

/// <summary>Opens a store in one SQLite file.</summary>
internal static class SqliteStore
{
    // Pages of 8 KB: large enough for several messages of a kilobyte, and small because random ids touch a page of the
    // index for nearly every row, each of which is written whole. A checkpoint each 32 MB. Commits are on disk.
    // What is deleted is overwritten: of the journal nothing ever is, of the keys what was ended.
    // The cache is small, for the system's own holds the file anyway and a node is to stay small under a flood.
    public const string WriterSettings = """
        PRAGMA page_size = 8192;
        PRAGMA journal_mode = WAL;
        PRAGMA synchronous = FULL;
        PRAGMA secure_delete = ON;
        PRAGMA wal_autocheckpoint = 4096;
        PRAGMA journal_size_limit = 67108864;
        PRAGMA cache_size = -6144;
        """;

    private const string VersionsSql = """
        CREATE TABLE IF NOT EXISTS schema_version (
            version INTEGER NOT NULL PRIMARY KEY, name TEXT NOT NULL, applied_at TEXT NOT NULL)
        """;

    public static readonly SchemaScripts Scripts = new(typeof(SqliteStore).Assembly, "Sqlite");

    /// <exception cref="StoreException">The file cannot be opened; the message says why.</exception>
    public static async Task<IAuditStore> OpenAsync(
        string path, StoreOpening how, CancellationToken cancellation)
    {
        if (path.StartsWith(':') || path.StartsWith("file:", StringComparison.OrdinalIgnoreCase))
        {
            throw new StoreException($"The store sqlite:{path} is no path of a file: a journal is kept on disk.");
        }

        try
        {
            return await OpenFileAsync(Path.GetFullPath(path), how, cancellation);
        }
        catch (Exception failure) when (failure is SqliteFailure or JournalUnavailableException
            or IOException or UnauthorizedAccessException or ArgumentException)
        {
            throw new StoreException($"The store sqlite:{path} cannot be opened: {failure.Message}", failure);
        }
    }

    /// <summary>
    /// Writes a file anew without the room of rows that were cut. A page of which some rows stay keeps the room of the
    /// others until then.
    /// </summary>
    /// <returns>Its bytes before and after.</returns>
    /// <exception cref="StoreException">A node has it, or it cannot be written anew; then it is as it was.</exception>
    public static (long Before, long After) Shrink(string path)
    {
        using var hold = SqliteFileLock.Take(path);
        try
        {
            var before = new FileInfo(path).Length;
            using (var database = SqliteDatabase.OpenWriter(path, WriterSettings))
            {
                database.Execute("VACUUM");
                database.Execute("PRAGMA wal_checkpoint(TRUNCATE)");
            }

            return (before, new FileInfo(path).Length);
        }
        catch (Exception failure) when (failure is SqliteFailure or IOException or UnauthorizedAccessException)
        {
            throw new StoreException($"The store sqlite:{path} cannot be written anew: {failure.Message}", failure);
        }
    }

    private static async Task<IAuditStore> OpenFileAsync(
        string path, StoreOpening how, CancellationToken cancellation)
    {
        if (Directory.Exists(path))
        {
            throw new StoreException($"The store sqlite:{path} is a directory: the path of a file is needed.");
        }

        OwnerOnly.MakeDirectory(Path.GetDirectoryName(path)!);
        var hold = SqliteFileLock.Take(path);
        SqliteConnections? connections = null;
        try
        {
            OwnerOnly.MakeFile(path);
            var use = FileUse.Of(path);
            connections = new SqliteConnections(path, OpenWriter(path, use), hold, use);
            var journal = await SqliteJournal.OpenAsync(connections, how.Failures, cancellation);
            return await AuditStore.WithKeysAsync(
                "sqlite", path, journal, connections, _ => null, sizesSql: null, how, cancellation, use);
        }
        catch
        {
            await (connections?.DisposeAsync() ?? ValueTask.CompletedTask);
            hold.Dispose();
            throw;
        }
    }

    private static SqliteDatabase OpenWriter(string path, FileUse use)
    {
        var database = SqliteDatabase.OpenWriter(path, WriterSettings);
        try
        {
            database.Transact(writer => ApplySchemaAsync(writer, path).GetAwaiter().GetResult());
            use.Begin(database);
            return database;
        }
        catch
        {
            database.Dispose();
            throw;
        }
    }

    private static async Task<bool> ApplySchemaAsync(SqliteDatabase database, string path)
    {
        database.Execute(VersionsSql);
        await Scripts.ApplyAsync(
            new SqliteSession(database), "schema_version", "strftime('%Y-%m-%dT%H:%M:%SZ', 'now')",
            $"The store {path}", default);
        return true;
    }
}
