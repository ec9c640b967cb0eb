using System.Collections.Concurrent;
using System.Diagnostics;
using System.Text.Json;

namespace Audit.CommandLine.Tests;

/// <summary>A node in a process of its own, which ends with the test at the latest.</summary>
internal sealed class NodeProcess : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(1);

    private readonly ConcurrentQueue<string> said = new();
    private readonly Process process;
    private readonly string data;

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

    public string Said => string.Join('\n', said);

    /// <summary>Starts a node on a free port and waits until it is ready.</summary>
    public static Task<NodeProcess> StartAsync(string data, params string[] options) =>
        StartAtAsync("http://127.0.0.1:0", data, options);

    public static async Task<NodeProcess> StartAtAsync(string url, string data, params string[] options)
    {
        Directory.CreateDirectory(data);
        var node = new NodeProcess(
            AuditProgram.Start(data, ["serve", "--urls", url, "--data", data, .. options]), data);
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

    /// <summary>Asks it to stop and returns its exit code.</summary>
    public async Task<int> TerminateAsync()
    {
        using var kill = Process.Start("kill", ["-TERM", $"{process.Id}"]);
        await kill.WaitForExitAsync();
        using var patience = new CancellationTokenSource(Patience);
        await process.WaitForExitAsync(patience.Token);
        return process.ExitCode;
    }

    /// <summary>Ends it as a loss of power would.</summary>
    public async Task KillAsync()
    {
        process.Kill();
        await process.WaitForExitAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await KillAsync();
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
            // What a killed node left speaks of another process.
            if (note.RootElement.GetProperty("pid").GetInt32() != process.Id)
            {
                return false;
            }

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
