using Audit.Load.Stores;
using Audit.Load.Workloads;

namespace Audit.Load.Floors;

internal sealed class RawBatchSqlite : IMeasured
{
    private const int RowsPerTransaction = 500;

    public string Name => Names.RawBatch;

    public string Kind => "sqlite";

    public Task<Sample> MeasureAsync(LoadStore store, Workload work) => Task.Factory.StartNew(
        () =>
        {
            var rows = work.Rows;
            using var database = new SqliteFile(store.Place);
            var insert = new SqliteJournalInsert(database);
            var meter = new Meter(store);
            insert.InsertAll(rows, RowsPerTransaction);
            return meter.Read(rows.Length);
        },
        TaskCreationOptions.LongRunning);
}
