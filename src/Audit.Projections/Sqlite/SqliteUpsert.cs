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
        for (var index = 0; index < rows.Added.Count; index++)
        {
            Write(database.Statement(insert), rows.Added[index], rows.Document(index));
        }

        for (var index = 0; index < rows.Changed.Count; index++)
        {
            Write(database.Statement(upsert), rows.Changed[index], rows.Document(rows.Added.Count + index));
        }
    }

    private void Write(SqliteStatement statement, T row, ReadOnlyMemory<byte> document)
    {
        for (var index = 0; index < table.Columns.Length; index++)
        {
            var column = table.Columns[index];
            _ = column.Number is { } number ? statement.Bind(index + 1, number(row)) : statement.Bind(index + 1, column.Text!(row));
        }

        statement.BindText(table.Columns.Length + 1, document.Span).Run();
    }
}
