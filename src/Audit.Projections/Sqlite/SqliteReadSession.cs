namespace Audit.Projections.Sqlite;

/// <summary>Puts questions to one connection, at once: what it returns is always completed.</summary>
internal sealed class SqliteReadSession(SqliteDatabase database) : IReadSession
{
    public Task<List<T>> QueryAsync<T>(
        string sql, IReadOnlyList<object> values, Func<IStoredRow, T> read, CancellationToken cancellation) =>
        new SqliteSession(database).QueryAsync(sql, values, read, cancellation);

    public Task<List<T>> FindAsync<T>(Table<T> table, IReadOnlyList<KeyColumn> keys, CancellationToken cancellation)
    {
        var condition = string.Join(" AND ", keys.Select((key, index) => $"{key.Name} = ${index + 1}"));
        var statement = database.Statement($"SELECT doc FROM {table.Name} WHERE {condition}");
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

            SqliteSession.ReadAll(statement, row => row.Document(0, table.Json), found);
        }

        return Task.FromResult(found);
    }
}
