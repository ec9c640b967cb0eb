using System.Buffers;
using System.Text.Json;

namespace Audit.Projections.Sqlite;

/// <summary>Writes the rows of one table by prepared statements: those that are new to the store need no look for older ones.</summary>
internal sealed class SqliteUpsert<T>
{
    private readonly Table<T> table;
    private readonly string insert;
    private readonly string upsert;
    private readonly ArrayBufferWriter<byte> document = new(1024);

    public SqliteUpsert(Table<T> table)
    {
        this.table = table;
        var values = string.Join(", ", Enumerable.Range(1, table.Columns.Length + 1).Select(number => $"?{number}"));
        insert = $"INSERT INTO {table.Name} ({table.ColumnList}) VALUES ({values})";
        upsert = $"{insert} {table.OnConflict}";
    }

    /// <param name="known">Everything up to this position is in the store.</param>
    public void Write(SqliteDatabase database, Utf8JsonWriter json, long known, IReadOnlyCollection<T> rows)
    {
        foreach (var row in rows)
        {
            var statement = database.Statement(table.Position(row) > known ? insert : upsert);
            for (var index = 0; index < table.Columns.Length; index++)
            {
                var column = table.Columns[index];
                _ = column.Number is { } number ? statement.Bind(index + 1, number(row)) : statement.Bind(index + 1, column.Text!(row));
            }

            document.ResetWrittenCount();
            json.Reset(document);
            JsonSerializer.Serialize(json, row, table.Json);
            statement.BindText(table.Columns.Length + 1, document.WrittenSpan).Run();
        }
    }
}
