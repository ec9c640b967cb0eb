using System.Diagnostics;
using System.Text;
using Audit.Load.Stores;
using Audit.Load.Subjects;
using Audit.Load.Workloads;

namespace Audit.Load;

/// <summary>
/// As many calls as the workload has records, all of which wait for a decision and so stay alive: what one takes in
/// memory, and what is left when nobody spoke of them for a while.
/// </summary>
internal sealed class LiveActors : IMeasured
{
    private const int BatchItems = 500;
    private const int CallsOfSession = 100;

    public string Name => Names.LiveActors;

    public async Task<Sample> MeasureAsync(LoadStore store, Workload work)
    {
        var count = work.Messages.Length;
        await using var journal = new NowhereJournal();
        var options = new EngineOptions
        {
            MaxLiveEvents = int.MaxValue,
            // None may be idle for so long before the last one is made.
            IdleAfter = TimeSpan.FromSeconds(2) + (count * TimeSpan.FromMicroseconds(300)),
        };
        await using var engine = await AkkaParts.StartAsync(store, journal, TestKeys.Seal, options);
        var before = Used();
        var meter = new Meter();
        await BeginAsync(engine, count);
        var sample = meter.Read(count);
        var (live, alive) = (engine.Stats.LiveStreams, Used());
        var clock = Stopwatch.StartNew();
        while (engine.Stats.LiveStreams > 0 && clock.Elapsed < TimeSpan.FromMinutes(1) + (2 * options.IdleAfter))
        {
            await Task.Delay(200);
        }

        var after = Used();
        return sample with
        {
            Note = FormattableString.Invariant(
                $"{live} live actors, {(alive.Heap - before.Heap) / count} bytes each, {alive.Resident >> 20} MB resident; ")
                + $"passivated, {engine.Stats.LiveStreams} live, heap {(after.Heap - before.Heap) >> 20} MB above the "
                + $"start, {after.Resident >> 20} MB resident",
        };
    }

    private static async Task BeginAsync(IAuditEngine engine, int count)
    {
        var reader = new ItemReader(TestKeys.Hasher);
        var defaults = OpenEngine.DefaultsNow();
        foreach (var chunk in Enumerable.Range(0, count).Chunk(BatchItems))
        {
            var batch = Array.ConvertAll(chunk, call => reader.Read(Item(call), defaults).Submission!);
            foreach (var receipt in await engine.SubmitAsync(batch, CancellationToken.None))
            {
                OpenEngine.Check(receipt);
            }
        }
    }

    private static byte[] Item(int call) => Encoding.UTF8.GetBytes(
        $$$"""
        {"session_id":"s-{{{call / CallsOfSession}}}","message_id":"requested","record":{"tool_call_id":"c-{{{call}}}",
        "tool_name":"bash","display_name":"Bash","tier":"Confirm","turn":1,"provenance":null,"requested_input":{"command":"ls"},
        "effective_input":{},"outcome":{"kind":"requested"},"recorded_at":"2026-11-20T14:00:00Z"}}
        """);

    private static (long Heap, long Resident) Used()
    {
        GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true);
        GC.WaitForPendingFinalizers();
        using var process = Process.GetCurrentProcess();
        return (GC.GetTotalMemory(forceFullCollection: true), process.WorkingSet64);
    }
}
