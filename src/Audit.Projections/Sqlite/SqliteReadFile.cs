namespace Audit.Projections.Sqlite;

/// <summary>The file of a read store: made, thrown away and put in another's place.</summary>
internal static class SqliteReadFile
{
    private const string LiveSettings = """
        PRAGMA journal_mode = WAL;
        PRAGMA synchronous = NORMAL;
        PRAGMA wal_autocheckpoint = 4096;
        PRAGMA journal_size_limit = 67108864;
        """;

    // Nobody else sees a file that is being filled, and one that was not filled to its end is thrown away: no log is
    // needed.
    private const string FillingSettings = """
        PRAGMA journal_mode = OFF;
        PRAGMA synchronous = OFF;
        PRAGMA cache_size = -65536;
        """;

    /// <summary>Makes a file that is to be filled by this connection alone and then to replace another.</summary>
    public static SqliteDatabase OpenForFilling(string path, ReadStoreKind kind) =>
        File.Exists(path) ? OpenMade(path, kind, FillingSettings) : Make(path, kind, FillingSettings, []);

    /// <summary>
    /// Opens the file for writing. One of another version is thrown away; what an operator had skipped stays, as far as
    /// it can be read.
    /// </summary>
    public static SqliteDatabase Open(string path, ReadStoreKind kind, FailureLog failures)
    {
        var skipped = new List<(long Position, string Reason)>();
        if (File.Exists(path))
        {
            var known = OpenMade(path, kind, LiveSettings);
            if (VersionOf(known) == kind.SqliteScripts.Version)
            {
                return known;
            }

            skipped = SkippedIn(known, failures);
            known.Dispose();
        }

        return Make(path, kind, LiveSettings, skipped);
    }

    /// <summary>
    /// Puts one file in the place of another, both being closed. What was filled without waiting for the disk is waited
    /// for here. A log that is left of a file would be played back into the one that takes its name, so it goes first.
    /// </summary>
    public static void Replace(string path, string by)
    {
        using (var filled = new FileStream(by, FileMode.Open, FileAccess.ReadWrite))
        {
            filled.Flush(flushToDisk: true);
        }

        DeleteLogs(path);
        File.Move(by, path, overwrite: true);
    }

    public static void Delete(string path)
    {
        DeleteLogs(path);
        File.Delete(path);
    }

    private static SqliteDatabase Make(
        string path, ReadStoreKind kind, string settings, List<(long Position, string Reason)> skipped)
    {
        Delete(path);
        OwnerOnly.MakeFile(path);
        var database = OpenMade(path, kind, settings);
        database.Execute("BEGIN IMMEDIATE");
        database.Execute(kind.SqliteScripts.Sql);
        database.Statement("INSERT INTO version (version) VALUES ($1)").Bind(1, kind.SqliteScripts.Version).Run();
        foreach (var (position, reason) in skipped)
        {
            database.Statement("INSERT INTO skipped (position, reason) VALUES ($1, $2)")
                .Bind(1, position).Bind(2, reason).Run();
        }

        database.Execute("COMMIT");
        return database;
    }

    private static SqliteDatabase OpenMade(string path, ReadStoreKind kind, string settings) =>
        SqliteDatabase.OpenWriter(path, kind.SqliteSettings + settings);

    /// <summary>0 for a file whose version cannot be read.</summary>
    private static long VersionOf(SqliteDatabase database)
    {
        try
        {
            return database.Statement("SELECT version FROM version").RunForNumber();
        }
        catch (SqliteFailure)
        {
            return 0;
        }
    }

    private static List<(long, string)> SkippedIn(SqliteDatabase database, FailureLog failures)
    {
        var found = new List<(long, string)>();
        try
        {
            if (database.Statement("SELECT count(*) FROM sqlite_schema WHERE name = 'skipped'").RunForNumber() > 0)
            {
                SqliteSession.ReadAll(
                    database.Statement("SELECT position, reason FROM skipped"), row => (row.Number(0), row.Text(1)),
                    found);
            }
        }
        catch (SqliteFailure failure)
        {
            // The projection halts again before each of them, and an operator skips it again.
            failures.Report("list of skipped events", failure);
        }

        return found;
    }

    private static void DeleteLogs(string path)
    {
        File.Delete(path + "-wal");
        File.Delete(path + "-shm");
    }
}
