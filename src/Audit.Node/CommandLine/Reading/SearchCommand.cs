namespace Audit.Node.CommandLine.Reading;

/// <summary>`audit search QUERY`.</summary>
internal static class SearchCommand
{
    private static readonly Column[] Shown =
    [
        Column.Time("at", "at"), Column.Of("session_id", "session"), Column.Of("tool_call_id", "call"),
        Column.Of("tool_name", "tool"), Column.Of("state"), new("outcome", CallColumns.Outcome),
        Column.Of("task_id", "task"), Column.Of("agent"), new("found", Found),
    ];

    private static readonly Column[] Keys =
        [Column.Of("key"), Column.Of("says"), Column.Of("values"), Column.Of("example")];

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
                ? ListKeysAsync(asked)
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

    private static async Task ListKeysAsync(Asked asked)
    {
        var known = await asked.AskAsync("v1/search/keys");
        await asked.Output.PrintListAsync(known.GetProperty("items").EnumerateArray().ToAsyncEnumerable(), Keys);
    }

    private static async Task SearchAsync(Asked asked, string text, int limit)
    {
        await WarnOfLagAsync(asked, text);
        await asked.Output.PrintListAsync(asked.ListAsync(limit, "v1/search", ("q", text)), Shown);
    }

    /// <summary>Points at the place in a query that is none, before anybody is asked.</summary>
    private static void RequireQuery(Surroundings surroundings, string text)
    {
        if (text.Length == 0)
        {
            throw CommandException.WrongUse("There is no query; `audit search --help` says what one is.");
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
        var first = await asked.AskAsync("v1/search", ("q", text), ("limit", "1"));
        var (indexed, end) = (first.NumberAt("indexed_to"), first.NumberAt("journal_end"));
        if (indexed < end)
        {
            asked.Surroundings.Error.WriteLine(
                $"Searched up to position {indexed}; the {end - indexed} events behind it are not indexed yet.");
        }
    }

    private static string Found(JsonElement hit)
    {
        if (!hit.TryGetProperty("excerpt", out var excerpt) || excerpt.ValueKind != JsonValueKind.Object)
        {
            return hit.Cell("command");
        }

        return $"{Cut("cut_before")}{excerpt.TextAt("text")}{Cut("cut_after")}";

        string Cut(string member) => excerpt.Cell(member) == "yes" ? "…" : "";
    }
}
