namespace Audit.Load.Tests;

public sealed class OptionTests
{
    [Fact]
    public void the_quick_table_judges_ends_in_time_and_has_a_history()
    {
        var options = Reported.Options("quick", "--store", "postgres", "--compare");
        Assert.Equal(("postgres", 60_000, 10_000, 0), (options.Store, options.Records, options.WarmUpRecords, options.Rows));
        Assert.Equal(TimeSpan.FromMinutes(12), options.Within);
        Assert.True(options.Judges && options.Compares);
        Assert.EndsWith("benchmarks/history/postgres.ndjson", options.History);
        Assert.Equal(5_000, Reported.Options("quick", "--records", "5,000").WarmUpRecords);
    }

    [Fact]
    public void who_looks_at_a_part_is_not_judged_and_has_a_history_only_where_he_asks_for_it()
    {
        var options = Reported.Options("--only", "raw", "rebuild", "--records", "5000");
        Assert.Equal((5_000, 5_000), (options.Records, options.WarmUpRecords));
        Assert.Equal(["raw", "rebuild"], options.Only);
        Assert.False(options.Judges);
        Assert.Null(options.Within);
        Assert.Null(options.History);
        Assert.EndsWith("sqlite.ndjson", Reported.Options("--compare").History);
        Assert.Equal("h", Reported.Options("quick", "--history", "h").History);
    }

    [Fact]
    public void growth_takes_its_sizes_in_order_and_stops_after_three_hours()
    {
        var options = Reported.Options("growth", "--sizes", "20000", "0", "3,000", "0");
        Assert.Equal([0, 3_000, 20_000], options.Sizes);
        Assert.Equal(TimeSpan.FromHours(3), options.Within);
        Assert.Equal([0, 1_000_000, 5_000_000], Reported.Options("growth").Sizes);
        Assert.EndsWith("docs/images/growth-postgres.svg", Reported.Options("growth", "--store", "postgres").Picture);
        Assert.Equal(7, options.On(7).Rows);
    }

    [Theory]
    [InlineData("--records takes a number of at least 1000.", "quick", "--records", "12")]
    [InlineData("--sizes takes numbers of at least 0.", "growth", "--sizes", "1", "many")]
    [InlineData("--hours takes a number from 0.5 to 24.", "growth", "--hours", "0.1")]
    public void what_cannot_be_is_said(string sentence, params string[] arguments) =>
        Assert.Contains(sentence, Reported.Errors(arguments));

    [Fact]
    public void a_store_that_nobody_knows_is_refused() => Assert.NotEmpty(Reported.Errors("quick", "--store", "oracle"));

    [Fact]
    public void what_takes_long_is_measured_only_where_it_is_asked_for()
    {
        string[] Names(params string[] arguments) =>
            [.. Catalogue.Of("sqlite", Reported.Options(arguments)).Select(one => one.Name)];

        Assert.DoesNotContain(Load.Names.MillionCalls, Names());
        Assert.Equal([Load.Names.MillionCalls], Names("--only", "a million"));
        Assert.Throws<WrongUseException>(() => Names("--only", "nothing"));
    }
}
