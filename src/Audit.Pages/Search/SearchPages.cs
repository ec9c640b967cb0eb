using Audit.Api.Cases;
using Audit.Pages.Access;
using Audit.Pages.Overview;

namespace Audit.Pages.Search;

/// <summary>`/search?q=`: the investigation search, and the forms by which searches are kept.</summary>
internal sealed class SearchPages(Questions questions, SearchQuota quota, ViewBook views) : IPageGroup
{
    private const int HitsOnPage = 30;

    public void Map(PageMap pages)
    {
        const string Views = "/search/views";
        pages.Get("/search", Roles.Read, ShowAsync).Scoped(Scope.Binding);
        pages.Post(Views, ViewBook.MaySave, SaveAsync).Scoped(Scope.Own);
        pages.Post(Views + "/remove", ViewBook.MaySave, RemoveAsync).Scoped(Scope.Own);
    }

    private async Task<PageAnswer> ShowAsync(Visit visit)
    {
        var text = SearchEndpoints.TextIn(visit.Query).Trim();
        if (visit.Query.Text("from") is not null || visit.Query.Text("until") is not null)
        {
            return PageAnswer.Go(Links.Search(QueryText.During(
                text, QueryText.Picked(visit.Query, "from"), QueryText.Picked(visit.Query, "until"))));
        }

        var sort = visit.Query.Text("sort");
        if (sort is not null && SavedView.RefuseSort(sort) is { } refusal)
        {
            visit.Query.Refuse("sort", refusal + ".");
        }

        // A form sends each of several boxes by itself.
        var columns = visit.Context.Request.Query["columns"].ToString()
            .Split(',', StringSplitOptions.RemoveEmptyEntries);
        if (SavedView.RefuseColumns(columns) is { } wrong)
        {
            visit.Query.Refuse("columns", wrong + ".");
        }

        var asked = new SearchView(text)
        {
            Sort = sort,
            Columns = SavedView.ColumnsOf(columns),
            Views = await views.ListAsync(visit.Bearer, visit.Cancellation),
        };
        if (text.Length == 0)
        {
            return Show(asked with { Examples = await ExamplesAsync(visit) });
        }

        try
        {
            return Show(await FindAsync(visit, asked));
        }
        catch (SearchQueryException fault)
        {
            return Show(asked with { Fault = fault }, StatusCodes.Status400BadRequest);
        }
    }

    private async Task<PageAnswer> SaveAsync(Visit visit)
    {
        var form = visit.Form;
        var columns = form.Text("columns")?.Split(',');
        var saved = await views.SaveAsync(
            PageForm.Body(
                ("name", form.Text("name")), ("query", form.Text("q")), ("sort", form.Text("sort")),
                ("columns", columns), ("shared", form.Text("shared") is not null)),
            visit.Bearer, visit.Reads.Search, visit.Cancellation);
        return PageAnswer.Go(Links.View(saved));
    }

    private async Task<PageAnswer> RemoveAsync(Visit visit)
    {
        await views.RemoveAsync(visit.Form.Required("view"), visit.Bearer, visit.Cancellation);
        return PageAnswer.Go(Links.Search(visit.Form.Required("q")));
    }

    private async Task<SearchView> FindAsync(Visit visit, SearchView asked)
    {
        var search = visit.Reads.Search;
        var query = search.Parse(asked.Query);
        await questions.CatchUpSearchAsync(visit.Cancellation);
        return await quota.AskAsync(visit.Bearer, visit.Cancellation, async cancellation =>
        {
            var counts = await search.CountAsync(query, visit.Scope, cancellation);
            var view = asked with { Counts = counts };
            if (view.Sort is not null)
            {
                return Sorted(visit, view);
            }

            var page = new PageRequest(HitsOnPage, visit.Query.Text("cursor"));
            var answer = await search.SearchAsync(query, page, visit.Scope, cancellation);
            return view with
            {
                Hits = new ListView<SearchHit>(answer.Items, answer.Next),
                NotSearched = visit.Scope.IsAll ? Math.Max(0, answer.JournalEnd - answer.IndexedTo) : 0,
            };
        });
    }

