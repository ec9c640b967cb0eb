using System.Diagnostics;
using System.Text.Json;
using Audit.Load.Stores;
using Audit.Load.Workloads;

namespace Audit.Load.Subjects;

/// <summary>How old events are when the read models have them, while a node takes in half of what it can.</summary>
internal sealed class ProjectionLag(string? program) : IMeasured
{
    private const int BatchItems = 100;
    private static readonly TimeSpan BetweenLooks = TimeSpan.FromMilliseconds(10);

    public string Name => Names.Lag;

    public async Task<Sample> MeasureAsync(LoadStore store, Workload work)
    {
        await using var node = await MeasuredNode.StartAsync(store, program);
        using var client = node.Client(NdjsonBodies.Connections + 1);
        await NdjsonBodies.PostAllAsync(client, NdjsonBodies.Of(MeasuredNode.WarmUp));

        // What it can, until the read models and the log have it too, on half of the workload.
        var bodies = NdjsonBodies.Of(work, BatchItems);
        var first = bodies.Select(of => of[..(of.Length / 2)]).ToArray();
        var fast = Stopwatch.StartNew();
        await NdjsonBodies.PostAllAsync(client, first);
        await MeasuredNode.CaughtUpAsync(client);
        var pause = fast.Elapsed / first.Max(of => of.Length) * 2;

        var rest = bodies.Select(of => of[(of.Length / 2)..]).ToArray();
        var lags = new Latencies(10_000);
        using var over = new CancellationTokenSource();
        var meter = new Meter();
        node.BeginMeasurement();
        var looking = LookAsync(client, lags, over.Token);
        await Task.WhenAll(rest.Select(of => Task.Run(() => PacedAsync(client, of, pause))));
        await over.CancelAsync();
        await looking;
        var sample = meter.Read(rest.Sum(of => of.Length) * (long)BatchItems);
        return sample with
        {
            MedianLatency = lags.Median(),
            TailLatency = lags.At(0.99),
            Note = $"{node.CostOf(sample.Events)}",
        };
    }

    private static async Task PacedAsync(HttpClient client, byte[][] bodies, TimeSpan pause)
    {
        var clock = Stopwatch.StartNew();
        for (var index = 0; index < bodies.Length; index++)
        {
            var early = pause * index - clock.Elapsed;
            if (early > TimeSpan.Zero)
            {
                await Task.Delay(early);
            }

            await NdjsonBodies.PostAsync(client, bodies[index]);
        }
    }

    private static async Task LookAsync(HttpClient client, Latencies lags, CancellationToken over)
    {
        while (!over.IsCancellationRequested)
        {
            using var stats = JsonDocument.Parse(await client.GetByteArrayAsync("/v1/stats", CancellationToken.None));
            lags.Add([(long)(MeasuredNode.LagOf(stats) / 1000 * Stopwatch.Frequency)]);
            await Task.Delay(BetweenLooks, CancellationToken.None);
        }
    }
}
