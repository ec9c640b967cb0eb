namespace Audit.Load.Tests;

public sealed class HistoryTests : IDisposable
{
    private readonly TemporaryDirectory directory = new();

    private string Place => Path.Combine(directory.Path, "history", "sqlite.ndjson");

    [Fact]
    public void the_last_report_measured_alike_is_read_again_as_it_was()
    {
        var options = Reported.Options("quick", "--history", Place);
        Assert.Null(History.LastLike(options));
        History.Add(Report(options, node: 10_000), Place);
        History.Add(Report(options, node: 20_000), Place);
        History.Add(Report(Reported.Options("quick", "--store", "postgres"), node: 3_000), Place);
        History.Add(Report(Reported.Options("quick", "--records", "5000"), node: 4_000), Place);
        History.Add(Report(options.On(1_000), node: 5_000), Place);

        var last = History.LastLike(options)!;
        var expected = Report(options, node: 20_000);
        Assert.Equal(expected.Rows, last.Measured);
        Assert.Equal(expected.Machine, last.Machine);
        Assert.Equal(0.4, last.Ratio(Names.Ndjson, Names.RawBatch));
        Assert.Equal(History.Commit(), last.Commit);
        Assert.Contains(last.Owed, one => one is { Subject: Names.Ndjson, Met: false, Owed: 0.45 });
        Assert.Equal(5, File.ReadAllLines(Place).Length);
    }

    [Fact]
    public void of_another_machine_nothing_is_compared()
    {
        var options = Reported.Options("quick", "--history", Place);
        var report = Report(options, node: 10_000);
        History.Add(report with { Machine = report.Machine with { Cores = report.Machine.Cores + 1 } }, Place);
        History.Add(report with { Machine = report.Machine with { Processor = "Another" } }, Place);
        Assert.Null(History.LastLike(options));
    }

    [Theory]
    [InlineData("{")]
    [InlineData("{\"store\":\"sqlite\"}")]
    [InlineData("null")]
    public void a_line_that_is_no_report_is_named(string line)
    {
        var options = Reported.Options("quick", "--history", Place);
        History.Add(Report(options, node: 10_000), Place);
        File.AppendAllText(Place, "\n" + line + "\n");
        var failure = Assert.Throws<WrongUseException>(() => History.LastLike(options));
        Assert.StartsWith($"Line 3 of {Place} is no report: ", failure.Message);
    }

    [Fact]
    public void what_became_slower_by_more_than_a_tenth_of_the_floor_is_said()
    {
        var options = Reported.Options("quick");
        var before = JsonReport.Of(Report(options, node: 20_000, microseconds: 60, search: 10));

        // The machine is slower by half, and so is all on it.
        var slowed = Report(options, node: 10_000, raw: 25_000, microseconds: 64, search: 9);
        Assert.Empty(Comparison.Losses(Comparison.Of(slowed, before)));

        var losses = Comparison.Losses(Comparison.Of(
            Report(options, node: 15_000, microseconds: 90, search: 15), before)).ToArray();
        Assert.Equal(
            [
                "NDJSON over HTTP became slower: 0.3 × raw batch, where it was 0.4.",
                "NDJSON over HTTP became dearer: 90 µs of the node's CPU an event, where it was 60.",
                "first page of a search became slower: 15 ms, where it was 10.",
            ],
            losses);
    }

    [Fact]
    public void a_comparison_has_each_figure_once_and_both_times()
    {
        var options = Reported.Options("quick");
        var figures = Comparison.Of(Report(options, node: 15_000), JsonReport.Of(Report(options, node: 20_000)));
        Assert.Equal(figures.Count, figures.DistinctBy(one => (one.Subject, one.What)).Count());
        var rate = figures.Single(one => one is { Subject: Names.Ndjson, What: "events/s" });
        Assert.Equal((15_000, 20_000, 0.75), (rate.Now, rate.Before, rate.Ratio));

        // It is owed how long a search takes, and nothing of how often one was asked for.
        Assert.Equal(["ms"], figures.Where(one => one.Subject == Names.SearchPage).Select(one => one.What));

        var text = new StringWriter();
        Comparison.Write(Report(options, node: 15_000), JsonReport.Of(Report(options, node: 20_000)), text);
        Assert.Contains("worse", text.ToString());
        Comparison.Write(Report(options, node: 15_000), null, text);
        Assert.Contains("There is no earlier report", text.ToString());
    }

    public void Dispose() => directory.Dispose();

    private static LoadReport Report(
        LoadOptions options, double node, double raw = 50_000, double microseconds = 50, double search = 10) => Reported.Of(
        options,
        (Names.RawBatch, Reported.Sample(raw)),
        (Names.Ndjson, Reported.Sample(node) with { Node = new NodeCost(microseconds, 200) }),
        (Names.SearchPage, Reported.Sample(100) with { MedianLatency = TimeSpan.FromMilliseconds(search) }));
}
