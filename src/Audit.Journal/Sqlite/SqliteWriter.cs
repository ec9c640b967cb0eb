using System.Threading.Channels;

namespace Audit.Journal.Sqlite;

/// <summary>
/// The one writing connection on a thread of its own, so that a commit waiting for the disk holds no thread that others
/// need. Work is done in the order it is posted.
/// </summary>
internal sealed class SqliteWriter : IAsyncDisposable
{
    private const int LongestQueue = 256;

    private readonly Channel<Action> queue =
        Channel.CreateBounded<Action>(new BoundedChannelOptions(LongestQueue) { SingleReader = true });
    private readonly TaskCompletionSource ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly SqliteDatabase database;

    public SqliteWriter(SqliteDatabase database, string name)
    {
        this.database = database;
        new Thread(Work) { Name = name, IsBackground = true }.Start();
    }

    /// <summary>
    /// Does the work on the writer's thread; it is not begun when cancelled before its turn, and finished otherwise.
    /// </summary>
    /// <exception cref="JournalUnavailableException">SQLite failed; what was begun is rolled back.</exception>
    /// <param name="waking">None: who waits for it goes on on the writer's thread, and leaves it soon.</param>
    public async Task<T> RunAsync<T>(
        Func<SqliteDatabase, T> work, CancellationToken cancellation,
        TaskCreationOptions waking = TaskCreationOptions.RunContinuationsAsynchronously)
    {
        var done = new TaskCompletionSource<T>(waking);
        await queue.Writer.PostAsync(() => Do(work, done, cancellation), cancellation);
        return await done.Task;
    }

    public async ValueTask DisposeAsync()
    {
        queue.Writer.TryComplete();
        await ended.Task;
    }

    private void Work()
    {
        var reader = queue.Reader;
        while (reader.WaitToReadAsync().AsTask().GetAwaiter().GetResult())
        {
            while (reader.TryRead(out var work))
            {
                work();
            }
        }
        database.Dispose();
        ended.SetResult();
    }

    private void Do<T>(Func<SqliteDatabase, T> work, TaskCompletionSource<T> done, CancellationToken cancellation)
    {
        if (cancellation.IsCancellationRequested)
        {
            done.SetCanceled(cancellation);
            return;
        }
        try
        {
            done.SetResult(work(database));
        }
        catch (SqliteFailure failure)
        {
            database.RollBack();
            done.SetException(SqliteTrouble.Writing(failure));
        }
        catch (Exception failure)
        {
            database.RollBack();
            done.SetException(failure);
        }
    }
}

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

    /// <summary>The same for the engine's commits: the one who waits for them goes on on the writer's thread.</summary>
    public Task<T> CommitAsync<T>(Func<SqliteDatabase, T> work, CancellationToken cancellation) =>
        writer.RunAsync(work, cancellation, TaskCreationOptions.None);

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
