namespace Audit.Journal.Sqlite;

/// <summary>The connections to one file: one that writes, and a few that read beside it.</summary>
internal sealed class SqliteConnections(
    string path, SqliteDatabase first, SqliteFileLock hold, FileUse use) : IStoreDatabase, IAsyncDisposable
{
    private readonly SqliteWriter writer = new(first, "journal writer");

    private readonly SqliteReaders readers = new(
        () => SqliteDatabase.OpenReader(path, "PRAGMA cache_size = -2048"),
        SqliteTrouble.Reading);

    public string Path { get; } = path;

    /// <summary>Reads in one snapshot, away from the caller's thread.</summary>
    public Task<T> ReadAsync<T>(Func<SqliteDatabase, T> read, CancellationToken cancellation) =>
        readers.RunAsync(database => Task.FromResult(read(database)), cancellation);

    public Task<T> ReadAsync<T>(Func<IStoreSession, Task<T>> read, CancellationToken cancellation) =>
        readers.RunAsync(database => read(new SqliteSession(database)), cancellation);

    /// <summary>Does the work on the writer's thread.</summary>
    public Task<T> WriteAsync<T>(Func<SqliteDatabase, T> work, CancellationToken cancellation) =>
        writer.RunAsync(work, cancellation);

    // What a session of SQLite returns is completed, so nothing waits here.
    public Task<T> ChangeAsync<T>(Func<IStoreSession, Task<T>> change, CancellationToken cancellation) =>
        writer.RunAsync(
            database => database.Transact(within => change(new SqliteSession(within)).GetAwaiter().GetResult()),
            cancellation);

    public async ValueTask DisposeAsync()
    {
        await readers.DisposeAsync();
        await use.EndAsync(writer);
        await writer.DisposeAsync();
        hold.Dispose();
    }
}
