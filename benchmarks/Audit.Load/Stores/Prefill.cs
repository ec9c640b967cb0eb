using Audit.Load.Subjects;
using Audit.Load.Workloads;

namespace Audit.Load.Stores;

/// <summary>The rows of earlier days, by the engine, with ids that no run has, and all that a node makes of them.</summary>
internal static class Prefill
{
    private const int SliceRows = 100_000;

    /// <summary>Behind those of all measurements. What was broken off goes on at the row where it ended, with ids of its own.</summary>
    private const int FirstRun = 10_000_000;

    public static async Task FillAsync(
        LoadStore template, LoadOptions options, Action<string> report, CancellationToken cancellation = default)
    {
        if (options.Rows == 0)
        {
            return;
        }

        await using (var open = await OpenEngine.OnAsync(template))
        {
            while (await open.Journal.LastPositionAsync(cancellation) is var filled && filled < options.Rows)
            {
                cancellation.ThrowIfCancellationRequested();
                var slice = (int)Math.Min(SliceRows, options.Rows - filled);
                await EngineInProcess.MeasureAsync(open, new Workload(FirstRun + (int)filled, slice));
                report($"prefilled {filled + slice:n0} of {options.Rows:n0} rows");
            }
        }

        report("a node reads them");
        await using var node = await MeasuredNode.StartAsync(template, options.Node);
        using (var client = node.Client(connections: 1))
        {
            await MeasuredNode.CaughtUpAsync(client, withSearch: true, cancellation);
        }

        // In good order, or its copies would be those of a node that was killed.
        await node.StopAsync();
    }
}
