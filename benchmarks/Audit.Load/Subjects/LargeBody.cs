using Audit.Load.Stores;
using Audit.Load.Workloads;

namespace Audit.Load.Subjects;

/// <summary>Records of 100 MB in one request, and how much more memory the node needs than when it was idle.</summary>
internal sealed class LargeBody(string? program) : IMeasured
{
    private const int Records = 90_000;

    public string Name => Names.LargeBody;

    public async Task<Sample> MeasureAsync(LoadStore store, Workload work)
    {
        await using var node = await MeasuredNode.StartAsync(store, program);
        using var client = node.Client(connections: 1);
        var body = NdjsonBodies.Of(new Workload(run: 997, Records), batchItems: Records, connections: 1)[0][0];
        await node.BeginMeasurementAsync();
        var meter = new Meter(store);
        using var answer = await client.PostAsync("/v1/records", NdjsonBodies.ContentOf(body));
        answer.EnsureSuccessStatusCode();
        await MeasuredNode.CaughtUpAsync(client, withSearch: true);
        var cost = await node.CostOfAsync(Records);
        return meter.Read(Records) with { Node = cost, Note = $"{cost}, {cost.GrownMegabytes:0} MB above idle" };
    }
}
