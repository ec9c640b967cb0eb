namespace Audit.Storage.Sqlite;

/// <summary>Puts questions to one connection, at once: what it returns is always completed.</summary>
public sealed class SqliteSession(SqliteDatabase database) : IStoreSession
{
    public Task<List<T>> QueryAsync<T>(
        string sql, IReadOnlyList<object?> values, Func<IStoredRow, T> read, CancellationToken cancellation)
    {
        cancellation.ThrowIfCancellationRequested();
        var found = new List<T>();
        ReadAll(database.Statement(sql).BindAll(values), read, found);
        return Task.FromResult(found);
    }

    public Task<int> ExecuteAsync(string sql, IReadOnlyList<object?> values, CancellationToken cancellation) =>
        Task.FromResult(database.Statement(sql).BindAll(values).Run());

    public Task ExecuteAllAsync(string sql, IEnumerable<IReadOnlyList<object?>> values, CancellationToken cancellation)
    {
        foreach (var each in values)
        {
            database.Statement(sql).BindAll(each).Run();
        }

        return Task.CompletedTask;
    }

    public Task RunScriptAsync(string sql, CancellationToken cancellation)
    {
        database.Execute(sql);
        return Task.CompletedTask;
    }

    public static void ReadAll<T>(SqliteStatement statement, Func<IStoredRow, T> read, List<T> found)
    {
        try
        {
            while (statement.Step())
            {
                found.Add(read(statement));
            }
        }
        finally
        {
            statement.Reset();
        }
    }
}
