using Audit.Projections.Stores;
using Npgsql;
using NpgsqlTypes;

namespace Audit.Projections.Postgres;

/// <summary>Puts questions to one connection.</summary>
internal sealed class PostgresSession(NpgsqlConnection connection) : IReadSession
{
    public Task<List<T>> QueryAsync<T>(
        string sql, IReadOnlyList<object> values, Func<IReadRow, T> read, CancellationToken cancellation) =>
        ReadAsync(sql, values.Select(Parameter), read, cancellation);

    public Task<List<T>> FindAsync<T>(Table<T> table, IReadOnlyList<KeyColumn> keys, CancellationToken cancellation)
    {
        var arrays = string.Join(", ", keys.Select((key, index) => $"${index + 1}::{(key.Numbers is null ? "text" : "bigint")}[]"));
        var names = string.Join(", ", keys.Select(key => key.Name));
        return ReadAsync(
            $"SELECT t.doc FROM unnest({arrays}) AS k({names}) JOIN {table.Name} t USING ({names})",
            keys.Select(Parameter),
            row => row.Document(0, table.Json),
            cancellation);
    }

    /// <summary>A number or a text.</summary>
    public static NpgsqlParameter Parameter(object value) =>
        value is long number ? new NpgsqlParameter<long> { TypedValue = number } : new NpgsqlParameter<string> { TypedValue = (string)value };

    private static NpgsqlParameter Parameter(KeyColumn key) => key.Numbers is not null
        ? new NpgsqlParameter<long[]> { TypedValue = key.Numbers }
        : new NpgsqlParameter<string[]> { TypedValue = key.Texts, NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Text };

    private async Task<List<T>> ReadAsync<T>(
        string sql, IEnumerable<NpgsqlParameter> parameters, Func<IReadRow, T> read, CancellationToken cancellation)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        foreach (var parameter in parameters)
        {
            command.Parameters.Add(parameter);
        }

        await using var reader = await command.ExecuteReaderAsync(cancellation);
        var found = new List<T>();
        var row = new PostgresRow(reader);
        while (await reader.ReadAsync(cancellation))
        {
            found.Add(read(row));
        }

        return found;
    }
}
