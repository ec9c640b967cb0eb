using Audit.Load.Reports;
using Audit.Load.Stores;
using Audit.Load.Workloads;

namespace Audit.Load;

/// <summary>Runs what is to be measured: a warm-up that is thrown away, then floors and subjects in turn, run by run.</summary>
internal sealed class Harness(LoadOptions options, Action<string> report)
{
    private const int WarmUpRun = 999;

    public async Task<LoadReport> RunAsync()
    {
        await using IStoreSource stores = options.Store == "sqlite"
            ? new SqliteStores(options.Directory)
            : await PostgresStores.OpenAsync(options);
        var measured = Catalogue.Of(stores.Kind, options);
        var machine = Machine.Describe(await stores.DescribeAsync());
        report(machine.ToString());
        await stores.PrepareAsync(options.Rows, report);

        await RunAsync(stores, measured, new Workload(WarmUpRun, options.Records), "warm-up");
        var runs = new List<IReadOnlyDictionary<string, Sample>>();
        for (var run = 1; run <= options.Runs; run++)
        {
            runs.Add(await RunAsync(stores, measured, new Workload(run, options.Records), $"run {run}"));
        }

        return LoadReport.Of(machine, options, [.. measured.Select(one => one.Name)], runs);
    }

    private async Task<IReadOnlyDictionary<string, Sample>> RunAsync(
        IStoreSource stores, IReadOnlyList<IMeasured> measured, Workload work, string run)
    {
        var samples = new Dictionary<string, Sample>();
        foreach (var one in measured)
        {
            await using var store = await stores.MakeAsync();
            var sample = samples[one.Name] = await one.MeasureAsync(store, work);
            report($"{run,-8} {one.Name,-28} {sample.PerSecond,10:n0}/s   {sample.Note}");
        }

        return samples;
    }
}
