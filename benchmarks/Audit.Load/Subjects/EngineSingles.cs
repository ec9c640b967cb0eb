using System.Diagnostics;
using Audit.Load.Stores;
using Audit.Load.Workloads;

namespace Audit.Load.Subjects;

/// <summary>One record a submission, 64 outstanding: batches come from the backlog alone.</summary>
internal sealed class EngineSingles(string engine) : IMeasured
{
    private const int Submitters = 64;

    public string Name => Names.On(engine, Names.EngineSingles);

    public async Task<Sample> MeasureAsync(LoadStore store, Workload work)
    {
        await using var open = await OpenEngine.OnAsync(store, engine);
        var dealt = work.DealtTo(Submitters);
        var latencies = new Latencies(work.Messages.Length);
        var meter = new Meter(store);
        await Task.WhenAll(dealt.Select(messages => Task.Run(() => SubmitAsync(open, messages, latencies))));
        var sample = meter.Read(work.Messages.Length);
        return sample with
        {
            MedianLatency = latencies.Median(),
            Note = $"{open.Describe(sample.Events)}, {sample.Note}",
        };
    }

    private static async Task SubmitAsync(OpenEngine open, Message[] messages, Latencies latencies)
    {
        var ticks = new List<long>(messages.Length);
        foreach (var message in messages)
        {
            var before = Stopwatch.GetTimestamp();
            var submission = open.Read(message, OpenEngine.DefaultsNow());
            var receipts = await open.Engine.SubmitAsync([submission], CancellationToken.None);
            OpenEngine.Check(receipts[0]);
            ticks.Add(Stopwatch.GetTimestamp() - before);
        }

        latencies.Add(ticks);
    }
}
