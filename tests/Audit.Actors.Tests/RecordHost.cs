using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;

namespace Audit.Actors.Tests;

/// <summary>
/// An agent host that posts records to a cluster, and what was not acknowledged again, to another node, until it is.
/// </summary>
/// <param name="nodes">May change while it posts.</param>
/// <param name="first">Which of them it asks first.</param>
internal sealed class RecordHost(string name, Uri[] nodes, int first, string token) : IDisposable
{
    private const int BatchItems = 20;

    private readonly HttpClient http = new()
    {
        DefaultRequestHeaders = { Authorization = new AuthenticationHeaderValue("Bearer", token) },
        Timeout = TimeSpan.FromSeconds(30),
    };

    private readonly List<string> open = [];
    private int batches;
    private int tries = first;

    /// <summary>Position by call and message, as the receipts state.</summary>
    public Dictionary<(string Call, string Message), long> Acknowledged { get; } = [];

    public int Resent { get; private set; }

    /// <summary>Posts new records until it is stopped, and then what is still open until all is acknowledged.</summary>
    public async Task PostAsync(CancellationToken stop, TimeSpan patience)
    {
        using var limit = new CancellationTokenSource();
        while (!stop.IsCancellationRequested || open.Count > 0)
        {
            if (open.Count == 0)
            {
                open.AddRange(NextBatch());
            }

            if (stop.IsCancellationRequested && !limit.IsCancellationRequested)
            {
                limit.CancelAfter(patience);
            }

            await PostOpenAsync(limit.Token);
        }
    }

    public void Dispose() => http.Dispose();

    private IEnumerable<string> NextBatch()
    {
        var batch = batches++;
        for (var item = 0; item < BatchItems; item++)
        {
            var call = $"{name}-{batch}-{item / 2}";
            // Now and then one as large as a record may be, which must fit into what goes from node to node.
            var input = item == 0 && batch % 10 == 0 ? new string('x', 200_000) : "";
            var (kind, second) = item % 2 == 0 ? ("requested", 1) : ("started", 2);
            yield return $$$"""
                {"session_id":"s-{{{name}}}","message_id":"{{{kind}}}","record":{"tool_call_id":"{{{call}}}","tool_name":"bash","display_name":"Bash",
                "tier":"Observe","turn":1,"provenance":null,"requested_input":{"text":"{{{input}}}"},"effective_input":{},
                "outcome":{"kind":"{{{kind}}}"},"recorded_at":"2026-11-20T14:00:0{{{second}}}Z"}}
                """;
        }
    }

    private async Task PostOpenAsync(CancellationToken limit)
    {
        var node = nodes[tries % nodes.Length];
        try
        {
            var body = new StringContent($"[{string.Join(',', open)}]", Encoding.UTF8, "application/json");
            using var answer = await http.PostAsync(new Uri(node, "/v1/records"), body, limit);
            if (answer.IsSuccessStatusCode)
            {
                Take(await answer.Content.ReadAsStringAsync(limit));
            }
        }
        catch (Exception failure) when (!limit.IsCancellationRequested && failure is HttpRequestException or OperationCanceledException or IOException)
        {
            // A node that died in the middle gave no answer; the next one is asked.
        }

        if (open.Count > 0)
        {
            Resent += open.Count;
            tries++;
            await Task.Delay(100, limit);
        }
    }

    private void Take(string answer)
    {
        using var receipts = JsonDocument.Parse(answer);
        var left = new List<string>();
        foreach (var (receipt, item) in receipts.RootElement.EnumerateArray().Zip(open))
        {
            if (receipt.GetProperty("status").GetString() is not ("recorded" or "duplicate"))
            {
                left.Add(item);
                continue;
            }

            using var sent = JsonDocument.Parse(item);
            var call = sent.RootElement.GetProperty("record").GetProperty("tool_call_id").GetString()!;
            Acknowledged.Add((call, sent.RootElement.GetProperty("message_id").GetString()!), receipt.GetProperty("position").GetInt64());
        }

        open.Clear();
        open.AddRange(left);
    }
}
