using System.ComponentModel;
using System.Diagnostics;
using Audit.Load.Reports;
using Audit.Load.Stores;
using Audit.Load.Workloads;

namespace Audit.Load.Subjects;

/// <summary>Has perf look at a node while it takes in NDJSON until the text index has all of it, and draws what it saw.</summary>
internal sealed class FlameRun(Action<string> report)
{
    private const int Run = 1, SamplesPerSecond = 499, MostListed = 15;

    /// <summary>What perf writes in a minute can be read in another; whatever goes wrong, it looks no longer.</summary>
    private const int MostSeconds = 60;

    /// <summary>Has it write the names of compiled methods where perf looks for them.</summary>
    private static readonly (string, string)[] WithNames =
        [("DOTNET_PerfMapEnabled", "1"), ("DOTNET_EnableWriteXorExecute", "0")];

    public async Task<int> DrawAsync(LoadOptions options)
    {
        await using IStoreSource stores = options.Store == "sqlite"
            ? new SqliteStores(options)
            : await PostgresStores.OpenAsync(options);
        await stores.PrepareAsync(template => Prefill.FillAsync(template, options, report));
        await using var store = await stores.MakeAsync();
        await using var node = await MeasuredNode.StartAsync(store, options.Node, options.Engine, settings: WithNames);
        try
        {
            await DrawAsync(options, store, node);
            return 0;
        }
        finally
        {
            foreach (var names in Directory.EnumerateFiles(Path.GetTempPath(), $"perf*-{node.Id}.map"))
            {
                File.Delete(names);
            }
        }
    }

    private async Task DrawAsync(LoadOptions options, LoadStore store, MeasuredNode node)
    {
        using var client = node.Client(NdjsonBodies.Connections);
        await NdjsonBodies.PostAllAsync(client, NdjsonBodies.Of(MeasuredNode.WarmUp));
        await MeasuredNode.CaughtUpAsync(client, withSearch: true);
        var work = new Workload(Run, options.Records);
        var bodies = NdjsonBodies.Of(work);
        var data = Path.Combine(store.Directory, "perf.data");
        await node.BeginMeasurementAsync();
        using (var perf = Start(
            "record", "-F", $"{SamplesPerSecond}", "-g", "-p", $"{node.Id}", "-o", data, "--", "sleep", $"{MostSeconds}"))
        {
            var printed = perf.StandardOutput.ReadToEndAsync();
            await NdjsonBodies.PostAllAsync(client, bodies);
            await MeasuredNode.CaughtUpAsync(client, withSearch: true);
            if (!perf.HasExited)
            {
                Signals.Send("INT", perf.Id);
            }

            await perf.WaitForExitAsync();
            await printed;
        }

        var cost = await node.CostOfAsync(work.Messages.Length);
        var graph = new FlameGraph();
        if (File.Exists(data))
        {
            using var script = Start("script", "-i", data, "-F", "comm,ip,sym,dso");
            await PerfStacks.FoldAsync(script.StandardOutput, graph);
            await script.WaitForExitAsync();
        }

        if (graph.Samples == 0)
        {
            throw new WrongUseException("perf saw nothing; it needs root, or a kernel.perf_event_paranoid below 2.");
        }

        await File.WriteAllTextAsync(options.Picture, graph.Draw(FormattableString.Invariant(
            $"A node's CPU, NDJSON on {options.Store}: {cost.MicrosecondsAnEvent:0} µs an event with perf beside it, {
                work.Messages.Length:n0} records, {graph.Samples:n0} samples at {History.Commit() ?? "no commit"}")));
        report($"{options.Picture}: {graph.Samples:n0} samples, {cost}");
        foreach (var one in graph.ByOwner.Take(MostListed))
        {
            report(FlameGraph.Line(one));
        }
    }

    private static Process Start(params string[] arguments)
    {
        try
        {
            var perf = Process.Start(new ProcessStartInfo("perf", arguments)
            {
                RedirectStandardOutput = true, RedirectStandardError = true,
            })!;
            perf.ErrorDataReceived += (_, _) => { };
            perf.BeginErrorReadLine();
            return perf;
        }
        catch (Win32Exception)
        {
            throw new WrongUseException("perf is not installed; on Debian it is in the package linux-perf.");
        }
    }
}
