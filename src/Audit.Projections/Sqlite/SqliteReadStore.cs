namespace Audit.Projections.Sqlite;

/// <summary>
/// A read store in a SQLite file of its own: one writer, and readers beside it that never wait for it.
/// </summary>
/// <param name="isFilled">The file is being filled to replace another, and nobody but the lead uses it.</param>
internal sealed class SqliteReadStore(
    string path, ReadStoreKind kind, FailureLog failures, bool isFilled = false) : IReadStore
{
    private readonly SqliteReaders readers = new(
        () => SqliteDatabase.OpenReader(path),
        failure => new ReadModelsException(
            $"The {kind.What} in {path} could not be read: {failure.Message}.", failure));

    private readonly SemaphoreSlim writing = new(1);
    private SqliteDatabase? writer;
    private bool closed;
    private bool swept;

    /// <summary>The file beside a journal.</summary>
    public static string PathBeside(string journal, ReadStoreKind kind) =>
        Path.Combine(
            Path.GetDirectoryName(Path.GetFullPath(journal))!,
            Path.GetFileNameWithoutExtension(journal) + kind.FileSuffix);

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

    public Task<T> ReadAsync<T>(Func<IReadSession, Task<T>> read, CancellationToken cancellation) =>
        readers.RunAsync(
            database =>
            {
                kind.Check(database.Statement(ReadStoreKind.VersionSql).RunForNumber(), kind.SqliteScripts);
                return read(new SqliteReadSession(database));
            },
            cancellation);

    public Task<T> PeekAsync<T>(Func<IReadSession, Task<T>> read, CancellationToken cancellation) =>
        readers.RunAsync(database => read(new SqliteReadSession(database)), cancellation);

    public Task<int> ExecuteAsync(string sql, IReadOnlyList<object> values, CancellationToken cancellation) =>
        WriteAsync(database => database.Statement(sql).BindAll(values).Run(), cancellation);

    public Task<IReadStore> CreateNextAsync(CancellationToken cancellation)
    {
        SqliteReadFile.Delete(NextPath);
        return Task.FromResult<IReadStore>(new SqliteReadStore(NextPath, kind, failures, isFilled: true));
    }

    public async Task ReplaceByAsync(IReadStore next, CancellationToken cancellation)
    {
        await ((SqliteReadStore)next).CloseAsync();
        await CloseForAsync(() => SqliteReadFile.Replace(path, NextPath), cancellation);
    }

    public async ValueTask DisposeAsync()
    {
        await CloseAsync();
        if (isFilled)
        {
            // What has not taken another's place by now takes nothing but room, which the journal may lack.
            SqliteReadFile.Delete(path);
        }
    }

    private async Task CloseAsync()
    {
        if (!closed)
        {
            await CloseForAsync(() => closed = true, CancellationToken.None);
            await readers.DisposeAsync();
        }
    }

    /// <summary>Asks beside the writer, or in turn with it where there is one connection only.</summary>
    public Task<T> AskAsync<T>(Func<IReadSession, Task<T>> ask, CancellationToken cancellation) => isFilled
        ? WriteAsync(database => ask(new SqliteReadSession(database)).Result, cancellation)
        : ReadAsync(ask, cancellation);

    /// <summary>Does a piece of work on the writing connection, away from the caller's thread.</summary>
    public async Task<T> WriteAsync<T>(Func<SqliteDatabase, T> work, CancellationToken cancellation)
    {
        await writing.WaitAsync(cancellation);
        try
        {
            ObjectDisposedException.ThrowIf(closed, this);
            return await Task.Run(() => work(writer ??= OpenWriter()), cancellation);
        }
        catch (Exception failure)
        {
            // In which state the connection was left does not matter: the next piece of work opens another.
            writer?.Dispose();
            writer = null;
            if (failure is SqliteFailure)
            {
                throw new ReadModelsException(
                    $"The {kind.What} in {path} could not be written: {failure.Message}.", failure);
            }

            throw;
        }
        finally
        {
            writing.Release();
        }
    }

    private SqliteDatabase OpenWriter() =>
        isFilled ? SqliteReadFile.OpenForFilling(path, kind) : SqliteReadFile.Open(path, kind, failures);

    /// <summary>
    /// Waits for all who read and write, closes every connection, does the work and lets others in again.
    /// </summary>
    private async Task CloseForAsync(Action work, CancellationToken cancellation)
    {
        await writing.WaitAsync(cancellation);
        try
        {
            await readers.CloseForAsync(
                () =>
                {
                    writer?.Dispose();
                    writer = null;
                    work();
                },
                cancellation);
        }
        finally
        {
            writing.Release();
        }
    }
}

/// <summary>Puts questions to one connection, at once: what it returns is always completed.</summary>
internal sealed class SqliteReadSession(SqliteDatabase database) : IReadSession
{
    public Task<List<T>> QueryAsync<T>(
        string sql, IReadOnlyList<object> values, Func<IStoredRow, T> read, CancellationToken cancellation) =>
        new SqliteSession(database).QueryAsync(sql, values, read, cancellation);

    public Task<List<T>> FindAsync<T>(Table<T> table, IReadOnlyList<KeyColumn> keys, CancellationToken cancellation)
    {
        var condition = string.Join(" AND ", keys.Select((key, index) => $"{key.Name} = ${index + 1}"));
        var statement = database.Statement($"SELECT {table.Selected()} FROM {table.Name} WHERE {condition}");
        var found = new List<T>();
        for (var index = 0; index < keys[0].Count; index++)
        {
            cancellation.ThrowIfCancellationRequested();
            for (var column = 0; column < keys.Count; column++)
            {
                _ = keys[column].Numbers is { } numbers
                    ? statement.Bind(column + 1, numbers[index])
                    : statement.Bind(column + 1, keys[column].Texts![index]);
            }

            SqliteSession.ReadAll(statement, row => table.Of(row), found);
        }

        return Task.FromResult(found);
    }
}

/// <summary>A journal in a file has one node, so the right to write is always there to take.</summary>
internal sealed class SqliteLead(SqliteReadStore store) : IReadLead
{
    private readonly SqliteBatchWriter writer = new();

    public Task<bool> WriteAsync(BatchRows rows, CancellationToken cancellation) => WriteAsync(
        OffsetRow.Move(OffsetRow.Models, rows.Batch.From, rows.Batch.To),
        database => writer.Write(database, rows), cancellation);

    public Task<bool> WriteAsync(IndexBatch batch, CancellationToken cancellation) => WriteAsync(
        OffsetRow.Move(OffsetRow.Search, batch.From, batch.To),
        database => SqliteIndexWriter.Write(database, batch), cancellation);

    public Task<List<T>> QueryAsync<T>(
        string sql, IReadOnlyList<object> values, Func<IStoredRow, T> read, CancellationToken cancellation) =>
        store.AskAsync(session => session.QueryAsync(sql, values, read, cancellation), cancellation);

    public Task<List<T>> FindAsync<T>(Table<T> table, IReadOnlyList<KeyColumn> keys, CancellationToken cancellation) =>
        store.AskAsync(session => session.FindAsync(table, keys, cancellation), cancellation);

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    private Task<bool> WriteAsync(object[] move, Action<SqliteDatabase> write, CancellationToken cancellation) =>
        store.WriteAsync(
            database =>
            {
                database.Execute("BEGIN IMMEDIATE");
                if (database.Statement(OffsetRow.MoveSql).BindAll(move).Run() != 1)
                {
                    database.Execute("ROLLBACK");
                    return false;
                }

                write(database);
                database.Execute("COMMIT");
                return true;
            },
            cancellation);
}
