using System.Diagnostics;
using Audit.Load.Stores;
using Audit.Load.Workloads;

namespace Audit.Load.Subjects;

/// <summary>First pages of searches over all calls of the workload: the slowest of the questions is what counts.</summary>
internal sealed class SearchPages(string? program) : IMeasured
{
    private const int Looks = 20;

    /// <summary>Common and rare words, phrases, filters with many hits and with none, and what combines them.</summary>
    private static readonly string[] Questions =
    [
        "customer", "\"customer invoice\"", "zebra", "state:blocked", "tool:sql.*", "state:completed tool:sql.* customer",
        "is:violation", "task:task-7 agent:agent-7", "-state:completed", "after:1h customer",
    ];

    public string Name => Names.SearchPage;

    public async Task<Sample> MeasureAsync(LoadStore store, Workload work)
    {
        await using var node = await MeasuredNode.StartAsync(store, program);
        using var client = node.Client(NdjsonBodies.Connections);
        await NdjsonBodies.PostAllAsync(client, NdjsonBodies.Of(work));
        await MeasuredNode.CaughtUpAsync(client, withSearch: true);
        var meter = new Meter(store);
        var medians = new List<(string Question, TimeSpan Median)>();
        foreach (var question in Questions)
        {
            medians.Add((question, await AskAsync(client, question)));
        }

        var slowest = medians.MaxBy(one => one.Median);
        return meter.Read(Looks * Questions.Length) with
        {
            MedianLatency = slowest.Median,
            Note = string.Join(", ", medians.Select(one =>
                FormattableString.Invariant($"{one.Question}: {one.Median.TotalMilliseconds:0.0} ms"))),
        };
    }

    private static async Task<TimeSpan> AskAsync(HttpClient client, string question)
    {
        var latencies = new Latencies(Looks);
        for (var look = 0; look < Looks; look++)
        {
            var before = Stopwatch.GetTimestamp();
            await client.GetByteArrayAsync("/v1/search?limit=50&q=" + Uri.EscapeDataString(question));
            latencies.Add([Stopwatch.GetTimestamp() - before]);
        }

        return latencies.Median()!.Value;
    }
}
