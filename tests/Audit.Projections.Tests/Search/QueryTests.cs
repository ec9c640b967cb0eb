using FsCheck;
using FsCheck.Fluent;

namespace Audit.Projections.Tests.Search;

/// <summary>The query language.</summary>
public sealed class QueryTests
{
    /// <summary>A Saturday.</summary>
    private static readonly DateTimeOffset Now = DateTimeOffset.Parse("2026-11-21T10:30:00Z");

    public static TheoryData<string, int, int, string> Faults => new()
    {
        { "customers tol:sql", 10, 3, "There is no key \"tol\"; the keys are tool, session, task, agent, source, token, state, outcome, window, by, provider, model, is, after, before, during, input.<path>, parent." },
        { "https://example.org", 0, 5, "put them in quotes" },
        { "a state:done", 8, 4, "accepted are none, requested, awaiting_confirmation, approved, running, completed, blocked," },
        { "state:blocked,compl*", 14, 6, "accepted are none, requested," },
        { "outcome:ok", 8, 2, "accepted are requested, requires_confirmation, approved, started, blocked, cached," },
        { "is:bad", 3, 3, "accepted are violation, anomaly, open, outside-window" },
        { "tool:", 5, 0, "After tool: a value is missing." },
        { "tool:a,", 7, 0, "After tool: a value is missing." },
        { "tool:\"\" x", 5, 2, "After tool: a value is missing." },
        { "tool:\"a\"b", 8, 1, "After a closing quotation mark stands a comma, a space or nothing." },
        { "one \"two three", 4, 10, "This quotation is not closed" },
        { "tool:\"two", 5, 4, "This quotation is not closed" },
        { "one - two", 4, 1, "After a minus sign" },
        { "one -", 4, 1, "After a minus sign" },
        { "one *** two", 4, 3, "There is nothing to look for in ***" },
        { "-\"…\"", 0, 4, "There is nothing to look for in -\"…\"" },
        { "after:noon", 6, 4, "\"noon\" is no time; accepted are a time (2026-11-17T14:00:00Z), a date (2026-11-17), today, yesterday, a weekday" },
        { "before:today,yesterday", 13, 9, "before takes one time" },
        { "after:2026-02-30", 6, 10, "is no time" },
        { "input.:x", 6, 0, "The path after input." },
        { "input.a..b:x", 6, 4, "The path after input." },
        { "input:x", 0, 5, "There is no key \"input\"" },
    };

    [Theory]
    [MemberData(nameof(Faults))]
    public void a_fault_is_told_where_it_is_with_what_is_accepted(string query, int offset, int length, string sentence)
    {
        var fault = Assert.Throws<SearchQueryException>(() => SearchQuery.Parse(query, Now));

        Assert.Equal((offset, length), (fault.Offset, fault.Length));
        Assert.Contains(sentence, fault.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("customers  tool:sql.*\tduring:w-7", "customers tool:sql.* during:w-7")]
    [InlineData("TOOL:a,\"b c\",d -State:blocked", "tool:a,\"b c\",d -state:blocked")]
    [InlineData("\"a \\\"quoted\\\" \\\\ phrase\\n\"", "\"a \\\"quoted\\\" \\\\ phrase\\\\n\"")]
    [InlineData("input.options.Mode:read,\"x:y\"", "input.options.Mode:read,\"x:y\"")]
    [InlineData("10:30 /etc/x:y --rf", "10:30 /etc/x:y --rf")]
    [InlineData(" ", "")]
    public void a_query_is_printed_as_it_was_understood(string query, string printed) =>
        Assert.Equal(printed, SearchQuery.Parse(query, Now).ToString());

    [Theory]
    [InlineData("today", "2026-11-21T00:00:00Z", "2026-11-22T00:00:00Z")]
    [InlineData("yesterday", "2026-11-20T00:00:00Z", "2026-11-21T00:00:00Z")]
    [InlineData("saturday", "2026-11-21T00:00:00Z", "2026-11-22T00:00:00Z")]
    [InlineData("last-saturday", "2026-11-14T00:00:00Z", "2026-11-15T00:00:00Z")]
    [InlineData("Tuesday", "2026-11-17T00:00:00Z", "2026-11-18T00:00:00Z")]
    [InlineData("last-tuesday", "2026-11-17T00:00:00Z", "2026-11-18T00:00:00Z")]
    [InlineData("2026-11-17", "2026-11-17T00:00:00Z", "2026-11-18T00:00:00Z")]
    [InlineData("1h", "2026-11-21T09:30:00Z", null)]
    [InlineData("90m", "2026-11-21T09:00:00Z", null)]
    [InlineData("2d", "2026-11-19T10:30:00Z", null)]
    [InlineData("1w", "2026-11-14T10:30:00Z", null)]
    [InlineData("2026-11-17T15:00:00+01:00", "2026-11-17T14:00:00Z", "2026-11-17T14:00:00Z")]
    public void times_are_read_as_people_say_them(string text, string from, string? until)
    {
        var range = SearchTimes.Read(text, Now)!.Value;

        Assert.Equal(DateTimeOffset.Parse(from), Instants.FromNumber(range.From).ToDateTimeOffset());
        Assert.Equal(until is null ? long.MaxValue : Instants.ToNumber(Lifecycle.Time.Timestamp.From(DateTimeOffset.Parse(until))), range.Until);
    }

    [Theory]
    [InlineData("99999999999999999999d")]
    [InlineData("2000000000d")]
    [InlineData("-1h")]
    [InlineData("h")]
    [InlineData("last-")]
    [InlineData("last-today")]
    public void what_is_no_time_is_none(string text) => Assert.Null(SearchTimes.Read(text, Now));

    [Fact]
    public void any_text_is_a_query_that_reads_back_or_a_fault_within_it() => Law.HoldsAnew(
        Prop.ForAll(
            Gen.Elements("a", "B7", "tool:", "is:", "open", "after:", "1d", "input.x.y:", "-", "\"", "\\", ",", " ", "*", ":", "😀", "é", ".")
                .ListOf().Select(pieces => string.Concat(pieces)).ToArbitrary(),
            text =>
            {
                try
                {
                    var printed = SearchQuery.Parse(text, Now).ToString();
                    return SearchQuery.Parse(printed, Now).ToString() == printed;
                }
                catch (SearchQueryException fault)
                {
                    return fault.Offset >= 0 && fault.Length >= 0 && fault.Offset + fault.Length <= text.Length && fault.Message.Length > 0;
                }
            }), runs: 1_000);

    [Fact]
    public void a_query_is_bounded()
    {
        var tooLong = Assert.Throws<SearchQueryException>(() => SearchQuery.Parse(new string('a', 2_001), Now));
        var tooMany = Assert.Throws<SearchQueryException>(() => SearchQuery.Parse(string.Join(' ', Enumerable.Repeat("a", 65)), Now));

        Assert.Equal((2_000, 1), (tooLong.Offset, tooLong.Length));
        Assert.Equal((128, 1), (tooMany.Offset, tooMany.Length));
    }

    [Fact]
    public void every_key_is_described_and_its_example_is_a_query() => Assert.All(
        SearchKeys.All,
        key => Assert.Equal(key.Example, SearchQuery.Parse(key.Example, Now).ToString()));
}
