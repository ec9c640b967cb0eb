using Audit.Load.Stores;
using Audit.Load.Workloads;

namespace Audit.Load.Floors;

internal sealed class RawBatchPostgres : IMeasured
{
    private const int RowsPerTransaction = 500;
    private const int Connections = 2;

    // Two writers at once would wait for each other at the lock by which the journal orders its commits.
    private const string WithoutLockSql = "ALTER TABLE journal DISABLE TRIGGER journal_commit_order";

    public string Name => Names.RawBatch;

    public string Kind => "postgres";

    public async Task<Sample> MeasureAsync(LoadStore store, Workload work)
    {
        var rows = work.Rows;
        await using var first = await PostgresConnection.OpenAsync(store.Place);
        await using var second = await PostgresConnection.OpenAsync(store.Place);
        await PostgresConnection.RunAsync(first, WithoutLockSql);
        var meter = new Meter(store);
        await Task.WhenAll(new[] { first, second }.Select((connection, number) => Task.Run(
            () => PostgresJournalInsert.InsertAllAsync(connection, rows, number, Connections, RowsPerTransaction))));
        return meter.Read(rows.Length);
    }
}
