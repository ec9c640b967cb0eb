namespace Audit.Load.Tests;

public sealed class GoalTests
{
    [Fact]
    public void each_row_that_is_not_as_it_is_owed_has_a_sentence()
    {
        var report = Reported.Of(
            Reported.Options("quick"),
            (Names.RawBatch, Reported.Sample(50_000)),
            (Names.Engine, Reported.Sample(49_000)),
            (Names.Ndjson, Reported.Sample(10_000)),
            (Names.Searchable, Reported.Sample(20_000) with
            {
                Node = new NodeCost(61.5, 200), Stored = new StoredBytes(2.6, 2.3, 3_000),
            }),
            (Names.MillionCalls, Reported.Sample(9_000) with { Node = new NodeCost(50, 401) }));
        Assert.Equal(
            [
                "NDJSON over HTTP: ≥ 0.45 × raw batch is owed, and it is 0.20.",
                "searchable, NDJSON over HTTP: ≤ 60 µs of the node's CPU an event is owed, and it is 61.50.",
                "a million calls: ≤ 400 MB resident is owed, and it is 401.00.",
                "searchable, NDJSON over HTTP: ≤ 2.2 bytes stored for a byte of record, without the text index is owed, "
                    + "and it is 2.30.",
            ],
            Goal.Lacks(report));

        var table = new StringWriter();
        TableReport.Write(report, table);
        Assert.All(Goal.Lacks(report), lack => Assert.Contains(lack, table.ToString()));
    }

    [Fact]
    public void on_the_other_store_less_is_owed()
    {
        var samples = new[] { (Names.RawBatch, Reported.Sample(50_000)), (Names.Ndjson, Reported.Sample(15_000)) };
        Assert.Single(Goal.Lacks(Reported.Of(Reported.Options("quick"), samples)));
        Assert.Empty(Goal.Lacks(Reported.Of(Reported.Options("quick", "--store", "postgres"), samples)));
    }

    [Fact]
    public void what_was_not_measured_is_not_met_where_it_is_owed()
    {
        var report = LoadReport.Of(
            Reported.Machine, Reported.Options("quick"), [Names.RawBatch, Names.Start, Names.EngineAlone],
            [new Dictionary<string, Sample> { [Names.RawBatch] = Reported.Sample(50_000) }],
            new Dictionary<string, string> { [Names.Start] = "there was no time to measure it" });
        Assert.Equal([Names.Start, Names.EngineAlone], report.LeftOut.Keys);
        Assert.Equal(["start until ready: ≤ 1,000 ms is owed, and there was no time to measure it."], Goal.Lacks(report));
    }

    [Fact]
    public void without_its_floor_nothing_is_met()
    {
        var report = LoadReport.Of(
            Reported.Machine, Reported.Options("quick"), [Names.RawBatch, Names.Ndjson],
            [new Dictionary<string, Sample> { [Names.Ndjson] = Reported.Sample(50_000) }],
            new Dictionary<string, string> { [Names.RawBatch] = "it failed: the disk is full" });
        Assert.Equal(
            ["NDJSON over HTTP: ≥ 0.45 × raw batch is owed; of raw batch, it failed: the disk is full."],
            Goal.Lacks(report));
    }

    [Fact]
    public void a_median_is_of_the_runs_that_had_it_and_a_ratio_of_one_run()
    {
        Dictionary<string, Sample> Run(double raw, double? node) => node is { } measured
            ? new() { [Names.RawBatch] = Reported.Sample(raw), [Names.Ndjson] = Reported.Sample(measured) }
            : new() { [Names.RawBatch] = Reported.Sample(raw) };

        var report = LoadReport.Of(
            Reported.Machine, Reported.Options("quick"), [Names.RawBatch, Names.Ndjson],
            [Run(40_000, 20_000), Run(60_000, 15_000), Run(80_000, null)]);
        Assert.Equal((60_000, 17_500), (report.Of(Names.RawBatch)!.Median, report.Of(Names.Ndjson)!.Median));
        Assert.Equal(0.375, report.Ratio(Names.Ndjson, Names.RawBatch));
    }
}
