using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using Audit.Hammer.Simulation;

namespace Audit.Hammer.Nodes;

/// <summary>
/// Agent hosts that post records, and what was not acknowledged again, to another node where there is one, until it is.
/// </summary>
internal sealed class HostCrowd : IAsyncDisposable
{
    private const int Hosts = 6;

    private static readonly (string Kind, string Outcome)[] Story =
    [
        ("requested", """{"kind":"requested"}"""), ("started", """{"kind":"started"}"""),
        ("completed", """{"kind":"completed","result":{"success":true,"output":"done","data":null,"duration_ms":3}}"""),
    ];

    private readonly Func<IReadOnlyList<Uri>> nodes;
    private readonly Ledger ledger;
    private readonly HttpClient http;
    private readonly CancellationTokenSource stop = new();
    private readonly Task[] work;
    private volatile bool isProducing;
    private int unanswered;
    private int open;

    /// <param name="nodes">Those that may be asked now.</param>
    /// <param name="patience">How long a host waits for an answer.</param>
    public HostCrowd(
        string name, Func<IReadOnlyList<Uri>> nodes, string token, Ledger ledger, ulong seed, TimeSpan patience)
    {
        this.nodes = nodes;
        this.ledger = ledger;
        http = new HttpClient(new SocketsHttpHandler { ConnectTimeout = TimeSpan.FromSeconds(2), UseProxy = false })
        {
            Timeout = patience,
        };
        http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", token);
        work = [.. Enumerable.Range(0, Hosts)
            .Select(number => Task.Run(() => RunAsync($"{name}-{number}", new Chance(seed + (ulong)number))))];
    }

    /// <summary>Items that were sent and have no answer at this moment.</summary>
    public int Unanswered => Volatile.Read(ref unanswered);

    public bool IsDrained => Volatile.Read(ref open) == 0;

    public void Begin() => isProducing = true;

    /// <summary>Lets hosts send only what is still open.</summary>
    public void Drain() => isProducing = false;

    /// <summary>Sends batches at a pace of their own, whatever becomes of those before.</summary>
    public async Task FloodAsync(string name, int batches, int aSecond, Chance chance)
    {
        var sending = new List<Task>();
        for (var batch = 0; batch < batches; batch++)
        {
            var items = NewBatch($"{name}-flood", batch, TimeSpan.Zero, chance).ToList();
            var seed = new Chance(chance.Draw());
            sending.Add(Task.Run(() => SendAsync(items, seed)));
            await Task.Delay(TimeSpan.FromSeconds(1.0 / aSecond));
        }

        await Task.WhenAll(sending);
    }

    public async ValueTask DisposeAsync()
    {
        await stop.CancelAsync();
        await Task.WhenAll(work);
        http.Dispose();
    }

    /// <summary>The end of a call, said by nobody else.</summary>
    public static string TextOf(string session, string call) =>
        Make(session, call, Story.Length - 1, inputBytes: 0, TimeSpan.Zero).Text.Replace(
            "\"message_id\":\"", "\"message_id\":\"again-", StringComparison.Ordinal);

    /// <summary>A call with an input of so many letters, as far as it has begun: a line for each of its messages.</summary>
    public static string BegunText(string session, string call, int inputBytes) => string.Concat(
        Enumerable.Range(0, 2).Select(step => Make(session, call, step, inputBytes, TimeSpan.Zero).Text + "\n"));

    private async Task RunAsync(string name, Chance chance)
    {
        var items = new List<Item>();
        var before = new List<Item>();
        // Not every host's clock is right, and what it says of a moment may be long over or yet to come.
        var skew = TimeSpan.FromSeconds(chance.Percent(50) ? chance.Next(-7_200, 7_200) : 0);
        for (var batch = 0; !stop.IsCancellationRequested; batch++)
        {
            if (!isProducing && items.Count == 0)
            {
                await Task.Delay(5);
                continue;
            }

            if (items.Count == 0)
            {
                // Now and then what is acknowledged already is sent once more.
                items.AddRange(before.Count > 0 && chance.Percent(5) ? before : NewBatch(name, batch, skew, chance));
                Interlocked.Add(ref open, items.Count);
                before = [.. items];
            }

            var count = items.Count;
            Interlocked.Add(ref unanswered, count);
            try
            {
                await SendAsync(items, chance);
            }
            finally
            {
                Interlocked.Add(ref unanswered, -count);
                Interlocked.Add(ref open, items.Count - count);
            }

            if (items.Count > 0)
            {
                await Task.Delay(chance.Milliseconds(10, 60));
                if (chance.Percent(30))
                {
                    chance.Shuffle(items);
                }
            }
        }
    }

