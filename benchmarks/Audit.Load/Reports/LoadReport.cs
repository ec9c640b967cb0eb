namespace Audit.Load.Reports;

/// <summary>The outcome of a whole invocation.</summary>
/// <param name="Ratios">By subject and floor, the median of the ratios within each run.</param>
internal sealed record LoadReport(
    Machine Machine, string Store, int Records, int PrefilledRows, int Runs,
    IReadOnlyList<ResultRow> Rows, IReadOnlyDictionary<(string Subject, string Floor), double> Ratios)
{
    public static readonly IReadOnlyList<string> Floors =
        [Names.RawBatch, Names.AuditTableAlone, Names.AuditTableCrowd, Names.AkkaAsItComes];

    public static LoadReport Of(
        Machine machine, LoadOptions options, IReadOnlyList<string> names,
        IReadOnlyList<IReadOnlyDictionary<string, Sample>> runs)
    {
        var rows = names.Select(name => ResultRow.Of(name, [.. runs.Select(run => run[name])])).ToArray();
        var ratios = new Dictionary<(string, string), double>();
        foreach (var floor in Floors.Intersect(names))
        {
            foreach (var name in names)
            {
                ratios[(name, floor)] =
                    ResultRow.Middle([.. runs.Select(run => run[name].PerSecond / run[floor].PerSecond)]);
            }
        }

        return new LoadReport(machine, options.Store, options.Records, options.Rows, options.Runs, rows, ratios);
    }

    public ResultRow? Of(string name) => Rows.FirstOrDefault(row => row.Name == name);

    public double? Ratio(string subject, string floor) =>
        Ratios.TryGetValue((subject, floor), out var ratio) ? ratio : null;
}
