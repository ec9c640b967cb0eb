using System.Collections.Concurrent;

namespace Audit.Journal.Sqlite;

/// <summary>A few read-only connections, made when first needed: in WAL mode they never wait for the writer.</summary>
internal sealed class SqliteReaders(string path) : IAsyncDisposable
{
    private const int MostReaders = 4;

    private readonly SemaphoreSlim free = new(MostReaders);
    private readonly ConcurrentStack<SqliteDatabase> idle = new();
    private volatile bool closed;

    /// <summary>Reads in one snapshot, away from the caller's thread.</summary>
    public async Task<T> RunAsync<T>(Func<SqliteDatabase, T> read, CancellationToken cancellation)
    {
        await free.WaitAsync(cancellation);
        try
        {
            if (closed)
            {
                throw new ObjectDisposedException(nameof(IJournal), "The store is closed.");
            }

            return await Task.Run(() => Run(read), cancellation);
        }
        catch (SqliteFailure failure)
        {
            throw new JournalUnavailableException($"The journal could not be read: {failure.Message}.", failure);
        }
        finally
        {
            free.Release();
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (closed)
        {
            return;
        }

        closed = true;
        // Holding every place means that no reading is under way any more.
        for (var i = 0; i < MostReaders; i++)
        {
            await free.WaitAsync();
        }

        while (idle.TryPop(out var database))
        {
            database.Dispose();
        }

        free.Release(MostReaders);
    }

    private T Run<T>(Func<SqliteDatabase, T> read)
    {
        if (!idle.TryPop(out var database))
        {
            database = Open();
        }

        try
        {
            database.Execute("BEGIN");
            var result = read(database);
            database.Execute("COMMIT");
            idle.Push(database);
            return result;
        }
        catch
        {
            // What state it was left in does not matter: the next reading opens another.
            database.Dispose();
            throw;
        }
    }

    private SqliteDatabase Open()
    {
        var database = SqliteDatabase.OpenReader(path);
        database.Execute("PRAGMA cache_size = -2048");
        return database;
    }
}
