namespace Audit.Pages.Search;

/// <summary>`/search?q=`: the investigation search.</summary>
internal sealed class SearchPages(Questions questions, SearchQuota quota) : IPageGroup
{
    private const int HitsOnPage = 30;

    public void Map(PageMap pages) => pages.Get("/search", Roles.Read, ShowAsync).Scoped(Scope.Binding);

    private async Task<PageAnswer> ShowAsync(Visit visit)
    {
        var text = (visit.Query.Text("q") ?? "").Trim();
        if (text.Length > SearchEndpoints.LongestQuery)
        {
            visit.Query.Refuse("q", $"{text.Length} characters; at most {SearchEndpoints.LongestQuery} are accepted.");
        }

        if (text.Length == 0)
        {
            return Show(new SearchView(text));
        }

        try
        {
            return Show(await FindAsync(visit, text));
        }
        catch (SearchQueryException fault)
        {
            return Show(new SearchView(text) { Fault = fault }, StatusCodes.Status400BadRequest);
        }
    }

    private async Task<SearchView> FindAsync(Visit visit, string text)
    {
        var search = visit.Reads.Search;
        var query = search.Parse(text);
        await questions.CatchUpSearchAsync(visit.Cancellation);
        var page = new PageRequest(HitsOnPage, visit.Query.Text("cursor"));
        return await quota.AskAsync(visit.Bearer, visit.Cancellation, async cancellation =>
        {
            var answer = await search.SearchAsync(query, page, visit.Scope, cancellation);
            return new SearchView(text)
            {
                Hits = new ListView<SearchHit>(answer.Items, answer.Next),
                Counts = await search.CountAsync(query, visit.Scope, cancellation),
                NotSearched = visit.Scope.IsAll ? Math.Max(0, answer.JournalEnd - answer.IndexedTo) : 0,
            };
        });
    }

    private static PageAnswer Show(SearchView view, int status = StatusCodes.Status200OK)
    {
        var title = view.Query.Length == 0 ? "Search" : $"{view.Query} · search";
        return PageAnswer.Show<SearchPage>(title, "search", view, ["search"], status: status);
    }
}

/// <param name="Query">As it was written; empty before anything is asked.</param>
public sealed record SearchView(string Query)
{
    /// <summary>What is wrong with the query; null where nothing is.</summary>
    public SearchQueryException? Fault { get; init; }

    /// <summary>Null before anything is asked.</summary>
    public ListView<SearchHit>? Hits { get; init; }

    /// <summary>Null before anything is asked.</summary>
    public SearchCounts? Counts { get; init; }

    /// <summary>How many positions of the journal are not searched yet.</summary>
    public long NotSearched { get; init; }

    /// <summary>The same on a command line of a POSIX shell.</summary>
    public string CommandLine => $"audit search '{Query.Replace("'", "'\\''", StringComparison.Ordinal)}'";
}
