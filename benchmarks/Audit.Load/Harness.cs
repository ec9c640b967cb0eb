using System.Diagnostics;
using Audit.Load.Reports;
using Audit.Load.Stores;
using Audit.Load.Workloads;

namespace Audit.Load;

/// <summary>Runs what is to be measured: a warm-up that is thrown away, then floors and subjects in turn, run by run.</summary>
internal sealed class Harness(LoadOptions options, Action<string> report)
{
    private const int WarmUpRun = 999;

    private readonly long begun = Stopwatch.GetTimestamp();

    /// <summary>Of each of what is measured, the longest that it took so far.</summary>
    private readonly Dictionary<string, TimeSpan> longest = [];

    /// <summary>Why something was not measured.</summary>
    private readonly Dictionary<string, string> reasons = [];

    public async Task<LoadReport> RunAsync()
    {
        await using IStoreSource stores = options.Store == "sqlite"
            ? new SqliteStores(options)
            : await PostgresStores.OpenAsync(options);
        var measured = Catalogue.Of(stores.Kind, options);
        var machine = Machine.Describe(await stores.DescribeAsync());
        report(machine.ToString());
        await stores.PrepareAsync(template => Prefill.FillAsync(template, options, report));

        var everyRun = measured.Where(one => !one.IsByHand).ToArray();
        await RunAsync(stores, everyRun, new Workload(WarmUpRun, options.WarmUpRecords), "warm-up");
        var runs = new List<IReadOnlyDictionary<string, Sample>>();
        var next = measured;
        do
        {
            var run = runs.Count + 1;
            runs.Add(await RunAsync(stores, next, new Workload(run, options.Records), $"run {run}"));
            next = everyRun;
        }
        while (runs.Count < options.Runs && everyRun.Length > 0 && HasTimeFor(everyRun));

        return LoadReport.Of(machine, options, [.. measured.Select(one => one.Name)], runs, reasons);
    }

    private bool HasTimeFor(params IMeasured[] some) => options.Within is not { } within
        || Stopwatch.GetElapsedTime(begun)
            + TimeSpan.FromTicks(some.Sum(one => longest.GetValueOrDefault(one.Name).Ticks)) < within;

    private async Task<IReadOnlyDictionary<string, Sample>> RunAsync(
        IStoreSource stores, IReadOnlyList<IMeasured> measured, Workload work, string run)
    {
        var samples = new Dictionary<string, Sample>();
        foreach (var one in measured)
        {
            if (!HasTimeFor(one))
            {
                reasons[one.Name] = "there was no time to measure it";
                report($"{run,-8} {one.Name,-28} left out: there is no time for it");
                continue;
            }

            var since = Stopwatch.GetTimestamp();
            try
            {
                await using var store = await stores.MakeAsync();
                var sample = samples[one.Name] = await one.MeasureAsync(store, work);
                report($"{run,-8} {one.Name,-28} {sample.PerSecond,10:n0}/s   {sample.Note}");
            }
            catch (Exception failure) when (options.Judges)
            {
                // Whoever wants all of the table is told of one that fails, and of all others too.
                reasons[one.Name] = $"it failed: {failure.Message.TrimEnd('.')}";
                report($"{run,-8} {one.Name,-28} failed: {failure}");
            }

            longest[one.Name] = TimeSpan.FromTicks(Math.Max(
                longest.GetValueOrDefault(one.Name).Ticks, Stopwatch.GetElapsedTime(since).Ticks));
        }

        return samples;
    }
}
