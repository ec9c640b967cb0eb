using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net.Http.Headers;
using System.Text.Json;
using Audit.Load.Stores;
using Audit.Load.Workloads;

namespace Audit.Load.Subjects;

/// <summary>A node in a process of its own, started as anybody would start it.</summary>
internal sealed class NodeProcess : IAsyncDisposable
{
    /// <summary>What a node is given before it is measured, for a program that has just been started runs unoptimized code.</summary>
    public static readonly Workload WarmUp = new(run: 998, records: 20_000);

    private static readonly TimeSpan BetweenLooks = TimeSpan.FromMilliseconds(5);
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(1);

    private readonly ConcurrentQueue<string> said = new();
    private readonly Process process;
    private readonly string data;
    private TimeSpan processorTimeBefore;

    private NodeProcess(Process process, string data)
    {
        this.process = process;
        this.data = data;
        process.OutputDataReceived += (_, line) => said.Enqueue(line.Data ?? "");
        process.ErrorDataReceived += (_, line) => said.Enqueue(line.Data ?? "");
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
    }

    public Uri Url { get; private set; } = null!;

    /// <summary>Its own directory, with the log's key.</summary>
    public string Data => data;

    public static async Task<NodeProcess> StartAsync(LoadStore store, string? program, string engine = "local")
    {
        var data = Directory.CreateDirectory(Path.Combine(store.Directory, "data")).FullName;
        program ??= Path.Combine(AppContext.BaseDirectory, "audit.dll");
        string[] arguments =
            ["exec", program, "serve", "--engine", engine, "--store", store.Address, "--data", data, "--urls", "http://127.0.0.1:0"];
        var start = new ProcessStartInfo("dotnet", arguments)
        {
            WorkingDirectory = data,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach (var name in start.Environment.Keys.Where(IsSetting).ToArray())
        {
            start.Environment.Remove(name);
        }

        // A free port; nobody joins it.
        start.Environment["AUDIT_AKKA_PORT"] = "0";
        var node = new NodeProcess(Process.Start(start)!, data);
        await node.UntilReadyAsync();
        return node;
    }

    /// <summary>A client that may do everything and keeps so many connections.</summary>
    public HttpClient Client(int connections)
    {
        var handler = new SocketsHttpHandler { MaxConnectionsPerServer = connections, UseProxy = false };
        var client = new HttpClient(handler) { BaseAddress = Url, Timeout = Patience };
        var token = File.ReadAllText(Path.Combine(data, "admin.token")).Trim();
        client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", token);
        return client;
    }

    public void BeginMeasurement() => processorTimeBefore = ProcessorTime();

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

    public static double LagOf(JsonDocument stats) => stats.RootElement.GetProperty("projections").GetProperty("lag_ms").GetDouble();

    private static long PositionOf(JsonDocument stats, string part) => stats.RootElement.GetProperty(part).GetProperty("position").GetInt64();

    public string Describe(long events)
    {
        var microseconds = (ProcessorTime() - processorTimeBefore).TotalMicroseconds / events;
        return FormattableString.Invariant(
            $"node: {microseconds:0.0} µs of CPU an event, {process.PeakWorkingSet64 >> 20} MB resident at most");
    }

    public async ValueTask DisposeAsync()
    {
        process.Kill();
        await process.WaitForExitAsync();
        process.Dispose();
    }

    private TimeSpan ProcessorTime()
    {
        process.Refresh();
        return process.TotalProcessorTime;
    }

    private async Task UntilReadyAsync()
    {
        using var client = new HttpClient();
        var clock = Stopwatch.StartNew();
        while (!await IsReadyAsync(client))
        {
            if (process.HasExited || clock.Elapsed > Patience)
            {
                throw new InvalidOperationException($"The node is not ready.\n{string.Join('\n', said)}");
            }

            await Task.Delay(50);
        }
    }

    private async Task<bool> IsReadyAsync(HttpClient client)
    {
        try
        {
            using var note = JsonDocument.Parse(await File.ReadAllBytesAsync(Path.Combine(data, "node.json")));
            Url = new Uri(note.RootElement.GetProperty("urls")[0].GetString()!);
            using var answer = await client.GetAsync(new Uri(Url, "/health/ready"));
            return answer.IsSuccessStatusCode;
        }
        catch (Exception failure) when (failure is IOException or JsonException or HttpRequestException)
        {
            return false;
        }
    }

    private static bool IsSetting(string variable) =>
        variable.StartsWith("AUDIT_", StringComparison.OrdinalIgnoreCase)
        || variable.StartsWith("ASPNETCORE_", StringComparison.OrdinalIgnoreCase)
        || variable.StartsWith("OTEL_", StringComparison.OrdinalIgnoreCase);
}
