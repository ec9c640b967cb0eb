namespace Audit.Node.CommandLine.Reading;

/// <summary>`audit search QUERY`.</summary>
internal static class SearchCommand
{
    private static readonly Column<SearchHitAnswer>[] Shown =
    [
        new("at", hit => Cells.Clock(hit.At)), new("source", hit => hit.Source),
        new("session", hit => hit.SessionId),
        new("call", hit => hit.ToolCallId), new("tool", hit => hit.ToolName), new("state", hit => hit.State),
        new(
            "outcome", hit => CallColumns.Outcome(hit.Success, hit.Decision, hit.DecidedBy, hit.ClaimedBy),
            IsWhole: true),
        new("task", hit => hit.TaskId), new("agent", hit => hit.Agent), new("found", Found, IsWhole: true),
    ];

    private static readonly Column<SearchKeyAnswer>[] Keys =
    [
        new("key", key => key.Key), new("says", key => key.Says), new("values", key => key.Values),
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
                ? asked.Output.PrintListAsync(
                    asked.ListAsync(int.MaxValue, "v1/search/keys", WireJson.Default.SearchKeyAnswer), Keys)
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
        await WarnOfLagAsync(asked, text);
        await asked.Output.PrintListAsync(
            asked.ListAsync(limit, "v1/search", WireJson.Default.SearchHitAnswer, ("q", text)), Shown);
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

    /// <summary>A person must not take what is not found yet for what is not there.</summary>
    private static async Task WarnOfLagAsync(Asked asked, string text)
    {
        var first = await asked.AskAsync(
            "v1/search", WireJson.Default.SearchPageAnswer, ("q", text), ("limit", "1"));
        var (indexed, end) = (first.Value.IndexedTo, first.Value.JournalEnd);
        if (indexed < end)
        {
            asked.Surroundings.Error.WriteLine(
                $"Searched up to position {indexed}; the {end - indexed} events behind it are not indexed yet.");
        }
    }

    private static string Found(SearchHitAnswer hit) => hit.Excerpt is { } excerpt
        ? $"{(excerpt.CutBefore ? "…" : "")}{excerpt.Text}{(excerpt.CutAfter ? "…" : "")}"
        : Cells.Of(hit.Command);
}
