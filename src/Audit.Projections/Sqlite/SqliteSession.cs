using Audit.Projections.Stores;

namespace Audit.Projections.Sqlite;

/// <summary>Puts questions to one connection, at once: what it returns is always completed.</summary>
internal sealed class SqliteSession(SqliteDatabase database) : IReadSession
{
    public Task<List<T>> QueryAsync<T>(
        string sql, IReadOnlyList<object> values, Func<IReadRow, T> read, CancellationToken cancellation)
    {
        var statement = database.Statement(Dialect(sql));
        for (var index = 0; index < values.Count; index++)
        {
            statement.Bind(index + 1, values[index]);
        }

        var found = new List<T>();
        ReadAll(statement, read, found);
        return Task.FromResult(found);
    }

    public Task<List<T>> FindAsync<T>(Table<T> table, IReadOnlyList<KeyColumn> keys, CancellationToken cancellation)
    {
        var condition = string.Join(" AND ", keys.Select((key, index) => $"{key.Name} = ?{index + 1}"));
        var statement = database.Statement($"SELECT doc FROM {table.Name} WHERE {condition}");
        var found = new List<T>();
        for (var index = 0; index < keys[0].Count; index++)
        {
            for (var column = 0; column < keys.Count; column++)
            {
                statement.Bind(column + 1, keys[column][index]);
            }

            ReadAll(statement, row => row.Document(0, table.Json), found);
        }

        return Task.FromResult(found);
    }

    /// <summary>SQLite numbers its parameters by a question mark; a dollar would make names of them.</summary>
    public static string Dialect(string sql) => sql.Replace('$', '?');

    private static void ReadAll<T>(SqliteStatement statement, Func<IReadRow, T> read, List<T> found)
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
