using System.Diagnostics;
using System.Net.Http.Headers;
using System.Text;
using Audit.Hammer.Nodes;
using Audit.Hammer.Scenarios;

namespace Audit.Hammer.Clusters;

/// <summary>
/// One, two and three nodes, each with a network of its own where a delay or a loss is given: what they take in together,
/// how long a call waits at rest, and what it costs that one leaves and comes back.
/// </summary>
internal sealed class ScaleScenario : IScenario
{
    private const int Most = 3, StreamsOfNode = 3, Calls = 100, InputBytes = 600;

    private static readonly TimeSpan Loaded = TimeSpan.FromSeconds(20), Calm = TimeSpan.FromSeconds(15),
        Warm = TimeSpan.FromSeconds(5), Patience = TimeSpan.FromMinutes(2);

    public string Name => "scale-postgres";

    public async Task<ScenarioResult> RunAsync(HammerRun run)
    {
        var sum = new ScenarioResult(Name, run.Seed, 0, 0, 0, 0, 0);
        for (var nodes = 1; nodes <= Math.Min(Most, run.Rounds) && !run.Until(); nodes++)
        {
            using var network = run.Network is (var delay, var loss) && (delay > TimeSpan.Zero || loss > 0)
                ? SlowNetwork.Make(nodes, delay, loss, run.Seed) : null;
            var one = await MeasureAsync(run, nodes, network);
            sum = sum with
            {
                Rounds = nodes, Acknowledged = sum.Acknowledged + one.Acknowledged, Lost = sum.Lost + one.Lost,
                Doubled = sum.Doubled + one.Doubled, Wrong = sum.Wrong + one.Wrong,
            };
        }

        return sum;
    }

    private async Task<ScenarioResult> MeasureAsync(HammerRun run, int nodes, SlowNetwork? network)
    {
        await using var cluster = await ClusterNodes.StartAsync(nodes, network: network);
        using var ledger = new Ledger(cluster.FileOf("ledger"));
        var book = new StoredBook(cluster.Store);
        using var http = new HttpClient { Timeout = TimeSpan.FromSeconds(30) };
        http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", cluster.Token);
        var note = network is null ? "" : $"round trip {(await network.RoundTripAsync()).TotalMilliseconds:0.0} ms, ";

        await LoadAsync(http, cluster, "warm", Warm);
        var recorded = await LoadAsync(http, cluster, "load", Loaded);
        note += $"{recorded / Loaded.TotalSeconds:0} events/s by NDJSON, ";
        await using (var prober = new Prober($"{run.Seed:x}", () => cluster.Urls, cluster.Token, ledger, run.Seed))
        {
            await Task.Delay(Warm);
            prober.Take();
            await Task.Delay(Calm);
            var (waits, _) = prober.Take();
            note += $"a call {waits[waits.Count / 2].TotalMilliseconds:0} ms in the median and "
                + $"{waits[waits.Count * 99 / 100].TotalMilliseconds:0} ms for one in a hundred";
            if (nodes > 1)
            {
                note += await LeaveAsync(http, cluster, prober, ledger);
            }
        }

        var resident = Enumerable.Range(0, nodes).Select(node => $"{cluster[node].ResidentBytes >> 20}");
        run.Print($"{Name}: {nodes} nodes: {note}; {string.Join(", ", resident)} MB resident, "
            + $"{await cluster.CountSessionsAsync()} sessions of PostgreSQL{(network is null ? "" : $", {network.Dropped}")}");
        return await ClusterScenario.ConcludeAsync(Name, run, ledger, book, nodes);
    }

    /// <summary>The last node leaves in good order and comes back, under load.</summary>
    private static async Task<string> LeaveAsync(
        HttpClient http, ClusterNodes cluster, Prober prober, Ledger ledger)
    {
        var node = cluster.Count - 1;
        using var stop = new CancellationTokenSource();
        var load = LoadAsync(http, cluster, "leave", Patience, stop.Token);
        await Task.Delay(Warm);
        prober.Take();
        var clock = Stopwatch.StartNew();
        var code = await cluster.LeaveAsync(node);
        var left = clock.Elapsed;
        await Task.Delay(Warm);
        var (gone, failed) = prober.Take();
        if (code != 0 || failed > 0)
        {
            ledger.Fail($"a node that left in good order ended with {code}, and {failed} posts failed at others");
        }

        await cluster.StartNodeAsync(node);
        clock.Restart();
        for (var before = await cluster.RowsAsync(); clock.Elapsed < Patience;)
        {
            await Task.Delay(500);
            var now = await cluster.RowsAsync();
            var wrote = now.Zip(before, (one, other) => one - other).ToList();
            if (wrote[node] * cluster.Count * 2 >= wrote.Sum() && wrote[node] > 0)
            {
                break;
            }

            before = now;
        }

        var shared = clock.Elapsed;
        var (back, _) = prober.Take();
        await stop.CancelAsync();
        await load;
        return $"; a node left in {left.TotalSeconds:0.0} s (longest wait {gone.LastOrDefault().TotalSeconds:0.0} s) and wrote "
            + $"half of its share {shared.TotalSeconds:0.0} s after it was ready again (longest wait {back.LastOrDefault().TotalSeconds:0.0} s)";
    }

    /// <returns>How many items were recorded.</returns>
    private static async Task<long> LoadAsync(
        HttpClient http, ClusterNodes cluster, string name, TimeSpan length, CancellationToken stop = default)
    {
        var clock = Stopwatch.StartNew();
        var streams = Enumerable.Range(0, cluster.Count * StreamsOfNode).Select(stream => Task.Run(async () =>
        {
            var recorded = 0L;
            for (var body = 0; clock.Elapsed < length && !stop.IsCancellationRequested; body++)
            {
                var urls = cluster.Urls;
                recorded += await PostAsync(
                    http, new Uri(urls[stream % urls.Count], "/v1/records"), BodyOf($"{name}-{stream}", body));
            }

            return recorded;
        }));
        return (await Task.WhenAll(streams)).Sum();
    }

    private static async Task<long> PostAsync(HttpClient http, Uri url, string text)
    {
        try
        {
            using var body = new StringContent(text, Encoding.UTF8, new MediaTypeHeaderValue("application/x-ndjson"));
            using var answer = await http.PostAsync(url, body);
            var said = await answer.Content.ReadAsByteArrayAsync();
            return said.AsSpan().Count("\"status\":\"recorded\""u8);
        }
        catch (Exception away) when (away is HttpRequestException or IOException or OperationCanceledException)
        {
            // The node leaves, or the wire lost it: what was not acknowledged is not counted.
            return 0;
        }
    }

    private static string BodyOf(string stream, int body) => string.Concat(Enumerable.Range(0, Calls)
        .Select(call => HostCrowd.BegunText($"{stream}-{body / 10}", $"c{body}-{call}", InputBytes)));
}
