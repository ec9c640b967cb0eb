using System.Diagnostics;
using System.Net.Http.Headers;
using System.Text.Json;
using Audit.Load.Stores;
using Audit.Load.Workloads;

namespace Audit.Load.Subjects;

/// <summary>How old events are when the read models have them, while a node takes in half of what it can.</summary>
internal sealed class ProjectionLag(string? program) : IMeasured
{
    private static readonly TimeSpan BetweenLooks = TimeSpan.FromMilliseconds(10);

    public string Name => Names.Lag;

    public async Task<Sample> MeasureAsync(LoadStore store, Workload work)
    {
        await using var node = await MeasuredNode.StartAsync(store, program);
        using var client = node.Client(NdjsonBodies.Connections + 1);
        await NdjsonBodies.PostAllAsync(client, NdjsonBodies.Of(MeasuredNode.WarmUp));
        return await HalfSpeed.MeasureAsync(node, client, work, async () =>
        {
            using var stats = JsonDocument.Parse(await client.GetByteArrayAsync("/v1/stats", CancellationToken.None));
            await Task.Delay(BetweenLooks, CancellationToken.None);
            return (long)(MeasuredNode.LagOf(stats) / 1000 * Stopwatch.Frequency);
        });
    }
}

/// <summary>
/// How long a host waits for the answer to whether a tool may run, which a rule gives and which is durable before, while
/// a node takes in half of what it can.
/// </summary>
internal sealed class DecideAnswers(string? program) : IMeasured
{
    private const int WarmUp = 500;
    private static readonly TimeSpan BetweenCalls = TimeSpan.FromMilliseconds(5);

    public string Name => Names.Decide;

    public async Task<Sample> MeasureAsync(LoadStore store, Workload work)
    {
        var policy = Path.Combine(store.Directory, "policy.json");
        await File.WriteAllTextAsync(
            policy, """{"preset":"deny-all","rules":[{"name":"echo","tool":"echo","then":"approve-once"}]}""");
        await using var node = await MeasuredNode.StartAsync(store, program, options: ["--policy", policy]);
        using var client = node.Client(NdjsonBodies.Connections + 1);
        await NdjsonBodies.PostAllAsync(client, NdjsonBodies.Of(MeasuredNode.WarmUp));
        var asked = 0;
        while (asked < WarmUp)
        {
            await AskAsync(client, asked++);
        }

        return await HalfSpeed.MeasureAsync(node, client, work, async () =>
        {
            await Task.Delay(BetweenCalls, CancellationToken.None);
            return await AskAsync(client, asked++);
        });
    }

    private static async Task<long> AskAsync(HttpClient client, int call)
    {
        using var content = new ByteArrayContent(JsonSerializer.SerializeToUtf8Bytes(new Dictionary<string, object>
        {
            ["session_id"] = "decide", ["tool_call_id"] = FormattableString.Invariant($"call-{call}"),
            ["tool_name"] = "echo", ["recorded_at"] = DateTime.UtcNow,
            ["requested_input"] = new Dictionary<string, string> { ["text"] = "hello" },
        }));
        content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        var before = Stopwatch.GetTimestamp();
        using var response = await client.PostAsync("/v1/decide", content);
        var answer = await response.Content.ReadAsStringAsync();
        var after = Stopwatch.GetTimestamp();
        return answer.Contains("\"decision\":\"approve-once\"", StringComparison.Ordinal)
            ? after - before
            : throw new InvalidOperationException($"The call is to be approved, and got {answer}");
    }
}

/// <summary>Gives a node half of what it can take in, and measures something else meanwhile, again and again.</summary>
internal static class HalfSpeed
{
    private const int BatchItems = 100;

    /// <param name="look">Measures once, in ticks of the stopwatch.</param>
    public static async Task<Sample> MeasureAsync(
        MeasuredNode node, HttpClient client, Workload work, Func<Task<long>> look)
    {
        // What it can, until the read models and the log have it too, on half of the workload.
        var bodies = NdjsonBodies.Of(work, BatchItems);
        var first = bodies.Select(of => of[..(of.Length / 2)]).ToArray();
        var fast = Stopwatch.StartNew();
        await NdjsonBodies.PostAllAsync(client, first);
        await MeasuredNode.CaughtUpAsync(client);
        var pause = fast.Elapsed / first.Max(of => of.Length) * 2;

        var rest = bodies.Select(of => of[(of.Length / 2)..]).ToArray();
        var seen = new Latencies(10_000);
        await node.BeginMeasurementAsync();
        var meter = new Meter(node.Store);
        var posting = Task.WhenAll(rest.Select(of => Task.Run(() => PacedAsync(client, of, pause))));
        while (!posting.IsCompleted)
        {
            seen.Add([await look()]);
        }

        await posting;
        var sample = meter.Read(rest.Sum(of => of.Length) * (long)BatchItems);
        var cost = await node.CostOfAsync(sample.Events);
        return sample with
        {
            MedianLatency = seen.Median(),
            TailLatency = seen.At(0.99),
            Node = cost,
            Note = $"{cost}",
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
}
