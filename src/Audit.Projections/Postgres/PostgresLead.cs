using Npgsql;

namespace Audit.Projections.Postgres;

/// <summary>
/// The lock and the writing connection are one: a node whose connection died can write nothing more, and the lock is
/// free for the next.
/// </summary>
internal sealed class PostgresLead(NpgsqlConnection connection, PostgresPool pool) : IReadLead
{
    private readonly PostgresBatchWriter writer = new();
    private readonly PostgresIndexWriter indexWriter = new();

    public Task<bool> WriteAsync(BatchRows rows, CancellationToken cancellation) => WriteAsync(
        OffsetRow.Move(OffsetRow.Models, rows.Batch.From, rows.Batch.To),
        () => writer.WriteAsync(connection, rows, cancellation), cancellation);

    public Task<bool> WriteAsync(IndexBatch batch, CancellationToken cancellation) => WriteAsync(
        OffsetRow.Move(OffsetRow.Search, batch.From, batch.To),
        () => indexWriter.WriteAsync(connection, batch, cancellation), cancellation);

    public Task<List<T>> QueryAsync<T>(
        string sql, IReadOnlyList<object> values, Func<IStoredRow, T> read, CancellationToken cancellation) =>
        pool.RunAsync(
            (reader, token) => new PostgresReadSession(reader).QueryAsync(sql, values, read, token), cancellation);

    public Task<List<T>> FindAsync<T>(Table<T> table, IReadOnlyList<KeyColumn> keys, CancellationToken cancellation) =>
        pool.RunAsync((reader, token) => new PostgresReadSession(reader).FindAsync(table, keys, token), cancellation);

    public ValueTask DisposeAsync() => connection.DisposeAsync();

    private Task<bool> WriteAsync(object[] move, Func<Task> write, CancellationToken cancellation) =>
        pool.GuardAsync(async () =>
        {
            await using var transaction = await connection.BeginTransactionAsync(cancellation);
            if (await new PostgresSession(connection).ExecuteAsync(OffsetRow.MoveSql, move, cancellation) != 1)
            {
                return false;
            }

            await write();
            await transaction.CommitAsync(cancellation);
            return true;
        });
}
