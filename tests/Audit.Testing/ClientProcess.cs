using System.Collections.Concurrent;
using System.Diagnostics;
using System.Text.Json;

namespace Audit.Testing;

/// <summary>A host in a process of its own that is told by lines what to do, one answer to each.</summary>
public sealed class ClientProcess : IAsyncDisposable
{
    /// <summary>Only a failure lasts so long.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(3);

    private readonly ConcurrentQueue<string> troubles = new();
    private readonly Process process;

    private ClientProcess(Process process)
    {
        this.process = process;
        process.ErrorDataReceived += (_, line) => troubles.Enqueue(line.Data ?? "");
        process.BeginErrorReadLine();
    }

    /// <summary>What it has said of troubles.</summary>
    public string Troubles => string.Join('\n', troubles);

    public static ClientProcess Start(
        IReadOnlyList<string> command, string directory, IReadOnlyDictionary<string, string> environment)
    {
        var start = new ProcessStartInfo(command[0], command.Skip(1))
        {
            WorkingDirectory = directory,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach (var name in start.Environment.Keys.Where(key => key.StartsWith("AUDIT_", StringComparison.Ordinal)).ToArray())
        {
            start.Environment.Remove(name);
        }

        foreach (var (name, value) in environment)
        {
            start.Environment[name] = value;
        }

        return new ClientProcess(Process.Start(start)!);
    }

    /// <summary>Tells it what to do next; false where it is dead.</summary>
    public async Task<bool> TellAsync(object command)
    {
        try
        {
            await process.StandardInput.WriteLineAsync(JsonSerializer.Serialize(command));
            await process.StandardInput.FlushAsync();
            return true;
        }
        catch (IOException)
        {
            return false;
        }
    }

    /// <summary>Its next answer; none where it died before, or in the middle of it.</summary>
    public async Task<JsonElement?> AnswerAsync()
    {
        using var patience = new CancellationTokenSource(Patience);
        try
        {
            var line = await process.StandardOutput.ReadLineAsync(patience.Token);
            return line is null ? null : JsonSerializer.Deserialize<JsonElement>(line);
        }
        catch (JsonException) when (process.HasExited)
        {
            return null;
        }
        catch (OperationCanceledException)
        {
            throw new TimeoutException($"A client gives no answer.\n{Troubles}");
        }
    }

    public async Task<JsonElement> AskAsync(object command)
    {
        await TellAsync(command);
        return await AnswerAsync() ?? throw new InvalidOperationException($"A client ended.\n{Troubles}");
    }

    /// <summary>All that it prints until it ends.</summary>
    public Task<string> ReadToEndAsync() => process.StandardOutput.ReadToEndAsync().WaitAsync(Patience);

    /// <summary>Gives it nothing more to do, and returns its exit code.</summary>
    public async Task<int> EndAsync()
    {
        process.StandardInput.Close();
        using var patience = new CancellationTokenSource(Patience);
        await process.WaitForExitAsync(patience.Token);
        return process.ExitCode;
    }

    /// <summary>Ends it as a loss of power would, with all of its own that it started.</summary>
    public async Task KillAsync()
    {
        process.Kill(entireProcessTree: true);
        await process.WaitForExitAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await KillAsync();
        process.Dispose();
    }
}
