using System.Diagnostics;
using System.Net;
using Audit.Load.Stores;
using Audit.Load.Workloads;

namespace Audit.Load.Subjects;

/// <summary>First pages of searches over all calls of the workload: the slowest of the questions is what counts.</summary>
internal sealed class SearchPages(string? program) : IMeasured
{
    private const int Looks = 20, FewestLooks = 3;

    /// <summary>For the looks of one question: where each takes seconds, a few say enough.</summary>
    private static readonly TimeSpan LongEnough = TimeSpan.FromSeconds(15);

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
        var medians = new List<(string Question, TimeSpan Median, int Looks)>();
        foreach (var question in Questions)
        {
            medians.Add(await AskAsync(client, question));
        }

        var slowest = medians.MaxBy(one => one.Median);
        return meter.Read(medians.Sum(one => one.Looks)) with
        {
            MedianLatency = slowest.Median,
            Note = string.Join(", ", medians.Select(one =>
                FormattableString.Invariant($"{one.Question}: {one.Median.TotalMilliseconds:0.0} ms"))),
        };
    }

    private static async Task<(string Question, TimeSpan Median, int Looks)> AskAsync(HttpClient client, string question)
    {
        var latencies = new Latencies(Looks);
        var spent = Stopwatch.StartNew();
        var looks = 0;
        while (looks < FewestLooks || (looks < Looks && spent.Elapsed < LongEnough))
        {
            var before = Stopwatch.GetTimestamp();
            using var answer = await client.GetAsync("/v1/search?limit=50&q=" + Uri.EscapeDataString(question));
            var body = await answer.Content.ReadAsStringAsync();
            var ticks = Stopwatch.GetTimestamp() - before;
            if (answer.StatusCode == HttpStatusCode.TooManyRequests)
            {
                // Nobody may have the node search all the time; the wait for the next turn is nobody's search.
                await Task.Delay(answer.Headers.RetryAfter?.Delta ?? TimeSpan.FromSeconds(5));
                continue;
            }

            // One that the node ended took at least so long.
            if (!answer.IsSuccessStatusCode && !body.Contains("search-too-long", StringComparison.Ordinal))
            {
                throw new InvalidOperationException($"The search for {question} got {answer.StatusCode}: {body}");
            }

            latencies.Add([ticks]);
            looks++;
        }

        return (question, latencies.Median()!.Value, looks);
    }
}
