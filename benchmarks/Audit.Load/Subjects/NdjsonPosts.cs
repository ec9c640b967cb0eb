using Audit.Load.Stores;
using Audit.Load.Workloads;

namespace Audit.Load.Subjects;

/// <summary>
/// The whole node: NDJSON bodies of 500 records, one after the other on each of four connections, until the read models and
/// the log have all of it, and the text index too where that is asked for.
/// </summary>
internal sealed class NdjsonPosts(string? program, string engine, bool untilSearchable) : IMeasured
{
    public string Name => Names.On(engine, untilSearchable ? Names.Searchable : Names.Ndjson);

    public async Task<Sample> MeasureAsync(LoadStore store, Workload work)
    {
        var before = await store.SizesAsync();
        await using var node = await MeasuredNode.StartAsync(store, program, engine);
        using var client = node.Client(NdjsonBodies.Connections);
        await NdjsonBodies.PostAllAsync(client, NdjsonBodies.Of(MeasuredNode.WarmUp));
        await MeasuredNode.CaughtUpAsync(client, untilSearchable);
        var bodies = NdjsonBodies.Of(work);
        await node.BeginMeasurementAsync();
        var meter = new Meter(store);
        var recorded = await NdjsonBodies.PostAllAsync(client, bodies);
        var taken = meter.Elapsed;
        var end = await MeasuredNode.CaughtUpAsync(client, untilSearchable);
        var sample = meter.Read(work.Messages.Length);
        if (recorded != work.Messages.Length)
        {
            throw new InvalidOperationException($"Only {recorded} of {work.Messages.Length} items were recorded.");
        }

        var cost = await node.CostOfAsync(sample.Events);
        // A node that runs has logs beside its files, which say nothing of what a record takes.
        await node.StopAsync();
        return sample with
        {
            Node = cost,
            Stored = untilSearchable ? Stored(before, await store.SizesAsync(), work, end) : null,
            Note = $"{cost}, taken in at {work.Messages.Length / taken.TotalSeconds:n0}/s",
        };
    }

    /// <summary>What came since the node was started, of which the warm-up's records are a part too.</summary>
    private static StoredBytes Stored(
        (long All, long Index) before, (long All, long Index) after, Workload work, long rows)
    {
        var records = (double)work.Messages.Concat(MeasuredNode.WarmUp.Messages).Sum(message => message.Record.Length);
        var (all, index) = (after.All - before.All, after.Index - before.Index);
        return new StoredBytes(all / records, (all - index) / records, after.All / (double)rows);
    }
}
