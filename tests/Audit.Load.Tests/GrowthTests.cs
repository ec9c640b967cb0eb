using System.Xml.Linq;

namespace Audit.Load.Tests;

public sealed class GrowthTests : IDisposable
{
    private static readonly GrowthBasis Basis = new("abc", "sqlite", 60_000, null);

    private readonly TemporaryDirectory directory = new();

    private string Place => directory.File("measured.ndjson");

    [Fact]
    public void what_was_measured_is_there_when_it_goes_on()
    {
        var sample = Reported.Sample(12_345) with
        {
            Node = new NodeCost(51.5, 200) { BytesAllocated = 17_000 },
            MedianLatency = TimeSpan.FromMilliseconds(1.25), Stored = new StoredBytes(2.5, 2.1, 3_100), Note = "é",
        };
        using (var state = GrowthState.Open(Place, Basis))
        {
            state.Add(0, Names.Engine, sample);
            state.Add(1_000_000, Names.Verify, Reported.Sample(7));
        }

        // Broken off in the middle of a line.
        File.AppendAllText(Place, "{\"Rows\":0,\"Na");
        using (var state = GrowthState.Open(Place, Basis))
        {
            Assert.Equal(sample, state.Of(0, Names.Engine));
            Assert.Null(state.Of(1_000_000, Names.Engine));
            state.Add(5_000_000, Names.Engine, sample);
        }

        using var again = GrowthState.Open(Place, Basis);
        Assert.Equal(sample, again.Of(5_000_000, Names.Engine));
        Assert.NotNull(again.Of(1_000_000, Names.Verify));
    }

    [Fact]
    public void figures_of_another_commit_or_workload_are_not_put_beside()
    {
        GrowthState.Open(Place, Basis).Dispose();
        var failure = Assert.Throws<WrongUseException>(() => GrowthState.Open(Place, Basis with { Commit = "def" }));
        Assert.Contains("60,000 records on sqlite at abc", failure.Message);
        Assert.Throws<WrongUseException>(() => GrowthState.Open(Place, Basis with { Records = 1 }));
        GrowthState.Open(Place, Basis).Dispose();
    }

    [Fact]
    public void one_at_a_time_measures()
    {
        using var state = GrowthState.Open(Place, Basis);
        Assert.Contains("One growth", Assert.Throws<WrongUseException>(() => GrowthState.Open(Place, Basis)).Message);
    }

    [Fact]
    public void a_file_of_something_else_is_left_alone()
    {
        File.WriteAllText(Place, "what is this\n");
        Assert.StartsWith("Line 1 of ", Assert.Throws<WrongUseException>(() => GrowthState.Open(Place, Basis)).Message);
        Assert.Equal("what is this\n", File.ReadAllText(Place));
    }

    [Theory]
    [InlineData("ms", 10, 11, false)]
    [InlineData("ms", 10, 30, true)]
    [InlineData("events/s", 10_000, 9_000, false)]
    [InlineData("events/s", 10_000, 5_000, true)]
    [InlineData("events/s", 10_000, 50_000, false)]
    public void what_grows_by_more_than_a_logarithm_is_said(string unit, double million, double more, bool isSaid)
    {
        var figure = new GrowthFigure("it", unit, [(0, 1_000_000), (1_000_000, million), (5_000_000, more)]);
        Assert.Equal(isSaid, figure.MoreThanLogarithmic() is { } sentence && sentence.Contains("5,000,000 rows"));
    }

    [Fact]
    public void the_figures_of_each_size_are_a_plot_that_can_be_read()
    {
        var options = Reported.Options("growth");
        var reports = options.Sizes.Select(rows => Reported.Of(
            options.On(rows), (Names.RawBatch, Reported.Sample(50_000 - (rows / 200))),
            (Names.Searchable, Reported.Sample(9_000) with { Stored = new StoredBytes(2.5, 2, 3_100) }))).ToArray();
        var figures = GrowthFigure.Of(reports);
        Assert.Equal([(0, 50_000), (1_000_000, 45_000), (5_000_000, 25_000)], figures[0].Points);
        Assert.All(
            figures.Single(figure => figure.Unit == "bytes a record").Points, point => Assert.Equal(3_100, point.Figure));
        Assert.Null(figures.Single(figure => figure.Unit == "entries/s").Points[0].Figure);

        XNamespace svg = "http://www.w3.org/2000/svg";
        var read = XDocument.Parse(GrowthPlot.Draw("<growth> & more", figures));
        var texts = read.Descendants(svg + "text").Select(text => text.Value).ToArray();
        Assert.Equal("<growth> & more", texts[0]);
        Assert.All(figures, figure => Assert.Contains(figure.Name, texts));
        Assert.Contains("not measured", texts);
        Assert.Contains("5 M", texts);
        var first = read.Descendants(svg + "circle").Take(3).ToArray();
        Assert.Equal(first.OrderBy(one => (double)one.Attribute("cx")!), first);
        Assert.Equal(first.OrderBy(one => (double)one.Attribute("cy")!), first);
    }

    [Fact]
    public void what_is_no_number_is_no_point()
    {
        var figure = new GrowthFigure(
            "it", "ms", [(0, double.NaN), (1, double.PositiveInfinity), (2, null), (3, -1), (4, 0), (5, 7)]);
        var read = XDocument.Parse(GrowthPlot.Draw("title", [figure]));
        Assert.Equal(2, read.Descendants().Count(one => one.Name.LocalName == "circle"));
        Assert.DoesNotContain("NaN", read.ToString());
    }

    public void Dispose() => directory.Dispose();
}
