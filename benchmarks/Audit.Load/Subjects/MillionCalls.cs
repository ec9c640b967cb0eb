using Audit.Load.Stores;
using Audit.Load.Workloads;

namespace Audit.Load.Subjects;

/// <summary>
/// A million calls through one node, one body after the other on each of four connections, until all of them can be
/// searched: what it has in memory at most, and whether that grows with what it has seen.
/// </summary>
internal sealed class MillionCalls(string? program) : IMeasured
{
    private const int Calls = 1_000_000;
    private const int SliceRecords = 50_000;
    private const int Looks = 10;

    /// <summary>Behind those of other measurements, and before those of a prefill.</summary>
    private const int FirstRun = 2_000_000;

    public string Name => Names.MillionCalls;

    public bool IsByHand => true;

    public async Task<Sample> MeasureAsync(LoadStore store, Workload work)
    {
        await using var node = await MeasuredNode.StartAsync(store, program);
        using var client = node.Client(NdjsonBodies.Connections);
        await node.BeginMeasurementAsync();
        var meter = new Meter(store);
        var (calls, records, run) = (0, 0L, FirstRun);
        var resident = new List<long>();
        var next = Slice(run);
        while (calls < Calls)
        {
            var slice = await next;
            // Made while the one before is posted: the node is not to rest meanwhile.
            next = Slice(++run);
            if (await NdjsonBodies.PostAllAsync(client, slice.Bodies) != SliceRecords)
            {
                throw new InvalidOperationException("Not all items were recorded.");
            }

            records += SliceRecords;
            calls += slice.Calls;
            if (calls >= (resident.Count + 1) * (Calls / Looks))
            {
                resident.Add(node.ResidentMegabytes);
            }
        }

        await MeasuredNode.CaughtUpAsync(client, withSearch: true);
        var sample = meter.Read(records);
        var cost = await node.CostOfAsync(records);
        return sample with
        {
            Node = cost,
            Note = FormattableString.Invariant($"{calls:n0} calls, {cost}, after each tenth {string.Join(", ", resident)} MB"),
        };
    }

    private static Task<(byte[][][] Bodies, int Calls)> Slice(int run) => Task.Run(() =>
    {
        var work = new Workload(run, SliceRecords);
        return (NdjsonBodies.Of(work), work.Messages.DistinctBy(message => message.CallId).Count());
    });
}
