using System.Globalization;
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

    private const string AllocatedMetric = "dotnet_allocated_bytes_total ";

    // Each look costs the node what a few records cost it.
    private static readonly TimeSpan BetweenLooks = TimeSpan.FromMilliseconds(100);

    private readonly NodeProcess process;
    private double? allocatedBefore;
    private TimeSpan processorTimeBefore;
    private long residentBefore;

    private MeasuredNode(NodeProcess process, LoadStore store) => (this.process, Store) = (process, store);

    public LoadStore Store { get; }

    /// <summary>Its own directory, with the log's key.</summary>
    public string Data => process.Data;

    public int Id => process.Id;

    public long ResidentMegabytes => process.ResidentBytes >> 20;

    public static async Task<MeasuredNode> StartAsync(
        LoadStore store, string? program, string engine = "local", IReadOnlyList<string>? options = null,
        params IEnumerable<(string Name, string Value)> settings)
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
        foreach (var (name, value) in settings)
        {
            environment[name] = value;
        }

        return new MeasuredNode(await NodeProcess.StartAsync(
            program, data,
            [
                "--urls", "http://127.0.0.1:0", "--engine", engine, "--store", store.Address, "--row-key", rowKey,
                .. options ?? [],
            ],
            environment), store);
    }

    /// <summary>A client that may do everything and keeps so many connections.</summary>
    public HttpClient Client(int connections)
    {
        var handler = new SocketsHttpHandler { MaxConnectionsPerServer = connections, UseProxy = false };
        var client = new HttpClient(handler) { BaseAddress = process.Url, Timeout = TimeSpan.FromMinutes(1) };
        client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", process.Token);
        return client;
    }

    public async Task BeginMeasurementAsync()
    {
        allocatedBefore = await AllocatedAsync();
        (processorTimeBefore, residentBefore) = (process.ProcessorTime, process.ResidentBytes);
    }

    /// <summary>Waits until the read models and the log have all that the journal has.</summary>
    /// <param name="withSearch">The text index too.</param>
    /// <returns>Where the journal ends.</returns>
    public static async Task<long> CaughtUpAsync(
        HttpClient client, bool withSearch = false, CancellationToken cancellation = default)
    {
        long end, behind;
        do
        {
            using var stats = JsonDocument.Parse(await client.GetByteArrayAsync("/v1/stats", cancellation));
            end = PositionOf(stats, "journal");
            behind = end - Math.Min(PositionOf(stats, "projections"), PositionOf(stats, "log"));
            behind = Math.Max(behind, withSearch ? end - PositionOf(stats, "search") : 0);
            // Asking all the time would take from the node what is being measured.
            await Task.Delay(behind > 0 ? BetweenLooks : TimeSpan.Zero, cancellation);
        }
        while (behind > 0);

        return end;
    }

    public static double LagOf(JsonDocument stats) =>
        stats.RootElement.GetProperty("projections").GetProperty("lag_ms").GetDouble();

    /// <summary>What it used since <see cref="BeginMeasurementAsync"/>.</summary>
    public async Task<NodeCost> CostOfAsync(long events)
    {
        var (used, most) = (process.ProcessorTime - processorTimeBefore, process.MostResidentBytes);
        return new NodeCost(used.TotalMicroseconds / events, most >> 20)
        {
            GrownMegabytes = (most - residentBefore) >> 20,
            BytesAllocated = (await AllocatedAsync() - allocatedBefore) / events,
        };
    }

    /// <summary>Ends it in good order.</summary>
    public Task StopAsync() => process.TerminateAsync();

    public ValueTask DisposeAsync() => process.DisposeAsync();

    private async Task<double?> AllocatedAsync()
    {
        using var client = Client(connections: 1);
        var metrics = await client.GetStringAsync("/metrics");
        var line = metrics.Split('\n').FirstOrDefault(line => line.StartsWith(AllocatedMetric, StringComparison.Ordinal));
        return line is null ? null : double.Parse(line[AllocatedMetric.Length..], CultureInfo.InvariantCulture);
    }

    private static long PositionOf(JsonDocument stats, string part) =>
        stats.RootElement.GetProperty(part).GetProperty("position").GetInt64();
}
