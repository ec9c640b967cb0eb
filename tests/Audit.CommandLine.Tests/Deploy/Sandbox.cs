using System.Collections.Concurrent;
using System.Diagnostics;
using System.Text.Json;

namespace Audit.CommandLine.Tests.Deploy;

/// <summary>Starts contained programs on machines of a private network, and knows what lies where they look.</summary>
internal sealed class Sandbox(PrivateNetwork network, TemporaryDirectory directory) : IAsyncDisposable
{
    private const string Path = "/runtime:/program:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    private readonly List<Running> started = [];
    private readonly Dictionary<string, string> places = [];
    private readonly List<ContainedMount> everywhere = [];

    /// <summary>Says what a volume, a secret or a file is.</summary>
    public void Lay(string name, string path) => places[name] = path;

    /// <summary>A directory that the user of the image has for itself, as a new volume is.</summary>
    public async Task<string> VolumeAsync(string name, string mode = "700", string owner = Contained.User)
    {
        var path = directory.File(name);
        Directory.CreateDirectory(path);
        await RunPlainAsync("chown", $"{owner}:{Contained.User}", path);
        await RunPlainAsync("chmod", mode, path);
        Lay(name, path);
        return path;
    }

    /// <summary>A program that the image has and this machine need not.</summary>
    public void AddProgram(string name, string path)
    {
        Lay(path, path);
        everywhere.Add(new ContainedMount($"/program/{name}", path, true));
    }

    public async Task<Running> StartAsync(
        string machine, Contained contained, IReadOnlyList<string>? instead = null,
        IReadOnlyDictionary<string, string>? also = null)
    {
        var name = $"{contained.Name}-{started.Count}";
        var root = Directory.CreateDirectory(directory.File($"root-{name}")).FullName;
        await File.WriteAllTextAsync(directory.File($"hosts-{name}"), network.Hosts);
        // What lies deeper is mounted later.
        await File.WriteAllLinesAsync(
            directory.File($"mounts-{name}"),
            contained.Mounts.Concat(everywhere).OrderBy(mount => mount.At, StringComparer.Ordinal).Select(
                mount => $"{mount.At} {(mount.IsReadOnly ? "ro" : "rw")} "
                    + (mount.Of == Contained.Scratch ? Contained.Scratch : places[mount.Of])));
        var settings = contained.Environment.Concat(also ?? new Dictionary<string, string>())
            .Select(one => $"{one.Key}={one.Value}").Prepend($"PATH={Path}");
        var start = new ProcessStartInfo(
            "nsenter",
            [
                $"--net={network.PathOf(machine)}", "unshare", "--mount", "bash", DeployFiles.TestFile("sandbox.sh"), root,
                System.IO.Path.GetDirectoryName(AuditProgram.Location)!, System.IO.Path.GetDirectoryName(Environment.ProcessPath)!,
                directory.File($"hosts-{name}"), Contained.User, directory.File($"mounts-{name}"), .. settings, "--",
                .. instead ?? contained.Command,
            ])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        var running = new Running(Process.Start(start)!, Patience);
        started.Add(running);
        return running;
    }

    /// <summary>Runs it to its end.</summary>
    public async Task<CommandResult> RunAsync(
        string machine, Contained contained, IReadOnlyList<string>? instead = null,
        IReadOnlyDictionary<string, string>? also = null)
    {
        var running = await StartAsync(machine, contained, instead, also);
        return new CommandResult(await running.EndAsync(), running.Printed, running.Printed);
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var one in started)
        {
            await one.DisposeAsync();
        }
    }

    public static async Task RunPlainAsync(string program, params string[] arguments)
    {
        using var process = Process.Start(program, arguments);
        await process.WaitForExitAsync();
        Assert.Equal(0, process.ExitCode);
    }
}

internal sealed class Running : IAsyncDisposable
{
    private readonly ConcurrentQueue<string> lines = new();
    private readonly Process process;
    private readonly TimeSpan patience;

    public Running(Process process, TimeSpan patience)
    {
        (this.process, this.patience) = (process, patience);
        process.StandardInput.Close();
        process.OutputDataReceived += (_, line) => lines.Enqueue(line.Data ?? "");
        process.ErrorDataReceived += (_, line) => lines.Enqueue(line.Data ?? "");
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
    }

    public string Printed => string.Join('\n', lines);

    public async Task<int> EndAsync()
    {
        using var limit = new CancellationTokenSource(patience);
        await process.WaitForExitAsync(limit.Token);
        return process.ExitCode;
    }

    /// <summary>Asks it to stop, as an operator does.</summary>
    public async Task<int> TerminateAsync()
    {
        await Sandbox.RunPlainAsync("kill", "-TERM", $"{process.Id}");
        return await EndAsync();
    }

    /// <summary>Waits until a question is answered with success, and so.</summary>
    public async Task UntilAsync(HttpClient client, string address, Func<JsonDocument, bool>? isSo = null)
    {
        var clock = Stopwatch.StartNew();
        var last = "";
        while (true)
        {
            Assert.False(process.HasExited, $"It has ended.\n{Printed}");
            Assert.True(clock.Elapsed < patience, $"{address} does not answer so, but: {last}\n{Printed}");
            try
            {
                using var answer = await client.GetAsync(address);
                using var read = JsonDocument.Parse(last = await answer.Content.ReadAsStringAsync());
                if (answer.IsSuccessStatusCode && isSo?.Invoke(read) != false)
                {
                    return;
                }
            }
            catch (Exception failure) when (failure is HttpRequestException or JsonException)
            {
                // Nobody listens yet, or only the proxy does.
            }

            await Task.Delay(100);
        }
    }

    public async ValueTask DisposeAsync()
    {
        process.Kill(entireProcessTree: true);
        await process.WaitForExitAsync();
        process.Dispose();
    }
}
