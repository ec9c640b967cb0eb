using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Audit.Projections.Stores;
using Npgsql;

namespace Audit.Projections.Postgres;

internal sealed class PostgresRow(NpgsqlDataReader reader) : IReadRow
{
    public bool IsNull(int column) => reader.IsDBNull(column);

    public long Number(int column) => reader.GetInt64(column);

    public string Text(int column) => reader.GetString(column);

    public T Document<T>(int column, JsonTypeInfo<T> json) =>
        JsonSerializer.Deserialize(reader.GetFieldValue<byte[]>(column), json)!;
}
