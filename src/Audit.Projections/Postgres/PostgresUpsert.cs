using System.Buffers;
using System.Text.Json;
using Npgsql;
using NpgsqlTypes;

namespace Audit.Projections.Postgres;

/// <summary>
/// Writes the rows of one table, an array a column: one statement for those that are new to the store, which need no look for
/// older ones, and one for the others.
/// </summary>
internal sealed class PostgresUpsert<T>
{
    private readonly Table<T> table;
    private readonly string insert;
    private readonly string upsert;
    private readonly ArrayBufferWriter<byte> documents = new(1 << 16);

    public PostgresUpsert(Table<T> table)
    {
        this.table = table;
        var arrays = string.Join(", ", table.Columns.Select((column, index) => $"${index + 1}::{(column.Number is null ? "text" : "bigint")}[]"));
        insert = $"INSERT INTO {table.Name} ({table.ColumnList}) SELECT * FROM unnest({arrays}, ${table.Columns.Length + 1}::text[])";
        upsert = $"{insert} {table.OnConflict}";
    }

    /// <param name="known">Everything up to this position is in the store.</param>
    public void AddTo(NpgsqlBatch batch, Utf8JsonWriter json, long known, IReadOnlyCollection<T> rows)
    {
        documents.ResetWrittenCount();
        var added = rows.Where(row => table.Position(row) > known).ToList();
        var changed = rows.Where(row => table.Position(row) <= known).ToList();
        var addedEnds = Serialize(json, added);
        var changedEnds = Serialize(json, changed);

        // Only now, for the buffer moves as it grows.
        Add(batch, insert, added, 0, addedEnds);
        Add(batch, upsert, changed, addedEnds.LastOrDefault(), changedEnds);
    }

    /// <returns>Where in the buffer each document ends.</returns>
    private int[] Serialize(Utf8JsonWriter json, List<T> rows)
    {
        var ends = new int[rows.Count];
        for (var index = 0; index < ends.Length; index++)
        {
            json.Reset(documents);
            JsonSerializer.Serialize(json, rows[index], table.Json);
            ends[index] = documents.WrittenCount;
        }

        return ends;
    }

    private void Add(NpgsqlBatch batch, string sql, List<T> rows, int start, int[] ends)
    {
        if (rows.Count == 0)
        {
            return;
        }

        var command = new NpgsqlBatchCommand(sql);
        foreach (var column in table.Columns)
        {
            command.Parameters.Add(column.Number is { } number ? Numbers(rows, number) : Texts(rows, column.Text!));
        }

        var written = documents.WrittenMemory;
        var slices = ends.Select((end, place) => written[(place == 0 ? start : ends[place - 1])..end]);
        command.Parameters.Add(new NpgsqlParameter<ReadOnlyMemory<byte>[]>
        {
            TypedValue = [.. slices], NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Text,
        });
        batch.BatchCommands.Add(command);
    }

    private static NpgsqlParameter Numbers(List<T> rows, Func<T, long?> value) =>
        new NpgsqlParameter<long?[]> { TypedValue = [.. rows.Select(value)], NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Bigint };

    private static NpgsqlParameter Texts(List<T> rows, Func<T, string?> value) =>
        new NpgsqlParameter<string?[]> { TypedValue = [.. rows.Select(value)], NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Text };
}
