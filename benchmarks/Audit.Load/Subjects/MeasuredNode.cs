using System.Net.Http.Headers;
using System.Text.Json;
using Audit.Load.Stores;
using Audit.Load.Workloads;

namespace Audit.Load.Subjects;

/// <summary>A node in a process of its own, and what it costs.</summary>
internal sealed class MeasuredNode : IAsyncDisposable
{
    /// <summary>What a node is given before it is measured, for a program just started runs unoptimized code.</summary>
    public static readonly Workload WarmUp = new(run: 998, records: 20_000);

    private static readonly TimeSpan BetweenLooks = TimeSpan.FromMilliseconds(5);

    private readonly NodeProcess process;
    private TimeSpan processorTimeBefore;
    private long residentBefore;

    private MeasuredNode(NodeProcess process) => this.process = process;

    /// <summary>Its own directory, with the log's key.</summary>
    public string Data => process.Data;

    public static async Task<MeasuredNode> StartAsync(
        LoadStore store, string? program, string engine = "local", IReadOnlyList<string>? options = null)
    {
        var data = Path.Combine(store.Directory, "data");
        program ??= Path.Combine(AppContext.BaseDirectory, "audit.dll");
        var rowKey = Path.Combine(store.Directory, "row.key");
        if (!File.Exists(rowKey))
        {
            // The store was made with these, outside of any node.
            TestKeys.Row.SaveNew(rowKey);
        }

        // A free port; nobody joins it.
        var environment = new Dictionary<string, string> { ["AUDIT_AKKA_PORT"] = "0" };
        return new MeasuredNode(await NodeProcess.StartAsync(
            program, data,
            [
                "--urls", "http://127.0.0.1:0", "--engine", engine, "--store", store.Address, "--row-key", rowKey,
                .. options ?? [],
            ],
            environment));
    }

    /// <summary>A client that may do everything and keeps so many connections.</summary>
    public HttpClient Client(int connections)
    {
        var handler = new SocketsHttpHandler { MaxConnectionsPerServer = connections, UseProxy = false };
        var client = new HttpClient(handler) { BaseAddress = process.Url, Timeout = TimeSpan.FromMinutes(1) };
        client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", process.Token);
        return client;
    }

    public void BeginMeasurement() =>
        (processorTimeBefore, residentBefore) = (process.ProcessorTime, process.ResidentBytes);

    /// <summary>Waits until the read models and the log have all that the journal has.</summary>
    /// <param name="withSearch">The text index too.</param>
    public static async Task CaughtUpAsync(HttpClient client, bool withSearch = false)
    {
        long behind;
        do
        {
            using var stats = JsonDocument.Parse(await client.GetByteArrayAsync("/v1/stats"));
            var end = PositionOf(stats, "journal");
            behind = end - Math.Min(PositionOf(stats, "projections"), PositionOf(stats, "log"));
            behind = Math.Max(behind, withSearch ? end - PositionOf(stats, "search") : 0);
            // Asking all the time would take from the node what is being measured.
            await Task.Delay(behind > 0 ? BetweenLooks : TimeSpan.Zero);
        }
        while (behind > 0);
    }

    public static double LagOf(JsonDocument stats) =>
        stats.RootElement.GetProperty("projections").GetProperty("lag_ms").GetDouble();

    /// <summary>What it used since <see cref="BeginMeasurement"/>.</summary>
    public NodeCost CostOf(long events)
    {
        var most = process.MostResidentBytes;
        return new NodeCost((process.ProcessorTime - processorTimeBefore).TotalMicroseconds / events, most >> 20)
        {
            GrownMegabytes = (most - residentBefore) >> 20,
        };
    }

    public ValueTask DisposeAsync() => process.DisposeAsync();

    private static long PositionOf(JsonDocument stats, string part) =>
        stats.RootElement.GetProperty(part).GetProperty("position").GetInt64();
}