    /// <summary>What was counted, in another order than that of the book.</summary>
    private static SearchView Sorted(Visit visit, SearchView view)
    {
        var from = (int)visit.Query.Number("cursor", otherwise: 0, least: 0, most: int.MaxValue);
        var (key, isUp) = (view.Sort!.TrimStart('-'), view.Sort[0] == '-');
        var order = SearchView.Orders[key];
        var calls = isUp
            ? view.Counts!.Found.OrderBy(order).ThenBy(call => call.FirstAt)
            : view.Counts!.Found.OrderByDescending(order).ThenByDescending(call => call.FirstAt);
        var shown = calls.Skip(from).Take(HitsOnPage).ToList();
        foreach (var call in shown)
        {
            QueryText.Trace(visit.Scope, call);
        }

        var next = from + shown.Count < view.Counts.Found.Count
            ? (from + shown.Count).ToString(CultureInfo.InvariantCulture) : null;
        return view with { Hits = new ListView<SearchHit>([.. shown.Select(SearchHit.Of)], next) };
    }

    /// <summary>Examples of values that there are: one that finds nothing teaches nothing.</summary>
    private static async Task<IReadOnlyDictionary<SearchKey, string>> ExamplesAsync(Visit visit)
    {
        var found = new Dictionary<SearchKey, string>();
        if (!visit.Scope.IsAll)
        {
            return found;
        }

        foreach (var key in SearchKeys.All.Where(key => key.Values.Count == 0))
        {
            var names = await visit.Reads.Search.NamesAsync(key.Key, "", visit.Cancellation);
            if (names.Count > 0)
            {
                found[key.Key] = $"{key.Name}:{SearchQuery.Quoted(names[0])}";
            }
        }

        var windows = await visit.Reads.Models.WindowsAsync(new WindowFilter(), new PageRequest(1), visit.Cancellation);
        if (windows.Items is [var window])
        {
            found[SearchKey.Window] = $"window:{window.WindowId}";
            found[SearchKey.During] = $"during:{window.WindowId}";
        }

        return found;
    }

    private static PageAnswer Show(SearchView view, int status = StatusCodes.Status200OK)
    {
        var title = view.Query.Length == 0 ? "Search" : $"{view.Query} · search";
        return PageAnswer.Show<SearchPage>(title, "search", view, ["search", "brush"], status: status);
    }
}

/// <param name="Query">As it was written; empty before anything is asked.</param>
public sealed record SearchView(string Query)
{
    private const int Bars = 60;

    /// <summary>By what the calls that were found can be ordered.</summary>
    public static readonly IReadOnlyDictionary<string, Func<CallModel, IComparable?>> Orders =
        new Dictionary<string, Func<CallModel, IComparable?>>
        {
            ["at"] = call => call.FirstAt.Ticks, ["tool"] = call => call.Tool,
            ["state"] = call => call.IsFailed ? "failed" : Words.Of(call.State), ["agent"] = call => call.Agent,
            ["task"] = call => call.Task, ["session"] = call => call.SessionId, ["ran"] = call => call.Ran,
        };

    /// <summary>Those that are shown; none for all.</summary>
    public IReadOnlyList<string> Columns { get; init; } = [];

    /// <summary>The searches that are kept, one's own first.</summary>
    public IReadOnlyList<SavedView> Views { get; init; } = [];

    /// <summary>The one that is looked at.</summary>
    public SavedView? Kept => Views.FirstOrDefault(view => view.IsOf(Query, Sort, Columns));

    /// <summary>What is wrong with the query; null where nothing is.</summary>
    public SearchQueryException? Fault { get; init; }

    /// <summary>Null before anything is asked.</summary>
    public ListView<SearchHit>? Hits { get; init; }

    /// <summary>Null before anything is asked.</summary>
    public SearchCounts? Counts { get; init; }

