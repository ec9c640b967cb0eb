using System.Diagnostics;
using System.Net;
using System.Net.Http.Headers;
using Audit.Load.Floors;
using Audit.Load.Stores;
using Audit.Load.Workloads;

namespace Audit.Load.Subjects;

/// <summary>The whole node: one record a request, 64 connections kept alive.</summary>
internal sealed class SinglePosts(string? program, string engine) : IMeasured
{
    private const int Connections = 64;

    public string Name => Names.On(engine, Names.SinglePosts);

    public async Task<Sample> MeasureAsync(LoadStore store, Workload work)
    {
        await using var node = await MeasuredNode.StartAsync(store, program, engine);
        using var client = node.Client(Connections);
        await PostAllAsync(client, MeasuredNode.WarmUp, new Latencies(MeasuredNode.WarmUp.Messages.Length));
        var latencies = new Latencies(work.Messages.Length);
        await node.BeginMeasurementAsync();
        var meter = new Meter(store);
        var sample = meter.Read(await PostAllAsync(client, work, latencies));
        var cost = await node.CostOfAsync(sample.Events);
        return sample with
        {
            MedianLatency = latencies.Median(),
            TailLatency = latencies.At(0.99),
            Node = cost,
            Note = $"{cost}",
        };
    }

    private static async Task<long> PostAllAsync(HttpClient client, Workload work, Latencies latencies)
    {
        var posted = await Task.WhenAll(
            work.DealtTo(Connections).Select(messages => Task.Run(() => PostAsync(client, messages, latencies))));
        return posted.Sum();
    }

    private static async Task<long> PostAsync(HttpClient client, Message[] messages, Latencies latencies)
    {
        var ticks = new List<long>(messages.Length);
        var end = Stopwatch.GetTimestamp() + TimeLimit.Ticks;
        foreach (var message in messages)
        {
            var before = Stopwatch.GetTimestamp();
            if (before > end)
            {
                break;
            }

            using var content = new ReadOnlyMemoryContent(message.Item);
            content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
            using var response = await client.PostAsync("/v1/records", content);
            if (response.StatusCode != HttpStatusCode.Created)
            {
                throw new InvalidOperationException(
                    $"The workload is to be recorded, and got {response.StatusCode}: "
                    + await response.Content.ReadAsStringAsync());
            }

            ticks.Add(Stopwatch.GetTimestamp() - before);
        }

        latencies.Add(ticks);
        return ticks.Count;
    }
}
