using System.Collections.Concurrent;

namespace Audit.Storage.Sqlite;

/// <summary>A few read-only connections, made when first needed: in WAL mode they never wait for the writer.</summary>
/// <param name="fault">The exception that the room promises, of what SQLite answered.</param>
public sealed class SqliteReaders(Func<SqliteDatabase> open, Func<SqliteFailure, Exception> fault) : IAsyncDisposable
{
    private const int MostReaders = 4;

    private static readonly TimeSpan BetweenInterrupts = TimeSpan.FromMilliseconds(20);

    private readonly SemaphoreSlim free = new(MostReaders);
    private readonly ConcurrentStack<SqliteDatabase> idle = new();
    private volatile bool closed;

    /// <summary>Reads in one snapshot, away from the caller's thread.</summary>
    public async Task<T> RunAsync<T>(Func<SqliteDatabase, Task<T>> read, CancellationToken cancellation)
    {
        await free.WaitAsync(cancellation);
        try
        {
            if (closed)
            {
                throw new ObjectDisposedException(nameof(SqliteReaders), "The store is closed.");
            }

            return await Task.Run(() => ReadAsync(read, cancellation), cancellation);
        }
        catch (SqliteFailure) when (cancellation.IsCancellationRequested)
        {
            throw new OperationCanceledException(cancellation);
        }
        catch (SqliteFailure failure)
        {
            throw fault(failure);
        }
        finally
        {
            free.Release();
        }
    }

    /// <summary>Waits until nobody reads, closes every connection, does the work and lets others in again.</summary>
    public async Task CloseForAsync(Action work, CancellationToken cancellation)
    {
        var held = 0;
        try
        {
            for (; held < MostReaders; held++)
            {
                await free.WaitAsync(cancellation);
            }

            while (idle.TryPop(out var database))
            {
                database.Dispose();
            }

            work();
        }
        finally
        {
            if (held > 0)
            {
                free.Release(held);
            }
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (!closed)
        {
            closed = true;
            await CloseForAsync(() => { }, CancellationToken.None);
        }
    }

    private async Task<T> ReadAsync<T>(Func<SqliteDatabase, Task<T>> read, CancellationToken cancellation)
    {
        if (!idle.TryPop(out var database))
        {
            database = open();
        }

        try
        {
            database.Execute("BEGIN");
            var result = await ReadAsync(database, read, cancellation);
            End(database);
            return result;
        }
        catch
        {
            // What state it was left in does not matter: the next reading opens another.
            database.Dispose();
            throw;
        }
    }

    /// <summary>Where a reading came upon damage, SQLite ends it so, too: what was read before that was read.</summary>
    private void End(SqliteDatabase database)
    {
        try
        {
            database.Execute("COMMIT");
            idle.Push(database);
        }
        catch (SqliteFailure failure) when (failure.IsDamage)
        {
            database.Dispose();
        }
    }

    /// <summary>A statement that runs when nobody waits for it any more is ended.</summary>
    private static async Task<T> ReadAsync<T>(
        SqliteDatabase database, Func<SqliteDatabase, Task<T>> read, CancellationToken cancellation)
    {
        // An interrupt that comes just before a statement begins is lost, and so it is repeated.
        Timer? interrupts = null;
        var ending = cancellation.Register(
            () => interrupts = new Timer(_ => database.Interrupt(), null, TimeSpan.Zero, BetweenInterrupts));
        try
        {
            return await read(database);
        }
        finally
        {
            await ending.DisposeAsync();
            await (interrupts?.DisposeAsync() ?? ValueTask.CompletedTask);
        }
    }
}