    /// <summary>By what the hits are ordered, with - the other way round; null for the book's order.</summary>
    public string? Sort { get; init; }

    /// <summary>How many positions of the journal are not searched yet.</summary>
    public long NotSearched { get; init; }

    /// <summary>Terms that find something, by their keys.</summary>
    public IReadOnlyDictionary<SearchKey, string> Examples { get; init; } = new Dictionary<SearchKey, string>();

    /// <summary>The calls that were counted along time; null where they are too few to be drawn.</summary>
    public IReadOnlyList<HourBar>? Along
    {
        get
        {
            var calls = Counts?.Found ?? [];
            if (calls.Count < 2)
            {
                return null;
            }

            var (from, until) = (calls.Min(call => call.FirstAt), calls.Max(call => call.FirstAt));
            var length = Math.Max(1, ((until.Ticks - from.Ticks) / Bars) + 1);
            return HourBar.Of(from, until, Bars, calls.Select(
                call => CallGroup.Of(call, (int)((call.FirstAt.Ticks - from.Ticks) / length))));
        }
    }

    /// <summary>The same on a command line of a POSIX shell.</summary>
    public string CommandLine => $"audit search '{Query.Replace("'", "'\\''", StringComparison.Ordinal)}'";
}

/// <summary>`/things` and `/thing?name=`: what calls touched, and who did what with it.</summary>
internal sealed class ThingPages(Questions questions, SearchQuota quota) : IPageGroup
{
    private const int Most = 100;
    private const int WindowsOffered = 12;

    private static readonly string[] Days =
        ["today", "yesterday", "last-monday", "last-tuesday", "last-wednesday", "last-thursday", "last-friday",
        "last-saturday", "last-sunday", "1h", "1d", "1w", "30d"];

    public void Map(PageMap pages)
    {
        pages.Get("/things", Roles.Read, ListAsync).Scoped(Scope.Binding);
        pages.Get("/things/{**thing}", Roles.Read, visit => Task.FromResult(PageAnswer.Go(
            Links.Thing(visit.Context.Request.RouteValues["thing"]?.ToString() ?? "")))).Scoped(Scope.Public);
        pages.Get("/thing", Roles.Read, ShowAsync).Scoped(Scope.Binding);
    }

    private async Task<PageAnswer> ListAsync(Visit visit)
    {
        var prefix = (visit.Query.Text("name") ?? "").Trim();
        if (visit.Reads.Scope.IsAll is false && prefix.Contains(':', StringComparison.Ordinal))
        {
            return PageAnswer.Go(Links.Thing(prefix));
        }

        await questions.CatchUpSearchAsync(visit.Cancellation);
        var known = new List<(string Kind, IReadOnlyList<string> Names)>();
        foreach (var kind in visit.Scope.IsAll ? Things.Kinds : [])
        {
            var asked = prefix.StartsWith(kind + ":", StringComparison.Ordinal) ? prefix
                : prefix.Contains(':', StringComparison.Ordinal) ? null
                : $"{kind}:{prefix}";
            if (asked is not null)
            {
                known.Add((kind, await visit.Reads.Search.NamesAsync(SearchKey.Thing, asked, visit.Cancellation)));
            }
        }

        return known.SelectMany(one => one.Names).ToList() is [var only] && prefix.Length > 0
            ? PageAnswer.Go(Links.Thing(only))
            : PageAnswer.Show<ThingPage>("Things", "things", new ThingView(null)
            {
                Prefix = prefix, Known = known, IsBound = !visit.Scope.IsAll,
            });
    }

