using Audit.Node.CommandLine.Operating;

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
        Option<bool>[] whole =
        [
            command.AddFlag("--csv", "writes all that is found, and not the first of it alone, as a table"),
            command.AddFlag("--json", "writes all of it as one document"),
            command.AddFlag("--ndjson", "writes all of it as lines"),
        ];
        return command.Asks(
            surroundings,
            asked => asked.Get(keys)
                ? asked.PrintListAsync(
                    int.MaxValue, "keys", "v1/search/keys", WireJson.Default.SearchKeyAnswer, Keys)
                : Array.Find(whole, asked.Get) is { } format
                    ? new StreamOutput(asked.Surroundings).CopyAsync(
                        asked.Node,
                        NodeClient.PathOf(
                            "v1/search/export", ("q", TextOf(asked.Parsed)), ("format", format.Name[2..])),
                        "what was found", null, asked.Cancellation)
                : SearchAsync(asked, TextOf(asked.Parsed), asked.Get(limit)),
            parsed =>
            {
                if (whole.Count(parsed.GetValue) > 1)
                {
                    throw CommandException.WrongUse("One of --csv, --json and --ndjson is expected, and not several.");
                }

                if (!parsed.GetValue(keys))
                {
                    RequireQuery(surroundings, TextOf(parsed));
                }
            });

        string TextOf(ParseResult parsed) => string.Join(' ', parsed.GetValue(query) ?? []);
    }

    public static async Task SearchAsync(Asked asked, string text, int limit)
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
    public static void RequireQuery(Surroundings surroundings, string text)
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

/// <summary>`audit view`: searches that are kept under names, as the search's page keeps them.</summary>
internal static class ViewCommands
{
    private static readonly Column<ViewAnswer>[] Shown =
    [
        new("view", view => view.Name), new("query", view => view.Query, IsWhole: true) { Least = 30 },
        new("whose", view => view.Shared ? "everybody's" : "own"), new("by", view => view.By, Rank: 1),
        new("saved", view => Cells.Clock(view.At), Rank: 2) { IsRigid = true },
        new("sort", view => view.Sort, Rank: 3), new("columns", view => view.Columns, Rank: 4),
        new("id", view => view.Id, Rank: 5),
    ];

    public static Command Make(Surroundings surroundings) => new(
        "view",
        "Keeps searches under names, for oneself or for everybody, and asks them again. The search's page shows the "
        + "same ones.")
    {
        MakeSave(surroundings), MakeList(surroundings), MakeOpen(surroundings), MakeRemove(surroundings),
    };

    private static Command MakeSave(Surroundings surroundings)
    {
        var command = new Command(
            "save", "Keeps a search; its relative times, such as after:1w, are those of when it is opened.");
        var (name, query) = (AddView(command), command.Declare(
            new Argument<string[]>("QUERY") { Description = "the query", Arity = ArgumentArity.OneOrMore }));
        var shared = command.AddFlag("--shared", "for everybody; needs the role approve or admin");
        var sort = command.AddText(
            "--sort", "COLUMN", "by what a page orders it, with - before it the other way round");
        var columns = command.AddTexts("--column", "COLUMN", "a column that a page shows; may be given several times");
        return command.Asks(
            surroundings,
            async asked =>
            {
                var saved = await asked.Node.PostAsync(
                    "v1/views",
                    new
                    {
                        name = asked.Get(name), query = TextOf(asked.Parsed), sort = asked.Get(sort),
                        columns = asked.Get(columns) is { Length: > 0 } some ? some : null,
                        shared = asked.Get(shared),
                    },
                    WireJson.Default.ViewAnswer, asked.Cancellation);
                asked.Surroundings.Out.WriteLine(saved.Id);
            },
            parsed => SearchCommand.RequireQuery(surroundings, TextOf(parsed)));

        string TextOf(ParseResult parsed) => string.Join(' ', parsed.GetValue(query) ?? []);
    }

    private static Command MakeList(Surroundings surroundings) => new Command(
        "list", "Lists the searches that are kept: one's own, and everybody's.").Asks(
            surroundings,
            asked => asked.PrintListAsync(int.MaxValue, "views", "v1/views", WireJson.Default.ViewAnswer, Shown));

    private static Command MakeOpen(Surroundings surroundings)
    {
        var command = new Command("open", "Searches for what is kept under a name.");
        var (name, limit) = (AddView(command), command.AddLimit("hits"));
        return command.Asks(surroundings, async asked => await SearchCommand.SearchAsync(
            asked, (await FindAsync(asked, asked.Get(name)!)).Query, asked.Get(limit)));
    }

    private static Command MakeRemove(Surroundings surroundings)
    {
        var command = new Command("remove", "Removes a search that is kept; that it was there stays in the book.");
        var name = AddView(command);
        return command.Asks(surroundings, async asked =>
        {
            var view = await FindAsync(asked, asked.Get(name)!);
            await asked.Node.PostAsync(
                $"v1/views/{Uri.EscapeDataString(view.Id)}/remove", new { },
                WireJson.Default.ItemPageViewAnswer, asked.Cancellation);
            asked.Surroundings.Out.WriteLine($"removed {PrintableText.Of(view.Name)}: {PrintableText.Of(view.Query)}");
        });
    }

    private static Argument<string> AddView(Command command) => command.AddName("VIEW", "its name, or its id");

    /// <summary>One's own goes before everybody's of the same name.</summary>
    private static async Task<ViewAnswer> FindAsync(Asked asked, string name)
    {
        var views = (await asked.AskAsync("v1/views", WireJson.Default.ItemPageViewAnswer)).Value.Items;
        return views.FirstOrDefault(view => view.Id == name || view.Name == name)
            ?? throw CommandException.Failed($"No search is kept as \"{name}\"; `audit view list` has those that are.");
    }
}
