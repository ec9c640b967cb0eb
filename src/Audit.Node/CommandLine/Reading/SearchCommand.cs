namespace Audit.Node.CommandLine.Reading;

/// <summary>`audit search QUERY`.</summary>
internal static class SearchCommand
{
    public static readonly Column<SearchHitAnswer>[] Shown =
    [
        new("at", hit => Cells.Clock(hit.At)) { IsRigid = true }, new("source", hit => hit.Source, Rank: 7),
        new("session", hit => hit.SessionId, Rank: 2) { Least = 20 },
        new("call", hit => hit.ToolCallId) { Least = 20 }, new("tool", hit => hit.ToolName, Rank: 1),
        new(
            "state", hit => CallColumns.State(hit.State, hit.Success),
            Colour: hit => CallColumns.Colour(hit.State, hit.Success)) { IsRigid = true },
        new(
            "outcome", hit => CallColumns.Outcome(hit.Success, hit.Decision, hit.DecidedBy, hit.ClaimedBy),
            IsWhole: true, Rank: 3, Colour: hit => CallColumns.Colour(hit.State, hit.Success)),
        new("window", hit => hit.Judgement, Rank: 4),
        new("task", hit => hit.TaskId, Rank: 6), new("agent", hit => hit.Agent, Rank: 5),
        new("found", Found, IsWhole: true),
    ];

    private static readonly Column<SearchKeyAnswer>[] Keys =
    [
        new("key", key => key.Key), new("says", key => key.Says) { Least = 46 },
        new("values", key => key.Values, Rank: 1),
        new("example", key => key.Example),
    ];

    public static Command Make(Surroundings surroundings)
    {
        var command = new Command(
            "search",
            "Searches what agents asked and got, newest first: words, \"phrases\", key:value, -not; "
            + "`audit search --keys` lists the keys.");
        var query = command.Declare(
            new Argument<string[]>("QUERY") { Description = "the query", Arity = ArgumentArity.ZeroOrMore });
        var keys = command.AddFlag("--keys", "lists the keys of the query language");
        var limit = command.AddLimit("hits");
        return command.Asks(
            surroundings,
            asked => asked.Get(keys)
                ? asked.PrintListAsync(
                    int.MaxValue, "keys", "v1/search/keys", WireJson.Default.SearchKeyAnswer, Keys)
                : SearchAsync(asked, TextOf(asked.Parsed), asked.Get(limit)),
            parsed =>
            {
                if (!parsed.GetValue(keys))
                {
                    RequireQuery(surroundings, TextOf(parsed));
                }
            });

        string TextOf(ParseResult parsed) => string.Join(' ', parsed.GetValue(query) ?? []);
    }

    private static async Task SearchAsync(Asked asked, string text, int limit)
    {
        var counts = await LookAsync(asked, text);
        var end = new ListEnd { Total = counts?.Calls + counts?.Notes, IsMore = counts?.More == true };
        await asked.Output.PrintListAsync(
            asked.Node.ListAsync(
                NodeClient.PathOf("v1/search", ("q", text)), limit, WireJson.Default.SearchHitAnswer,
                asked.Cancellation, page => end.IsCut = page.Next is not null),
            Shown, "calls that match", end);
    }

    /// <summary>Points at the place in a query that is none, before anybody is asked.</summary>
    private static void RequireQuery(Surroundings surroundings, string text)
    {
        if (text.Length == 0)
        {
            throw CommandException.WrongUse("There is no query; `audit search --help` explains what one is.");
        }

        try
        {
            SearchQuery.Parse(text, DateTimeOffset.UtcNow);
        }
        catch (SearchQueryException wrong)
        {
            surroundings.Error.WriteLine($"  {PrintableText.Of(text)}");
            var marks = new string('^', Math.Max(1, wrong.Length));
            surroundings.Error.WriteLine($"  {new string(' ', wrong.Offset)}{marks}");
            throw CommandException.WrongUse(wrong.Message);
        }
    }

    /// <summary>A person must not take what is not found yet for what is not there, nor a part for the whole.</summary>
    private static async Task<SearchCountsAnswer?> LookAsync(Asked asked, string text)
    {
        var counts = asked.Surroundings.OutIsTerminal ? "true" : null;
        var first = await asked.AskAsync(
            "v1/search", WireJson.Default.SearchPageAnswer, ("q", text), ("limit", "1"), ("counts", counts));
        var (indexed, end) = (first.Value.IndexedTo, first.Value.JournalEnd);
        if (indexed < end)
        {
            asked.Surroundings.Error.WriteLine(
                $"Searched up to position {indexed}; the {end - indexed} events behind it are not indexed yet.");
        }

        return first.Value.Counts;
    }

    private static string Found(SearchHitAnswer hit) => hit.Excerpt is { } excerpt
        ? $"{(excerpt.CutBefore ? "…" : "")}{excerpt.Text}{(excerpt.CutAfter ? "…" : "")}"
        : Cells.Of(hit.Command);
}