    private async Task<PageAnswer> ShowAsync(Visit visit)
    {
        var name = visit.Query.Text("name") ?? throw QueryReader.Refusal("name", "missing, as in table:customers.");
        var (during, words) = (visit.Query.Text("during"), visit.Query.Text("q"));
        var (thing, narrowed) = (SearchQuery.Quoted(name), "");
        narrowed = during is null ? narrowed
            : QueryText.And(narrowed, char.IsAsciiDigit(during[0]) ? "after:" + during : "during:" + during);
        narrowed = words is null ? narrowed
            : QueryText.And(narrowed, string.Join(' ', words.Split(' ', StringSplitOptions.RemoveEmptyEntries)
                .Select(SearchQuery.Quoted)));
        var view = new ThingView(name)
        {
            During = during, Words = words, Query = QueryText.And(narrowed, "thing:" + thing),
            Times = [.. Days.Select(day => (day, day.Replace('-', ' '))), .. await WindowsAsync(visit)],
        };
        try
        {
            view = await FindAsync(visit, view, QueryText.And(narrowed, "writes:" + thing));
        }
        catch (SearchQueryException fault)
        {
            view = view with { Fault = fault.Message };
        }

        return PageAnswer.Show<ThingPage>(name, "things", view);
    }

    private async Task<ThingView> FindAsync(Visit visit, ThingView view, string writes)
    {
        var (search, models) = (visit.Reads.Search, visit.Reads.Models);
        await questions.CatchUpSearchAsync(visit.Cancellation);
        var (all, written) = await quota.AskAsync(visit.Bearer, visit.Cancellation, async cancellation => (
            await search.CountAsync(search.Parse(view.Query), visit.Scope, cancellation),
            await search.CountAsync(search.Parse(writes), visit.Scope, cancellation)));
        var writing = written.Found.Select(call => call.Id).ToHashSet();
        var calls = all.Found.OrderByDescending(call => call.FirstAt).Take(Most).ToList();
        var windows = await models.WindowsOfAsync(calls, visit.Cancellation);
        foreach (var call in calls)
        {
            QueryText.Trace(visit.Scope, call);
        }

        return view with
        {
            Deeds =
            [
                .. calls.Select(call => new Deed(call, Did(call, writing.Contains(call.Id)), [.. windows[call.Id]])),
            ],
            IsCut = all.IsCut || all.Found.Count > Most,
        };
    }

    /// <summary>What did not come to a good end was tried.</summary>
    private static string Did(CallModel call, bool writes) =>
        call.State is CallState.Completed or CallState.PersistenceFailed && !call.IsFailed ? writes ? "wrote" : "read"
        : call.State is CallState.Cached or CallState.Replayed ? "read"
        : call.IsOpen ? writes ? "tries to write" : "tries to read"
        : writes ? "tried to write" : "tried to read";

    private static async Task<IEnumerable<(string, string)>> WindowsAsync(Visit visit)
    {
        var windows = await visit.Reads.Models.WindowsAsync(
            new WindowFilter(), new PageRequest(WindowsOffered), visit.Cancellation);
        return windows.Items.Where(window => window.OpensAt is not null)
            .Select(window => (window.WindowId, $"while {window.Alias ?? window.WindowId} was open"));
    }
}

/// <param name="Name">With its kind before it; null for the list of all.</param>
public sealed record ThingView(string? Name)
{
    public string Prefix { get; init; } = "";

    public bool IsBound { get; init; }

    public IReadOnlyList<(string Kind, IReadOnlyList<string> Names)> Known { get; init; } = [];

    public string? During { get; init; }

    public string? Words { get; init; }

    public string? Fault { get; init; }

    /// <summary>What finds the same calls in the search.</summary>
    public string Query { get; init; } = "";

    /// <summary>Times to choose from: what the query language calls them, and what people do.</summary>
    public IReadOnlyList<(string Value, string Label)> Times { get; init; } = [];

    public IReadOnlyList<Deed> Deeds { get; init; } = [];

    /// <summary>There are more.</summary>
    public bool IsCut { get; init; }
}

/// <summary>What a call did with a thing, as far as its input says it.</summary>
/// <param name="Windows">Ids and names of the windows in which it was done.</param>
public sealed record Deed(CallModel Call, string Did, IReadOnlyList<(string Id, string Name)> Windows);
