namespace Audit.Projections.Sqlite;

/// <summary>A journal in a file has one node, so the right to write is always there to take.</summary>
internal sealed class SqliteLead(SqliteReadStore store) : IReadLead
{
    private readonly SqliteBatchWriter writer = new();

    public Task<bool> WriteAsync(BatchRows rows, CancellationToken cancellation) => WriteAsync(
        OffsetRow.Move(OffsetRow.Models, rows.Batch.From, rows.Batch.To),
        database => writer.Write(database, rows), cancellation);

    public Task<bool> WriteAsync(IndexBatch batch, CancellationToken cancellation) => WriteAsync(
        OffsetRow.Move(OffsetRow.Search, batch.From, batch.To),
        database => SqliteIndexWriter.Write(database, batch), cancellation);

    public Task<List<T>> QueryAsync<T>(
        string sql, IReadOnlyList<object> values, Func<IStoredRow, T> read, CancellationToken cancellation) =>
        store.AskAsync(session => session.QueryAsync(sql, values, read, cancellation), cancellation);

    public Task<List<T>> FindAsync<T>(Table<T> table, IReadOnlyList<KeyColumn> keys, CancellationToken cancellation) =>
        store.AskAsync(session => session.FindAsync(table, keys, cancellation), cancellation);

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    private Task<bool> WriteAsync(object[] move, Action<SqliteDatabase> write, CancellationToken cancellation) =>
        store.WriteAsync(
            database =>
            {
                database.Execute("BEGIN IMMEDIATE");
                if (database.Statement(OffsetRow.MoveSql).BindAll(move).Run() != 1)
                {
                    database.Execute("ROLLBACK");
                    return false;
                }

                write(database);
                database.Execute("COMMIT");
                return true;
            },
            cancellation);
}
