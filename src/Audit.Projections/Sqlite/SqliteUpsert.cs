using Audit.Projections.Stores;

namespace Audit.Projections.Sqlite;

/// <summary>Writes the rows of one table by prepared statements.</summary>
internal sealed class SqliteUpsert<T>
{
    private readonly Table<T> table;
    private readonly string insert;
    private readonly string upsert;

    public SqliteUpsert(Table<T> table)
    {
        this.table = table;
        var values = string.Join(", ", Enumerable.Range(1, table.Columns.Length + 1).Select(number => $"?{number}"));
        insert = $"INSERT INTO {table.Name} ({table.ColumnList}) VALUES ({values})";
        upsert = $"{insert} {table.OnConflict}";
    }

    public void Write(SqliteDatabase database, TableRows<T> rows)
    {
        Write(database, insert, rows.Added, rows, 0);
        Write(database, upsert, rows.Changed, rows, rows.Added.Count);
    }

    private void Write(SqliteDatabase database, string sql, IReadOnlyList<T> some, TableRows<T> rows, int first)
    {
        var statement = database.Statement(sql);
        for (var index = 0; index < some.Count; index++)
        {
            Bind(statement, some[index]).BindText(table.Columns.Length + 1, rows.Document(first + index).Span).Run();
        }
    }

    private SqliteStatement Bind(SqliteStatement statement, T row)
    {
        for (var index = 0; index < table.Columns.Length; index++)
        {
            var column = table.Columns[index];
            _ = column.Number is { } number ? statement.Bind(index + 1, number(row)) : statement.Bind(index + 1, column.Text!(row));
        }

        return statement;
    }
}
