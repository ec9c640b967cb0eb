using System.Diagnostics;
using System.Text;
using System.Text.Json;
using Audit.Load.Stores;
using Audit.Load.Workloads;

namespace Audit.Load.Subjects;

/// <summary>A session of ten thousand calls, looked at page by page, among the calls of the workload.</summary>
internal sealed class SessionPages(string? program) : IMeasured
{
    private const int Calls = 10_000;
    private const int Looks = 200;

    public string Name => Names.SessionPage;

    public async Task<Sample> MeasureAsync(LoadStore store, Workload work)
    {
        await using var node = await MeasuredNode.StartAsync(store, program);
        using var client = node.Client(NdjsonBodies.Connections);
        await NdjsonBodies.PostAllAsync(client, NdjsonBodies.Of(work));
        foreach (var slice in Enumerable.Range(0, Calls).Chunk(1_000))
        {
            await NdjsonBodies.PostAsync(client, Encoding.UTF8.GetBytes(string.Concat(slice.Select(Item))));
        }

        await MeasuredNode.CaughtUpAsync(client);
        var latencies = new Latencies(Looks);
        var meter = new Meter(store);
        string? cursor = null;
        for (var look = 0; look < Looks; look++)
        {
            var before = Stopwatch.GetTimestamp();
            await client.GetByteArrayAsync("/v1/sessions/large-session");
            var page = await client.GetStringAsync($"/v1/sessions/large-session/calls?limit=100{cursor}");
            latencies.Add([Stopwatch.GetTimestamp() - before]);
            cursor = CursorOf(page);
        }

        return meter.Read(Looks) with { MedianLatency = latencies.Median(), TailLatency = latencies.At(0.99) };
    }

    private static string? CursorOf(string page)
    {
        using var read = JsonDocument.Parse(page);
        return read.RootElement.GetProperty("next").GetString() is { } next ? "&cursor=" + next : null;
    }

    private static string Item(int call) => JsonSerializer.Serialize(new
    {
        session_id = "large-session",
        task_id = "task-1",
        agent = "agent-1",
        record = new
        {
            tool_call_id = $"call-{call}",
            tool_name = "sql.query",
            display_name = "Query",
            tier = "Observe",
            requested_input = new { sql = $"SELECT {call}" },
            effective_input = new { sql = $"SELECT {call}" },
            turn = 1,
            provenance = new { provider = "p", model = "m" },
            outcome = new
            {
                kind = "completed",
                result = new { success = true, output = $"{call}", data = (string?)null, duration_ms = 3 },
            },
            recorded_at = "2026-01-01T00:00:00Z",
        },
    }) + "\n";
}