    private async Task SendAsync(List<Item> items, Chance chance)
    {
        var urls = nodes();
        if (urls.Count == 0)
        {
            return;
        }

        try
        {
            var asLines = chance.Percent(50);
            var text = asLines
                ? string.Concat(items.Select(item => item.Text + "\n"))
                : $"[{string.Join(',', items.Select(item => item.Text))}]";
            var url = new Uri(urls[chance.Below(urls.Count)], "/v1/records");
            using var request = new HttpRequestMessage(HttpMethod.Post, url);
            request.Content = new ByteArrayContent(Encoding.UTF8.GetBytes(text));
            request.Content.Headers.ContentType =
                new MediaTypeHeaderValue(asLines ? "application/x-ndjson" : "application/json");
            using var answer = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, stop.Token);
            await TakeAsync(answer, items, asLines);
        }
        catch (Exception failure) when (failure is HttpRequestException or IOException or OperationCanceledException)
        {
            // No answer, or half of one: what has no receipt is sent again.
        }
    }

    private async Task TakeAsync(HttpResponseMessage answer, List<Item> items, bool asLines)
    {
        var sent = items.ToArray();
        if (!answer.IsSuccessStatusCode)
        {
            if ((int)answer.StatusCode is not (429 or 503))
            {
                ledger.Fail($"a node answered {(int)answer.StatusCode}: {await answer.Content.ReadAsStringAsync()}");
            }

            return;
        }

        await using var body = await answer.Content.ReadAsStreamAsync();
        if (asLines)
        {
            using var reader = new StreamReader(body);
            while (await reader.ReadLineAsync() is { } line)
            {
                // Half a line is no receipt: the node was ended while it wrote it.
                if (line.EndsWith('}'))
                {
                    using var receipt = JsonDocument.Parse(line);
                    Take(receipt.RootElement, sent, items);
                }
            }

            return;
        }

        using var receipts = await JsonDocument.ParseAsync(body);
        foreach (var receipt in receipts.RootElement.EnumerateArray())
        {
            Take(receipt, sent, items);
        }
    }

    private void Take(JsonElement receipt, Item[] sent, List<Item> items)
    {
        if (!receipt.TryGetProperty("index", out var index))
        {
            return;
        }

        var item = sent[index.GetInt32()];
        if (receipt.TryGetProperty("position", out var position))
        {
            var hash = receipt.TryGetProperty("sha256", out var sha) ? sha.GetString() : null;
            ledger.Receive(item.Key, new Promise(position.GetInt64(), hash), item.WasAcknowledged);
            item.WasAcknowledged = true;
            items.Remove(item);
        }
        else if (receipt.GetProperty("status").GetString() is not "unavailable")
        {
            ledger.Fail($"{item.Key} was answered with {receipt.GetRawText()}");
            items.Remove(item);
        }
    }

    private static IEnumerable<Item> NewBatch(string name, int batch, TimeSpan skew, Chance chance)
    {
        var calls = chance.Next(1, 6);
        var session = $"s-{name}-{batch / 20}";
        for (var call = 0; call < calls; call++)
        {
            for (var step = 0; step < Story.Length; step++)
            {
                var bytes = chance.Percent(2) ? 40_000 : chance.Below(200);
                yield return Make(session, $"c-{batch}-{call}", step, bytes, skew);
            }
        }
    }

    private static Item Make(string session, string call, int step, int inputBytes, TimeSpan skew)
    {
        var (kind, outcome) = Story[step];
        var at = (DateTime.UtcNow + skew).AddTicks(step).ToString("yyyy-MM-ddTHH:mm:ss.fffffffZ");
        return new Item(
            $"{session}|{call}|{kind}",
            $$$"""
            {"session_id":"{{{session}}}","message_id":"{{{kind}}}","record":{"tool_call_id":"{{{call}}}","tool_name":"bash","display_name":"Bash","tier":"Observe","turn":1,"provenance":null,"requested_input":{"text":"{{{new string('x', inputBytes)}}}"},"effective_input":{},"outcome":{{{outcome}}},"recorded_at":"{{{at}}}"}}
            """);
    }

    private sealed class Item(string key, string text)
    {
        public string Key => key;

        public string Text => text;

        public bool WasAcknowledged { get; set; }
    }
}
