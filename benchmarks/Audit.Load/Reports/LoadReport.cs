namespace Audit.Load.Reports;

/// <summary>The outcome of a whole invocation.</summary>
/// <param name="Ratios">By subject and floor, the median of the ratios within each run.</param>
/// <param name="LeftOut">What was not measured, and why.</param>
internal sealed record LoadReport(
    Machine Machine, string Store, string Engine, int Records, int PrefilledRows, int Runs,
    IReadOnlyDictionary<string, string> LeftOut,
    IReadOnlyList<ResultRow> Rows, IReadOnlyDictionary<(string Subject, string Floor), double> Ratios)
{
    public static readonly IReadOnlyList<string> Floors =
        [Names.RawBatch, Names.AuditTableAlone, Names.AuditTableCrowd, Names.AkkaAsItComes];

    public static LoadReport Of(
        Machine machine, LoadOptions options, IReadOnlyList<string> names,
        IReadOnlyList<IReadOnlyDictionary<string, Sample>> runs, IReadOnlyDictionary<string, string>? reasons = null)
    {
        var measured = names.Where(name => runs.Any(run => run.ContainsKey(name))).ToArray();
        var rows = measured
            .Select(name => ResultRow.Of(name, [.. runs.Where(run => run.ContainsKey(name)).Select(run => run[name])]))
            .ToArray();
        var ratios = new Dictionary<(string, string), double>();
        foreach (var floor in Floors.Intersect(measured))
        {
            foreach (var name in measured)
            {
                var both = runs.Where(run => run.ContainsKey(name) && run.ContainsKey(floor)).ToArray();
                if (both.Length > 0)
                {
                    ratios[(name, floor)] =
                        ResultRow.Middle([.. both.Select(run => run[name].PerSecond / run[floor].PerSecond)]);
                }
            }
        }

        return new LoadReport(
            machine, options.Store, options.Engine, options.Records, options.Rows, runs.Count,
            names.Except(measured).ToDictionary(name => name, name => reasons?.GetValueOrDefault(name) ?? "it was not measured"),
            rows, ratios);
    }

    public ResultRow? Of(string name) => Rows.FirstOrDefault(row => row.Name == name);

    public double? Ratio(string subject, string floor) =>
        Ratios.TryGetValue((subject, floor), out var ratio) ? ratio : null;
}
