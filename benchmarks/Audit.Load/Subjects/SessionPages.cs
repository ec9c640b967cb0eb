using System.Diagnostics;
using System.Text;
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
        await using var node = await NodeProcess.StartAsync(store, program);
        using var client = node.Client(NdjsonBodies.Connections);
        await Task.WhenAll(NdjsonBodies.Of(work).Select(of => Task.Run(() => NdjsonBodies.PostAllAsync(client, of))));
        foreach (var slice in Enumerable.Range(0, Calls).Chunk(1_000))
        {
            await NdjsonBodies.PostAsync(client, Encoding.UTF8.GetBytes(string.Concat(slice.Select(Item))));
        }

        await NodeProcess.CaughtUpAsync(client);
        var latencies = new Latencies(Looks);
        var meter = new Meter();
        string? cursor = null;
        for (var look = 0; look < Looks; look++)
        {
            var before = Stopwatch.GetTimestamp();
            await client.GetByteArrayAsync("/v1/sessions/large-session");
            var page = await client.GetStringAsync($"/v1/sessions/large-session/calls?limit=100{cursor}");
            latencies.Add([Stopwatch.GetTimestamp() - before]);
            cursor = CursorOf(page);
        }

        return meter.Read(Looks) with { MedianLatency = latencies.Median(), Note = $"p99 {latencies.At(0.99)!.Value.TotalMilliseconds:0.0} ms" };
    }

    private static string? CursorOf(string page)
    {
        using var read = System.Text.Json.JsonDocument.Parse(page);
        return read.RootElement.GetProperty("next").GetString() is { } next ? "&cursor=" + next : null;
    }

    private static string Item(int call) =>
        $$$"""{"session_id":"large-session","task_id":"task-1","agent":"agent-1","record":{"tool_call_id":"call-{{{call}}}","tool_name":"sql.query","display_name":"Query","tier":"Observe","requested_input":{"sql":"SELECT {{{call}}}"},"effective_input":{"sql":"SELECT {{{call}}}"},"turn":1,"provenance":{"provider":"p","model":"m"},"outcome":{"kind":"completed","result":{"success":true,"output":"{{{call}}}","data":null,"duration_ms":3}},"recorded_at":"2026-01-01T00:00:00Z"}}""" + "\n";
}
