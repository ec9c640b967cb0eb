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
        await using var node = await MeasuredNode.StartAsync(store, program, engine);
        using var client = node.Client(NdjsonBodies.Connections);
        await NdjsonBodies.PostAllAsync(client, NdjsonBodies.Of(MeasuredNode.WarmUp));
        await MeasuredNode.CaughtUpAsync(client, untilSearchable);
        var bodies = NdjsonBodies.Of(work);
        var meter = new Meter();
        node.BeginMeasurement();
        var recorded = await NdjsonBodies.PostAllAsync(client, bodies);
        var taken = meter.Elapsed;
        await MeasuredNode.CaughtUpAsync(client, untilSearchable);
        var sample = meter.Read(work.Messages.Length);
        if (recorded != work.Messages.Length)
        {
            throw new InvalidOperationException($"Only {recorded} of {work.Messages.Length} items were recorded.");
        }

        var cost = node.CostOf(sample.Events);
        return sample with
        {
            Node = cost,
            StoredForAByte = untilSearchable && store.Kind == "sqlite" ? StoredForAByte(store, work) : null,
            Note = $"{cost}, taken in at {work.Messages.Length / taken.TotalSeconds:n0}/s",
        };
    }

    /// <summary>Everything in the store's directory, which has the warm-up's records too.</summary>
    private static double StoredForAByte(LoadStore store, Workload work)
    {
        var files = new DirectoryInfo(store.Directory).EnumerateFiles("*", SearchOption.AllDirectories);
        var records = work.Messages.Concat(MeasuredNode.WarmUp.Messages);
        return files.Sum(file => file.Length) / (double)records.Sum(message => message.Record.Length);
    }
}
