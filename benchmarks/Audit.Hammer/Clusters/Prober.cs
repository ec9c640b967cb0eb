using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using Audit.Hammer.Nodes;
using Audit.Hammer.Simulation;

namespace Audit.Hammer.Clusters;

/// <summary>
/// Sends a new call every moment, to any node that is spared, and measures how long each has to wait for its receipt:
/// a third of them fall to each node of three.
/// </summary>
internal sealed class Prober : IAsyncDisposable
{
    private const int MostOpen = 400;
    private static readonly TimeSpan Pace = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(250);

    private readonly ConcurrentDictionary<Task, bool> open = new();
    private readonly CancellationTokenSource stop = new();
    private readonly Func<IReadOnlyList<Uri>> nodes;
    private readonly Ledger ledger;
    private readonly string name;
    private readonly HttpClient http;
    private readonly Task sending;
    private ConcurrentBag<TimeSpan> waited = [];
    private int failed;

    public Prober(string name, Func<IReadOnlyList<Uri>> nodes, string token, Ledger ledger, ulong seed)
    {
        (this.name, this.nodes, this.ledger) = (name, nodes, ledger);
        http = new HttpClient(new SocketsHttpHandler { ConnectTimeout = TimeSpan.FromSeconds(2), UseProxy = false })
        {
            Timeout = TimeSpan.FromSeconds(15),
        };
        http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", token);
        sending = Task.Run(() => SendAsync(new Chance(seed)));
    }

    public int Open => open.Count;

    /// <returns>
    /// How long calls waited, shortest first, and the posts that failed at nodes that were spared, since the last time.
    /// </returns>
    public (IReadOnlyList<TimeSpan> Waited, int Failed) Take() =>
        ([.. Interlocked.Exchange(ref waited, []).Order()], Interlocked.Exchange(ref failed, 0));

    public async ValueTask DisposeAsync()
    {
        await stop.CancelAsync();
        await sending;
        await Task.WhenAll(open.Keys);
        http.Dispose();
        stop.Dispose();
    }

    private async Task SendAsync(Chance chance)
    {
        for (var call = 0; !stop.IsCancellationRequested; call++)
        {
            if (open.Count < MostOpen)
            {
                var seed = new Chance(chance.Draw());
                var probe = ProbeAsync($"c{call}", seed);
                open.TryAdd(probe, true);
                _ = probe.ContinueWith(_ => open.TryRemove(probe, out bool _), TaskScheduler.Default);
            }

            await Task.Delay(Pace);
        }
    }

    private async Task ProbeAsync(string call, Chance chance)
    {
        await Task.Yield();
        var session = $"p-{name}";
        var at = DateTime.UtcNow.ToString("yyyy-MM-ddTHH:mm:ss.fffffffZ");
        var item = $$$"""
            {"session_id":"{{{session}}}","message_id":"requested","record":{"tool_call_id":"{{{call}}}","tool_name":"bash","display_name":"Bash",
            "tier":"Observe","turn":1,"provenance":null,"requested_input":{},"effective_input":{},"outcome":{"kind":"requested"},"recorded_at":"{{{at}}}"}}
            """;
        var clock = Stopwatch.StartNew();
        while (!stop.IsCancellationRequested)
        {
            var urls = nodes();
            if (urls.Count == 0)
            {
                await Task.Delay(Pause);
                continue;
            }

            var node = urls[chance.Below(urls.Count)];
            if (await PostAsync(node, item) is { } promise)
            {
                ledger.Receive($"{session}|{call}|requested", promise, isRepeat: false);
                waited.Add(clock.Elapsed);
                return;
            }

            // Of a node to which something was done meanwhile nobody expects an answer.
            if (nodes().Contains(node) && !stop.IsCancellationRequested)
            {
                Interlocked.Increment(ref failed);
            }

            await Task.Delay(Pause);
        }
    }

    private async Task<Promise?> PostAsync(Uri node, string item)
    {
        try
        {
            var body = new StringContent(item, Encoding.UTF8, "application/json");
            using var answer = await http.PostAsync(new Uri(node, "/v1/records"), body, stop.Token);
            var text = await answer.Content.ReadAsStringAsync(stop.Token);
            if (answer.IsSuccessStatusCode)
            {
                using var receipt = JsonDocument.Parse(text);
                var hash = receipt.RootElement.TryGetProperty("sha256", out var sha) ? sha.GetString() : null;
                return new Promise(receipt.RootElement.GetProperty("position").GetInt64(), hash);
            }

            if ((int)answer.StatusCode is not (429 or 503))
            {
                ledger.Fail($"a node answered {(int)answer.StatusCode}: {text}");
            }
        }
        catch (Exception failure) when (failure is HttpRequestException or IOException or OperationCanceledException)
        {
            // No answer: it is asked again, at another node.
        }

        return null;
    }
}
