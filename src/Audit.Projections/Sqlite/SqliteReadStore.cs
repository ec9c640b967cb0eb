using System.Collections.Concurrent;
using Audit.Projections.Stores;

namespace Audit.Projections.Sqlite;

/// <summary>A read store in a SQLite file of its own: one writer, and readers beside it that never wait for it.</summary>
/// <param name="isFilled">The file is being filled to replace another, and nobody but the lead uses it.</param>
internal sealed class SqliteReadStore(string path, ReadStoreKind kind, bool isFilled = false) : IReadStore
{
    private const int MostReaders = 4;

    private readonly SemaphoreSlim reading = new(MostReaders);
    private readonly SemaphoreSlim writing = new(1);
    private readonly ConcurrentStack<SqliteDatabase> idle = new();
    private SqliteDatabase? writer;
    private bool closed;
    private bool swept;

    /// <summary>The file beside a journal.</summary>
    public static string PathBeside(string journal, ReadStoreKind kind) =>
        Path.Combine(Path.GetDirectoryName(Path.GetFullPath(journal))!, Path.GetFileNameWithoutExtension(journal) + kind.FileSuffix);

    private string NextPath => path + ".next";

    public async Task<IReadLead?> TryLeadAsync(CancellationToken cancellation)
    {
        if (!isFilled && !Interlocked.Exchange(ref swept, true))
        {
            // What a rebuild of an earlier process left; later ones there may be are of this process, and at work.
            SqliteReadFile.Delete(NextPath);
        }

        // The file is made by the first who writes to it.
        await WriteAsync(_ => true, cancellation);
        return new SqliteLead(this);
    }

    public async Task<T> ReadAsync<T>(Func<IReadSession, Task<T>> read, CancellationToken cancellation)
    {
        await reading.WaitAsync(cancellation);
        try
        {
            ObjectDisposedException.ThrowIf(closed, this);
            return await Task.Run(() => Read(read), cancellation);
        }
        catch (SqliteFailure failure)
        {
            throw new ReadModelsException($"The {kind.What} in {path} could not be read: {failure.Message}.", failure);
        }
        finally
        {
            reading.Release();
        }
    }

    public Task<int> ExecuteAsync(string sql, IReadOnlyList<object> values, CancellationToken cancellation) => WriteAsync(
        database =>
        {
            var statement = database.Statement(SqliteSession.Dialect(sql));
            for (var index = 0; index < values.Count; index++)
            {
                statement.Bind(index + 1, values[index]);
            }

            return statement.Run();
        },
        cancellation);

    public Task<IReadStore> CreateNextAsync(CancellationToken cancellation)
    {
        SqliteReadFile.Delete(NextPath);
        return Task.FromResult<IReadStore>(new SqliteReadStore(NextPath, kind, isFilled: true));
    }

    public async Task ReplaceByAsync(IReadStore next, CancellationToken cancellation)
    {
        await next.DisposeAsync();
        await CloseForAsync(() => SqliteReadFile.Replace(path, NextPath), cancellation);
    }

    public async ValueTask DisposeAsync()
    {
        if (!closed)
        {
            await CloseForAsync(() => closed = true, CancellationToken.None);
        }
    }

    /// <summary>Asks beside the writer, or in turn with it where there is one connection only.</summary>
    public Task<T> AskAsync<T>(Func<IReadSession, Task<T>> ask, CancellationToken cancellation) => isFilled
        ? WriteAsync(database => ask(new SqliteSession(database)).Result, cancellation)
        : ReadAsync(ask, cancellation);

    /// <summary>Does a piece of work on the writing connection, away from the caller's thread.</summary>
    public async Task<T> WriteAsync<T>(Func<SqliteDatabase, T> work, CancellationToken cancellation)
    {
        await writing.WaitAsync(cancellation);
        try
        {
            ObjectDisposedException.ThrowIf(closed, this);
            return await Task.Run(() => work(writer ??= isFilled ? SqliteReadFile.OpenForFilling(path, kind) : SqliteReadFile.Open(path, kind)), cancellation);
        }
        catch (Exception failure)
        {
            // In which state the connection was left does not matter: the next piece of work opens another.
            writer?.Dispose();
            writer = null;
            if (failure is SqliteFailure)
            {
                throw new ReadModelsException($"The {kind.What} in {path} could not be written: {failure.Message}.", failure);
            }

            throw;
        }
        finally
        {
            writing.Release();
        }
    }

    private async Task<T> Read<T>(Func<IReadSession, Task<T>> read)
    {
        if (!idle.TryPop(out var database))
        {
            database = SqliteDatabase.OpenReader(path);
        }

        try
        {
            database.Execute("BEGIN");
            var result = await read(new SqliteSession(database));
            database.Execute("COMMIT");
            idle.Push(database);
            return result;
        }
        catch
        {
            database.Dispose();
            throw;
        }
    }

    /// <summary>Waits for all who read and write, closes every connection, does the work and lets others in again.</summary>
    private async Task CloseForAsync(Action work, CancellationToken cancellation)
    {
        await writing.WaitAsync(cancellation);
        var held = 0;
        try
        {
            for (; held < MostReaders; held++)
            {
                await reading.WaitAsync(cancellation);
            }

            while (idle.TryPop(out var database))
            {
                database.Dispose();
            }

            writer?.Dispose();
            writer = null;
            work();
        }
        finally
        {
            if (held > 0)
            {
                reading.Release(held);
            }

            writing.Release();
        }
    }
}
