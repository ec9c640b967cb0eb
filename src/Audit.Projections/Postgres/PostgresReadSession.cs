using Npgsql;

namespace Audit.Projections.Postgres;

/// <summary>Puts questions to one connection.</summary>
internal sealed class PostgresReadSession(NpgsqlConnection connection) : IReadSession
{
    public Task<List<T>> QueryAsync<T>(
        string sql, IReadOnlyList<object> values, Func<IStoredRow, T> read, CancellationToken cancellation) =>
        new PostgresSession(connection).QueryAsync(sql, values, read, cancellation);

    public Task<List<T>> FindAsync<T>(Table<T> table, IReadOnlyList<KeyColumn> keys, CancellationToken cancellation)
    {
        var arrays = string.Join(
            ", ", keys.Select((key, index) => $"${index + 1}::{(key.Numbers is null ? "text" : "bigint")}[]"));
        var names = string.Join(", ", keys.Select(key => key.Name));
        return QueryAsync(
            $"SELECT t.doc FROM unnest({arrays}) AS k({names}) JOIN {table.Name} t USING ({names})",
            [.. keys.Select(key => (object?)key.Numbers ?? key.Texts!)],
            row => row.Document(0, table.Json),
            cancellation);
    }
}
