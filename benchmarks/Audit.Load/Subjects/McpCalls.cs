using System.Diagnostics;
using Audit.Load.Stores;
using Audit.Load.Workloads;

namespace Audit.Load.Subjects;

/// <summary>
/// What `audit mcp` adds to a call of a tool: the same server alone and behind the proxy, in turn, one call after the
/// other. Each call behind it is approved by a policy, and its decision and its result are durable.
/// </summary>
internal sealed class McpCalls(string? program) : IMeasured
{
    private const int Calls = 1_000, AtATime = 100, WarmUp = 500;

    public string Name => Names.McpCalls;

    public async Task<Sample> MeasureAsync(LoadStore store, Workload work)
    {
        var policy = Path.Combine(store.Directory, "policy.json");
        await File.WriteAllTextAsync(policy, """{"preset":"approve-all"}""");
        var audit = program ?? Path.Combine(AppContext.BaseDirectory, "audit.dll");
        await using var node = await MeasuredNode.StartAsync(store, audit, options: ["--policy", policy]);
        using var direct = new McpSession(Server);
        using var proxied = new McpSession(["exec", audit, "mcp", "--data", node.Data, "--", "dotnet", .. Server]);
        await direct.CallAsync(WarmUp);
        await proxied.CallAsync(WarmUp);

        var (alone, behind) = (new Latencies(Calls), new Latencies(Calls));
        await node.BeginMeasurementAsync();
        var meter = new Meter(store);
        for (var done = 0; done < Calls; done += AtATime)
        {
            alone.Add(await direct.CallAsync(AtATime));
            behind.Add(await proxied.CallAsync(AtATime));
        }

        return meter.Read(Calls) with
        {
            MedianLatency = behind.Median() - alone.Median(),
            TailLatency = behind.At(0.99) - alone.At(0.99),
            Node = await node.CostOfAsync(Calls),
            Note = $"added to the median and the tail; {TextOf("alone", alone)}, {TextOf("behind the proxy", behind)}",
        };
    }

    private static string[] Server =>
    [
        "exec",
        Path.Combine(
            AppContext.BaseDirectory.Replace(
                Path.Combine("benchmarks", "Audit.Load"), Path.Combine("tests", "Audit.McpServer"),
                StringComparison.Ordinal),
            "Audit.McpServer.dll"),
        "tools",
    ];

    private static string TextOf(string what, Latencies latencies) => FormattableString.Invariant(
        $"{what} {latencies.Median()?.TotalMilliseconds:0.00} ms, p99 {latencies.At(0.99)?.TotalMilliseconds:0.00} ms");
}

/// <summary>One client of MCP over the standard streams of a process.</summary>
internal sealed class McpSession : IDisposable
{
    private readonly Process process;
    private int last;

    public McpSession(IEnumerable<string> arguments)
    {
        process = Process.Start(new ProcessStartInfo("dotnet", arguments)
        {
            RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true,
        })!;
        process.ErrorDataReceived += (_, _) => { };
        process.BeginErrorReadLine();
        Send(
            "initialize",
            """{"protocolVersion":"2025-06-18","capabilities":{},"clientInfo":{"name":"load","version":"1"}}""");
        process.StandardOutput.ReadLine();
        process.StandardInput.Write("""{"jsonrpc":"2.0","method":"notifications/initialized"}""" + "\n");
        process.StandardInput.Flush();
    }

    /// <returns>How long each call took.</returns>
    public async Task<IReadOnlyCollection<long>> CallAsync(int calls)
    {
        var ticks = new List<long>(calls);
        for (var call = 0; call < calls; call++)
        {
            var before = Stopwatch.GetTimestamp();
            Send("tools/call", """{"name":"echo","arguments":{"text":"hello"}}""");
            var answer = await process.StandardOutput.ReadLineAsync() ?? throw new InvalidOperationException("It ended.");
            ticks.Add(Stopwatch.GetTimestamp() - before);
            if (!answer.Contains("hello", StringComparison.Ordinal))
            {
                throw new InvalidOperationException($"The call is to be answered, and got {answer}");
            }
        }

        return ticks;
    }

    public void Dispose()
    {
        process.StandardInput.Close();
        process.WaitForExit();
        process.Dispose();
    }

    private void Send(string method, string parameters)
    {
        process.StandardInput.Write(
            FormattableString.Invariant($$"""{"jsonrpc":"2.0","id":{{++last}},"method":"{{method}}","params":""")
            + parameters + "}\n");
        process.StandardInput.Flush();
    }
}
