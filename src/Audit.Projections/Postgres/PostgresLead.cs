using Audit.Projections.Search.Indexing;
using Audit.Projections.Search.Postgres;
using Audit.Projections.Stores;
using Npgsql;

namespace Audit.Projections.Postgres;

/// <summary>
/// The lock and the writing connection are one: a node whose connection died can write nothing more, and the lock is free
/// for the next.
/// </summary>
internal sealed class PostgresLead(NpgsqlConnection connection, NpgsqlDataSource pool, string place) : IReadLead
{
    private readonly PostgresBatchWriter writer = new();
    private readonly PostgresIndexWriter indexWriter = new();

    public Task<bool> WriteAsync(BatchRows rows, CancellationToken cancellation) =>
        PostgresFaults.GuardAsync(place, () => writer.WriteAsync(connection, rows, cancellation));

    public Task<bool> WriteAsync(IndexBatch batch, CancellationToken cancellation) =>
        PostgresFaults.GuardAsync(place, () => indexWriter.WriteAsync(connection, batch, cancellation));

    public Task<List<T>> QueryAsync<T>(
        string sql, IReadOnlyList<object> values, Func<IReadRow, T> read, CancellationToken cancellation) =>
        AskAsync(session => session.QueryAsync(sql, values, read, cancellation), cancellation);

    public Task<List<T>> FindAsync<T>(Table<T> table, IReadOnlyList<KeyColumn> keys, CancellationToken cancellation) =>
        AskAsync(session => session.FindAsync(table, keys, cancellation), cancellation);

    public ValueTask DisposeAsync() => connection.DisposeAsync();

    private Task<List<T>> AskAsync<T>(Func<PostgresSession, Task<List<T>>> ask, CancellationToken cancellation) =>
        PostgresFaults.GuardAsync(place, async () =>
        {
            await using var reader = await pool.OpenConnectionAsync(cancellation);
            return await ask(new PostgresSession(reader));
        });
}
