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
        { "customers tol:sql", 10, 3, "There is no key \"tol\"; did you mean tool? The keys are tool, session, task, agent, source, token, state, outcome, window, by, provider, model, is, after, before, during, input.<path>, parent, success, user, thing, reads, writes, would, rule." },
        { "https://example.org", 0, 5, "put them in quotes" },
        { "a state:done", 8, 4, "accepted are none, requested, awaiting_confirmation, approved, running, completed, blocked," },
        { "state:blocked,compl*", 14, 6, "did you mean completed? Accepted are none, requested," },
        { "state:faild", 6, 5, "\"faild\" is nothing that state knows; accepted are none," },
        { "state:failed", 6, 6, "did you mean is:failed?" },
        { "is:completed", 3, 9, "did you mean state:completed?" },
        { "is:outside_window", 3, 14, "did you mean outside-window?" },
        { "is:viol", 3, 4, "did you mean violation?" },
        { "success:yes", 8, 3, "accepted are true, false" },
        { "stat:blocked", 0, 4, "did you mean state?" },
        { "a OR", 2, 2, "After OR stands what is looked for; to look for the word itself, put it in quotes." },
        { "OR a", 0, 2, "Before OR stands what is looked for" },
        { "a OR OR b", 5, 2, "Before OR stands what is looked for" },
        { "a AND OR b", 6, 2, "Before OR stands what is looked for" },
        { "a (b AND)", 5, 3, "After AND stands what is looked for" },
        { "a NOT", 2, 3, "After NOT stands what is not to be found" },
        { "NOT OR a", 0, 3, "After NOT stands what is not to be found" },
        { "a (b OR c", 2, 1, "This ( is not closed" },
        { "a b) c", 3, 1, "This ) closes nothing; to look for what stands before it, put that in quotes." },
        { "a ) c", 2, 1, "This ) closes nothing" },
        { "tool:b)", 6, 1, "This ) closes nothing" },
        { "a ( ) b", 2, 3, "Between these parentheses stands nothing." },
        { "(a)b", 3, 1, "After ) stands a space, another ) or nothing." },
        { "a (-)", 3, 1, "After a minus sign" },
        { "tool:(a OR b)", 5, 1, "Several values stand with commas, as in tool:a,b" },
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
    [InlineData("a b OR  c", "a b OR c")]
    [InlineData("(a b) OR (c)", "a b OR c")]
    [InlineData("a (b OR (c OR d)) ((e f))", "a (b OR c OR d) e f")]
    [InlineData("a AND NOT b OR NOT(c)", "a -b OR -c")]
    [InlineData("-(a -b) c", "(-a OR b) c")]
    [InlineData("-(a OR tool:x,y OR -(b \"c d\"))", "-a -tool:x,y b \"c d\"")]
    [InlineData("count(*) f(x (g(y) OR tool:h(z)) or", "count(*) f(x (g(y) OR tool:h(z)) or")]
    [InlineData("\"OR\" -\"(\\\"x\"", "\"OR\" -\"(\\\"x\"")]
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
            Gen.Elements("a", "B7", "tool:", "is:", "open", "after:", "1d", "input.x.y:", "-", "\"", "\\", ",", " ", "*", ":", "😀", "é", ".", "(", ")", " OR ", " NOT ")
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
        var within = Assert.Throws<SearchQueryException>(() => SearchQuery.Parse(new string('(', 2_000), Now));
        Assert.Equal((SearchParser.MostWithin, 1), (within.Offset, within.Length));
        var spread = string.Join(" OR ", Enumerable.Range(0, 65).Select(number => $"(w{number})"));
        Assert.Contains("at most 64 terms", Assert.Throws<SearchQueryException>(() => SearchQuery.Parse(spread, Now)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void the_alternatives_of_a_query_are_bounded_and_what_is_answered_together_is_one()
    {
        var doubled = string.Join(' ', Enumerable.Range(0, 30).Select(number => $"(during:{number + 1}d OR input.x:{number})"));
        var many = Assert.Throws<SearchQueryException>(() => SearchQuery.Parse(doubled, Now));
        Assert.Contains("at most 16 alternatives, and this one has 1073741824", many.Message, StringComparison.Ordinal);
        var words = string.Join(" OR ", Enumerable.Range(0, 60).Select(number => $"w{number}"));
        Assert.Single(SearchAlternatives.Of(SearchQuery.Parse(words, Now).Root));
        Assert.Equal(2, SearchAlternatives.Of(SearchQuery.Parse("a (b OR tool:c OR is:failed OR state:blocked)", Now).Root).Count);
        Assert.Equal(4, SearchAlternatives.Of(SearchQuery.Parse("(\"a b\" OR c) (tool:d* OR -e)", Now).Root).Count);
    }

    [Fact]
    public void every_key_is_described_and_its_example_is_a_query() => Assert.All(
        SearchKeys.All,
        key => Assert.Equal(key.Example, SearchQuery.Parse(key.Example, Now).ToString()));
}
