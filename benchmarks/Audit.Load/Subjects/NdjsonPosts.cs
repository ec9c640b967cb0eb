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
        await using var node = await NodeProcess.StartAsync(store, program, engine);
        using var client = node.Client(NdjsonBodies.Connections);
        await Task.WhenAll(NdjsonBodies.Of(NodeProcess.WarmUp).Select(of => Task.Run(() => NdjsonBodies.PostAllAsync(client, of))));
        await NodeProcess.CaughtUpAsync(client, untilSearchable);
        var bodies = NdjsonBodies.Of(work);
        var meter = new Meter();
        node.BeginMeasurement();
        var recorded = await Task.WhenAll(bodies.Select(of => Task.Run(() => NdjsonBodies.PostAllAsync(client, of))));
        var taken = meter.Elapsed;
        await NodeProcess.CaughtUpAsync(client, untilSearchable);
        var sample = meter.Read(work.Messages.Length);
        return recorded.Sum() == work.Messages.Length
            ? sample with { Note = $"{node.Describe(sample.Events)}, taken in at {work.Messages.Length / taken.TotalSeconds:n0}/s" }
            : throw new InvalidOperationException($"Only {recorded.Sum()} of {work.Messages.Length} items were recorded.");
    }
}
