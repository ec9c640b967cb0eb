using Audit.Projections.Stores;
using Npgsql;
using NpgsqlTypes;

namespace Audit.Projections.Postgres;

/// <summary>Writes the rows of one table, an array a column: one statement for those that are new to the store, and one for the others.</summary>
internal sealed class PostgresUpsert<T>
{
    private readonly Table<T> table;
    private readonly string insert;
    private readonly string upsert;

    public PostgresUpsert(Table<T> table)
    {
        this.table = table;
        var arrays = string.Join(", ", table.Columns.Select((column, index) => $"${index + 1}::{(column.Number is null ? "text" : "bigint")}[]"));
        insert = $"INSERT INTO {table.Name} ({table.ColumnList}) SELECT * FROM unnest({arrays}, ${table.Columns.Length + 1}::text[])";
        upsert = $"{insert} {table.OnConflict}";
    }

    public void AddTo(NpgsqlBatch batch, TableRows<T> rows)
    {
        Add(batch, insert, rows.Added, rows, 0);
        Add(batch, upsert, rows.Changed, rows, rows.Added.Count);
    }

    private void Add(NpgsqlBatch batch, string sql, IReadOnlyList<T> some, TableRows<T> rows, int first)
    {
        if (some.Count == 0)
        {
            return;
        }

        var command = new NpgsqlBatchCommand(sql);
        foreach (var column in table.Columns)
        {
            command.Parameters.Add(column.Number is { } number ? Numbers(some, number) : Texts(some, column.Text!));
        }

        command.Parameters.Add(new NpgsqlParameter<ReadOnlyMemory<byte>[]>
        {
            TypedValue = [.. Enumerable.Range(first, some.Count).Select(rows.Document)],
            NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Text,
        });
        batch.BatchCommands.Add(command);
    }

    private static NpgsqlParameter Numbers(IReadOnlyList<T> rows, Func<T, long?> value) =>
        new NpgsqlParameter<long?[]> { TypedValue = [.. rows.Select(value)], NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Bigint };

    private static NpgsqlParameter Texts(IReadOnlyList<T> rows, Func<T, string?> value) =>
        new NpgsqlParameter<string?[]> { TypedValue = [.. rows.Select(value)], NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Text };
}
