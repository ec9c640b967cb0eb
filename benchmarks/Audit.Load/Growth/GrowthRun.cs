using Audit.Load.Floors;
using Audit.Load.Reports;
using Audit.Load.Stores;
using Audit.Load.Subjects;
using Audit.Load.Workloads;

namespace Audit.Load.Growth;

/// <summary>
/// Stores of several sizes, one after the other: each is the one before with more rows in it, and is measured on a copy.
/// </summary>
internal sealed class GrowthRun(LoadOptions options, Action<string> report)
{
    /// <summary>Of a run that stopped in time, and goes on with the same command.</summary>
    private const int Unfinished = 3;

    private const int WarmUpRun = 900, WarmUpRecords = 10_000;

    /// <summary>Of the template and of the copy that is measured, read models twice while they are rebuilt.</summary>
    private const long BytesOfARow = 10_000;

    /// <summary>What is under way is finished; nothing begins that late.</summary>
    private static readonly TimeSpan LastPart = TimeSpan.FromMinutes(10);

    private readonly string place = Path.Combine(options.Directory, $"audit-growth-{options.Store}");

    public async Task<int> RunAsync(TextWriter output)
    {
        Directory.CreateDirectory(place);
        CheckRoom();
        using var end = new CancellationTokenSource(options.Within!.Value - LastPart);
        using (var state = GrowthState.Open(
            Path.Combine(place, "measured.ndjson"),
            new GrowthBasis(History.Commit(), options.Store, options.Records, options.Node)))
        {
            try
            {
                await MeasureAsync(state, output, end.Token);
            }
            catch (OperationCanceledException) when (end.IsCancellationRequested)
            {
                output.WriteLine(
                    $"The time is over, and not all is measured: the same command goes on from here. Until then {place} stays.");
                return Unfinished;
            }
        }

        Directory.Delete(place, recursive: true);
        return 0;
    }

    private async Task MeasureAsync(GrowthState state, TextWriter output, CancellationToken end)
    {
        // Disposed of when all is measured: what was broken off goes on with its template.
        IStoreSource stores = options.Store == "sqlite"
            ? new SqliteStores(Path.Combine(place, "stores"))
            : await PostgresStores.OpenAsync(options, Path.Combine(place, "stores"), "audit_growth");
        var machine = Machine.Describe(await stores.DescribeAsync());
        report(machine.ToString());
        var measured = Measured(stores.Kind);
        foreach (var rows in options.Sizes)
        {
            var missing = measured.Index().Where(one => state.Of(rows, one.Item.Name) is null).ToArray();
            if (missing.Length > 0)
            {
                await stores.PrepareAsync(template => Prefill.FillAsync(template, options.On(rows), report, end));
                await using var store = await stores.MakeAsync();
                foreach (var (index, one) in missing)
                {
                    end.ThrowIfCancellationRequested();
                    await MeasureAsync(state, store, rows, index, one);
                }
            }
        }

        var reports = options.Sizes.Select(rows => LoadReport.Of(
            machine, options.On(rows), [.. measured.Select(one => one.Name)],
            [measured.ToDictionary(one => one.Name, one => state.Of(rows, one.Name)!)])).ToArray();
        Write(reports, output);
        await stores.DisposeAsync();
    }

    private async Task MeasureAsync(GrowthState state, LoadStore store, int rows, int index, IMeasured one)
    {
        if (one is EngineInProcess or RawBatchSqlite or RawBatchPostgres)
        {
            // In this process, which may just have begun: other rows, thrown away with the copy.
            await one.MeasureAsync(store, new Workload(WarmUpRun + index, WarmUpRecords));
        }

        var sample = await one.MeasureAsync(store, new Workload(index + 1, options.Records));
        state.Add(rows, one.Name, sample);
        report($"{rows,10:n0} {one.Name,-36} {sample.PerSecond,10:n0}/s   {sample.Note}");
    }

    private void Write(IReadOnlyList<LoadReport> reports, TextWriter output)
    {
        foreach (var one in reports)
        {
            TableReport.Write(one, output);
            output.WriteLine();
            History.Add(one, options.History!);
        }

        var figures = GrowthFigure.Of(reports);
        foreach (var sentence in figures.Select(figure => figure.MoreThanLogarithmic()).OfType<string>())
        {
            output.WriteLine(sentence);
        }

        Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(options.Picture))!);
        File.WriteAllText(options.Picture, GrowthPlot.Draw(
            $"Growth on {reports[0].Machine.Database}, over the rows of the store, at {History.Commit() ?? "no commit"}", figures));
        output.WriteLine($"{options.Picture} shows it, and {options.History} has it.");
    }

    /// <summary>On one store, in this order: what only looks comes before what adds what others would have to read.</summary>
    private IMeasured[] Measured(string kind) =>
    [
        new NodeStart(options.Node),
        new NdjsonPosts(options.Node, "local", untilSearchable: true),
        new SessionPages(options.Node),
        new SearchPages(options.Node),
        new Verification(options.Node),
        new ReadModelRebuild(),
        new EngineInProcess("local"),
        kind == "sqlite" ? new RawBatchSqlite() : new RawBatchPostgres(),
    ];

    private void CheckRoom()
    {
        var needed = options.Sizes[^1] * BytesOfARow;
        var held = LoadStore.FilesOf(place).Sum(file => file.Length);
        var free = new DriveInfo(Path.GetFullPath(place)).AvailableFreeSpace;
        if (options.Postgres is null && free + held < needed)
        {
            throw new WrongUseException(
                $"Stores of {options.Sizes[^1]:n0} rows may take {needed >> 30} GB in {place}, and {free >> 30} GB are free: "
                + "give another --directory, or smaller --sizes.");
        }
    }
}
