using System.Collections.Concurrent;
using System.Diagnostics;
using System.Text.Json;

namespace Audit.Testing;

/// <summary>A node in a process of its own, which ends at the latest with whoever started it.</summary>
public sealed class NodeProcess : IAsyncDisposable
{
    /// <summary>Only a failure lasts so long: on a crowded machine a start may take minutes.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(6);

    private readonly ConcurrentQueue<string> lines = new();
    private readonly Process process;

    private NodeProcess(Process process, string data)
    {
        this.process = process;
        Data = data;
        process.OutputDataReceived += (_, line) => lines.Enqueue(line.Data ?? "");
        process.ErrorDataReceived += (_, line) => lines.Enqueue(line.Data ?? "");
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
    }

    public Uri Url { get; private set; } = null!;

    /// <summary>Its own directory.</summary>
    public string Data { get; }

    public string Token => File.ReadAllText(Path.Combine(Data, "admin.token")).Trim();

    /// <summary>What it has printed.</summary>
    public string Printed => string.Join('\n', lines);

    public int Id => process.Id;

    public TimeSpan ProcessorTime => Fresh().TotalProcessorTime;

    public long ResidentBytes => Fresh().WorkingSet64;

    public long MostResidentBytes => Fresh().PeakWorkingSet64;

    /// <summary>Starts a node and waits until it is ready.</summary>
    /// <param name="options">Of `serve`, but its directory.</param>
    /// <param name="until">What answers with success when it is ready.</param>
    /// <param name="within">A command that becomes the one behind it, somewhere else.</param>
    public static async Task<NodeProcess> StartAsync(
        string program, string data, IEnumerable<string> options,
        IReadOnlyDictionary<string, string>? environment = null, string until = "/health/ready",
        IReadOnlyList<string>? within = null)
    {
        Directory.CreateDirectory(data);
        var node = new NodeProcess(
            Start(program, data, ["serve", "--data", data, .. options], environment, within), data);
        try
        {
            await node.UntilReadyAsync(until);
            return node;
        }
        catch
        {
            await node.DisposeAsync();
            throw;
        }
    }

    /// <summary>Starts the executable in a directory, where no settings of anybody else reach it.</summary>
    public static Process Start(
        string program, string directory, IEnumerable<string> arguments,
        IReadOnlyDictionary<string, string>? environment = null, IReadOnlyList<string>? within = null)
    {
        string[] command = [.. within ?? [], "dotnet", "exec", program, .. arguments];
        var start = new ProcessStartInfo(command[0], command[1..])
        {
            WorkingDirectory = directory,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach (var name in start.Environment.Keys.Where(IsOfSomebodyElse).ToArray())
        {
            start.Environment.Remove(name);
        }

        foreach (var (name, value) in environment ?? new Dictionary<string, string>())
        {
            start.Environment[name] = value;
        }

        return Process.Start(start)!;
    }

    /// <summary>Asks it to stop and returns its exit code.</summary>
    public async Task<int> TerminateAsync()
    {
        Signal("TERM");
        using var patience = new CancellationTokenSource(Patience);
        await process.WaitForExitAsync(patience.Token);
        return process.ExitCode;
    }

    /// <summary>Sends it a signal, such as STOP, and goes on.</summary>
    public void Signal(string signal) => Signals.Send(signal, process.Id);

    /// <summary>It does nothing until it may go on, and keeps all that it holds.</summary>
    public void Pause() => Signal("STOP");

    public void Continue() => Signal("CONT");

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

    private static bool IsOfSomebodyElse(string variable) =>
        variable.StartsWith("AUDIT_", StringComparison.OrdinalIgnoreCase)
        || variable.StartsWith("ASPNETCORE_", StringComparison.OrdinalIgnoreCase)
        || variable.StartsWith("OTEL_", StringComparison.OrdinalIgnoreCase);

    private Process Fresh()
    {
        process.Refresh();
        return process;
    }

    private async Task UntilReadyAsync(string path)
    {
        using var client = new HttpClient();
        var clock = Stopwatch.StartNew();
        while (!await IsReadyAsync(client, path))
        {
            if (process.HasExited || clock.Elapsed > Patience)
            {
                throw new InvalidOperationException($"The node is not ready.\n{Printed}");
            }

            await Task.Delay(20);
        }
    }

    private async Task<bool> IsReadyAsync(HttpClient client, string path)
    {
        try
        {
            using var note = JsonDocument.Parse(await File.ReadAllBytesAsync(Path.Combine(Data, "node.json")));
            // What a killed node left speaks of another process.
            if (note.RootElement.GetProperty("pid").GetInt32() != process.Id)
            {
                return false;
            }

            Url = new Uri(note.RootElement.GetProperty("urls")[0].GetString()!);
            using var answer = await client.GetAsync(new Uri(Url, path));
            return answer.IsSuccessStatusCode;
        }
        catch (Exception failure) when (failure is IOException or JsonException or HttpRequestException)
        {
            return false;
        }
    }
}
