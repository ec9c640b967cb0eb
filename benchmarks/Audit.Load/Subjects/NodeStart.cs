using System.Diagnostics;
using Audit.Load.Stores;
using Audit.Load.Workloads;

namespace Audit.Load.Subjects;

/// <summary>From the start of the process until it is ready, on a store that was closed in good order or not.</summary>
internal sealed class NodeStart(string? program) : IMeasured
{
    public string Name => Names.Start;

    public async Task<Sample> MeasureAsync(LoadStore store, Workload work)
    {
        var meter = new Meter(store);
        var clock = Stopwatch.StartNew();
        await using var node = await MeasuredNode.StartAsync(store, program);
        return meter.Read(1) with { MedianLatency = clock.Elapsed };
    }
}
