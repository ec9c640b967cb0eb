using Audit.Journal.Tokens;

namespace Audit.Journal.Sqlite;

/// <summary>A store in one SQLite file.</summary>
public sealed class SqliteStore : IAuditStore
{
    // Pages of 8 KB: large enough for several messages of a kilobyte, and small because random ids touch a page of the
    // index for nearly every row, each of which is written whole. A checkpoint each 32 MB. What is told is on disk.
    // The cache is small, for the system's own holds the file anyway and a node is to stay small under a flood.
    internal const string WriterSettings = """
        PRAGMA page_size = 8192;
        PRAGMA journal_mode = WAL;
        PRAGMA synchronous = FULL;
        PRAGMA wal_autocheckpoint = 4096;
        PRAGMA journal_size_limit = 67108864;
        PRAGMA cache_size = -6144;
        """;

    private const string SecretSql = "SELECT value FROM meta WHERE key = ?1";

    private const string AddSecretSql =
        "INSERT INTO meta (key, value) SELECT ?1, ?2 WHERE true ON CONFLICT DO NOTHING";

    private readonly SqliteFileLock hold;
    private readonly SqliteWriter writer;
    private readonly SqliteJournal journal;

    private SqliteStore(string path, SqliteFileLock hold, SqliteWriter writer, SqliteReaders readers, SqliteJournal journal)
    {
        this.hold = hold;
        this.writer = writer;
        this.journal = journal;
        Place = path;
        Tokens = new SqliteTokenStore(writer, readers);
    }

    public string Kind => "sqlite";

    public string Place { get; }

    public IJournal Journal => journal;

    public ITokenStore Tokens { get; }

    /// <exception cref="StoreException">The file cannot be opened; the message says why.</exception>
    public static async Task<IAuditStore> OpenAsync(string path, CancellationToken cancellation)
    {
        if (path.StartsWith(':') || path.StartsWith("file:", StringComparison.OrdinalIgnoreCase))
        {
            throw new StoreException($"The store sqlite:{path} is no path of a file: a journal is kept on disk.");
        }

        try
        {
            return await OpenFileAsync(Path.GetFullPath(path), cancellation);
        }
        catch (Exception failure) when (failure
            is SqliteFailure or JournalUnavailableException or IOException or UnauthorizedAccessException or ArgumentException)
        {
            throw new StoreException($"The store sqlite:{path} cannot be opened: {failure.Message}", failure);
        }
    }

    public Task<byte[]> SecretAsync(string name, ReadOnlyMemory<byte> ifAbsent, CancellationToken cancellation) =>
        writer.RunAsync(
            database =>
            {
                database.Statement(AddSecretSql).Bind(1, name).BindBlob(2, ifAbsent.Span).Run();
                var found = database.Statement(SecretSql).Bind(1, name);
                found.Step();
                var secret = found.Blob(0);
                found.Reset();
                return secret;
            },
            cancellation);

    public async ValueTask DisposeAsync()
    {
        await journal.DisposeAsync();
        hold.Dispose();
    }

    private static async Task<IAuditStore> OpenFileAsync(string path, CancellationToken cancellation)
    {
        if (Directory.Exists(path))
        {
            throw new StoreException($"The store sqlite:{path} is a directory: the path of a file is needed.");
        }

        MakeDirectory(Path.GetDirectoryName(path)!);
        var hold = SqliteFileLock.Take(path);
        SqliteWriter? writer = null;
        try
        {
            MakeFile(path);
            writer = new SqliteWriter(OpenDatabase(path), "journal writer");
            var readers = new SqliteReaders(path);
            var journal = await SqliteJournal.OpenAsync(writer, readers, cancellation);
            return new SqliteStore(path, hold, writer, readers, journal);
        }
        catch
        {
            if (writer is not null)
            {
                await writer.DisposeAsync();
            }

            hold.Dispose();
            throw;
        }
    }

    private static SqliteDatabase OpenDatabase(string path)
    {
        var database = SqliteDatabase.OpenWriter(path);
        try
        {
            database.Execute(WriterSettings);
            SqliteSchema.Apply(database, path);
            return database;
        }
        catch
        {
            database.Dispose();
            throw;
        }
    }

    // What agents did is nobody else's business: only the owner may read what we create.
    private static void MakeDirectory(string directory)
    {
        if (Directory.Exists(directory))
        {
            return;
        }

        if (OperatingSystem.IsWindows())
        {
            Directory.CreateDirectory(directory);
        }
        else
        {
            Directory.CreateDirectory(directory, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        }
    }

    private static void MakeFile(string path)
    {
        if (File.Exists(path))
        {
            return;
        }

        var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows())
        {
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        }

        using var file = new FileStream(path, options);
    }
}
