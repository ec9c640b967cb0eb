using Npgsql;
using NpgsqlTypes;

namespace Audit.Projections.Postgres;

/// <summary>
/// Writes the rows of a batch, an array a column: one statement for those of a table that are new to the store, and one
/// for the others.
/// </summary>
internal sealed class PostgresBatchWriter
{
    private const string MomentsSql =
        "INSERT INTO moments (second, position) SELECT * FROM unnest($1::bigint[], $2::bigint[])";

    private const string NamedSql =
        "INSERT INTO named (task_id, call) SELECT * FROM unnest($1::text[], $2::bigint[]) ON CONFLICT DO NOTHING";

    private readonly Dictionary<string, (string Insert, string Upsert)> statements = [];

    public async Task WriteAsync(NpgsqlConnection connection, BatchRows rows, CancellationToken cancellation)
    {
        await using var batch = new NpgsqlBatch(connection);
        Fill(batch, rows);
        if (batch.BatchCommands.Count > 0)
        {
            await batch.ExecuteNonQueryAsync(cancellation);
        }
    }

    private void Fill(NpgsqlBatch batch, BatchRows rows)
    {
        foreach (var table in rows.Tables)
        {
            var (insert, upsert) = StatementsOf(table);
            Add(batch, insert, table, 0, table.Added);
            Add(batch, upsert, table, table.Added, table.Changed);
        }

        if (rows.Batch.EmptiesHours)
        {
            batch.BatchCommands.Add(new NpgsqlBatchCommand(ReadTables.DeleteEmptyHours));
        }

        var (moments, named) = (rows.Batch.Moments, rows.Batch.Named);
        if (moments.Count > 0)
        {
            Add(
                batch, MomentsSql, moments.Select(one => one.Second).ToArray(),
                moments.Select(one => one.Position).ToArray());
        }

        if (named.Count > 0)
        {
            Add(batch, NamedSql, named.Select(one => one.Task).ToArray(), named.Select(one => one.Call).ToArray());
        }
    }

    private (string Insert, string Upsert) StatementsOf(ITableRows table)
    {
        if (!statements.TryGetValue(table.Name, out var found))
        {
            var arrays = Enumerable.Range(0, table.Columns)
                .Select(column => $"${column + 1}::{(table.IsNumber(column) ? "bigint" : "text")}[]")
                .Append($"${table.Columns + 1}::text[]");
            var insert =
                $"INSERT INTO {table.Name} ({table.ColumnList}) SELECT * FROM unnest({string.Join(", ", arrays)})";
            statements.Add(table.Name, found = (insert, $"{insert} {table.OnConflict}"));
        }

        return found;
    }

    private static void Add(NpgsqlBatch batch, string sql, ITableRows table, int first, int count)
    {
        if (count == 0)
        {
            return;
        }

        var command = new NpgsqlBatchCommand(sql);
        for (var column = 0; column < table.Columns; column++)
        {
            command.Parameters.Add(table.IsNumber(column)
                ? Gather(first, count, NpgsqlDbType.Bigint, column, table.Number)
                : Gather(first, count, NpgsqlDbType.Text, column, table.Text));
        }

        command.Parameters.Add(Gather(first, count, NpgsqlDbType.Text, 0, (row, _) => table.Document(row)));
        batch.BatchCommands.Add(command);
    }

    private static void Add(NpgsqlBatch batch, string sql, params object[] arrays)
    {
        var command = new NpgsqlBatchCommand(sql);
        command.Parameters.AddRange(arrays.Select(PostgresCommands.Parameter).ToArray());
        batch.BatchCommands.Add(command);
    }

    private static NpgsqlParameter Gather<T>(
        int first, int count, NpgsqlDbType type, int column, Func<int, int, T> value)
    {
        var values = new T[count];
        for (var index = 0; index < count; index++)
        {
            values[index] = value(first + index, column);
        }

        return new NpgsqlParameter<T[]> { TypedValue = values, NpgsqlDbType = NpgsqlDbType.Array | type };
    }
}
