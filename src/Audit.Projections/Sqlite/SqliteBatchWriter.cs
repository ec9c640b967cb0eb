namespace Audit.Projections.Sqlite;

/// <summary>Writes the rows of a batch by prepared statements.</summary>
internal sealed class SqliteBatchWriter
{
    private const string MomentSql = "INSERT INTO moments (second, position) VALUES ($1, $2)";

    private const string NamedSql = "INSERT INTO named (task_id, call) VALUES ($1, $2) ON CONFLICT DO NOTHING";

    private readonly Dictionary<string, (string Insert, string Upsert)> statements = [];

    public void Write(SqliteDatabase database, BatchRows rows)
    {
        foreach (var table in rows.Tables)
        {
            var (insert, upsert) = StatementsOf(table);
            Write(database.Statement(insert), table, 0, table.Added);
            Write(database.Statement(upsert), table, table.Added, table.Added + table.Changed);
        }

        if (rows.Batch.EmptiesHours)
        {
            database.Statement(ReadTables.DeleteEmptyHours).Run();
        }

        foreach (var moment in rows.Batch.Moments)
        {
            database.Statement(MomentSql).Bind(1, moment.Second).Bind(2, moment.Position).Run();
        }

        foreach (var (task, call) in rows.Batch.Named)
        {
            database.Statement(NamedSql).Bind(1, task).Bind(2, call).Run();
        }
    }

    private (string Insert, string Upsert) StatementsOf(ITableRows table)
    {
        if (!statements.TryGetValue(table.Name, out var found))
        {
            var values = string.Join(", ", Enumerable.Range(1, table.Columns + 1).Select(number => $"${number}"));
            var insert = $"INSERT INTO {table.Name} ({table.ColumnList}) VALUES ({values})";
            statements.Add(table.Name, found = (insert, $"{insert} {table.OnConflict}"));
        }

        return found;
    }

    private static void Write(SqliteStatement statement, ITableRows table, int first, int end)
    {
        for (var row = first; row < end; row++)
        {
            for (var column = 0; column < table.Columns; column++)
            {
                _ = table.IsNumber(column)
                    ? statement.Bind(column + 1, table.Number(row, column))
                    : statement.Bind(column + 1, table.Text(row, column));
            }

            statement.BindText(table.Columns + 1, table.Document(row).Span).Run();
        }
    }
}
