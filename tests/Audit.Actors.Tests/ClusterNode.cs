using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text.Json;

namespace Audit.Actors.Tests;

/// <summary>A node of a cluster in a process of its own, which ends with the test at the latest.</summary>
internal sealed class ClusterNode : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    private readonly ConcurrentQueue<string> said = new();
    private readonly Process process;
    private readonly string data;

    private ClusterNode(Process process, string data)
    {
        this.process = process;
        this.data = data;
        process.OutputDataReceived += (_, line) => said.Enqueue(line.Data ?? "");
        process.ErrorDataReceived += (_, line) => said.Enqueue(line.Data ?? "");
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
    }

    public Uri Url { get; private set; } = null!;

    public string Token => File.ReadAllText(Path.Combine(data, "admin.token")).Trim();

    public string Said => string.Join('\n', said);

    /// <summary>Starts a node and waits until the cluster has let it in.</summary>
    public static async Task<ClusterNode> StartAsync(string directory, string store, string hocon, int port, IEnumerable<int> seeds)
    {
        var data = Path.Combine(directory, $"node-{port}");
        Directory.CreateDirectory(data);
        var start = new ProcessStartInfo(
            "dotnet",
            ["exec", Path.Combine(AppContext.BaseDirectory, "audit.dll"), "serve", "--engine", "akka", "--store", store,
                "--hocon", hocon, "--data", data, "--urls", "http://127.0.0.1:0"])
        {
            WorkingDirectory = data,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.Environment["AUDIT_AKKA_PORT"] = $"{port}";
        start.Environment["AUDIT_AKKA_SEEDS"] = string.Join(',', seeds.Select(seed => $"127.0.0.1:{seed}"));
        var node = new ClusterNode(Process.Start(start)!, data);
        try
        {
            await node.UntilReadyAsync();
            return node;
        }
        catch
        {
            await node.DisposeAsync();
            throw;
        }
    }

    /// <summary>Ports that are free now.</summary>
    public static int[] FreePorts(int count)
    {
        var listeners = Enumerable.Range(0, count).Select(_ => new TcpListener(IPAddress.Loopback, 0)).ToArray();
        Array.ForEach(listeners, listener => listener.Start());
        var ports = Array.ConvertAll(listeners, listener => ((IPEndPoint)listener.LocalEndpoint).Port);
        Array.ForEach(listeners, listener => listener.Dispose());
        return ports;
    }

    /// <summary>Ends it as a loss of power would.</summary>
    public async Task KillAsync()
    {
        process.Kill();
        await process.WaitForExitAsync();
    }

    /// <summary>Asks it to stop and returns its exit code.</summary>
    public async Task<int> TerminateAsync()
    {
        using var kill = Process.Start("kill", ["-TERM", $"{process.Id}"]);
        await kill.WaitForExitAsync();
        using var patience = new CancellationTokenSource(Patience);
        await process.WaitForExitAsync(patience.Token);
        return process.ExitCode;
    }

    public async ValueTask DisposeAsync()
    {
        if (!process.HasExited)
        {
            await KillAsync();
        }

        process.Dispose();
    }

    private async Task UntilReadyAsync()
    {
        using var client = new HttpClient();
        var clock = Stopwatch.StartNew();
        while (!await IsReadyAsync(client))
        {
            if (process.HasExited || clock.Elapsed > Patience)
            {
                throw new InvalidOperationException($"The node is not ready.\n{Said}");
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
}
