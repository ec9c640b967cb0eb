using Audit.Load.Stores;
using Audit.Load.Workloads;

namespace Audit.Load.Subjects;

/// <summary>The read models built anew from a journal that the engine filled.</summary>
internal sealed class ReadModelRebuild : IMeasured
{
    public string Name => Names.Rebuild;

    public async Task<Sample> MeasureAsync(LoadStore store, Workload work)
    {
        await using var open = await OpenEngine.OnAsync(store);
        await EngineInProcess.MeasureAsync(open, work);
        await using var reads = await ReadSide.OpenAsync(
            store.Address, open.Journal, new ReadSideOptions(), CancellationToken.None);
        var end = await open.Journal.LastPositionAsync(CancellationToken.None);
        await reads.WaitForAsync(end, CancellationToken.None);

        // The text index is fed in the background, and would go on with it while the rebuild is measured.
        await reads.Search.WaitForAsync(end, CancellationToken.None);
        var meter = new Meter(store);
        await reads.RebuildAsync(null, CancellationToken.None);
        return meter.Read(end);
    }
}
