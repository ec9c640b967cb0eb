using Audit.Pages.Rendering;
using Audit.Pages.Shared;

namespace Audit.Pages.Search;

/// <summary>`/search?q=`: the investigation search.</summary>
internal sealed class SearchPages(SearchEndpoints endpoints)
{
    private const int HitsOnPage = 30;

    public void Map(PageMap pages) => pages.Get("/search", Roles.Read, ShowAsync);

    private async Task<PageAnswer> ShowAsync(Visit visit)
    {
        var text = (visit.Query.Text("q") ?? "").Trim();
        if (text.Length > SearchEndpoints.LongestQuery)
        {
            visit.Query.Refuse("q", $"{text.Length} characters; at most {SearchEndpoints.LongestQuery} are accepted.");
            text = "";
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
        var search = visit.Node.Reads.Search;
        var query = search.Parse(text);
        await endpoints.CatchUpAsync(visit.Cancellation);
        var answer = await search.SearchAsync(query, new PageRequest(HitsOnPage, visit.Query.Text("cursor")), visit.Cancellation);
        return new SearchView(text)
        {
            Hits = new ListView<SearchHit>([.. answer.Items.Where(visit.Visible.Sees)], answer.Next),
            Counts = visit.IsBound ? null : await search.CountAsync(query, visit.Cancellation),
            NotSearched = Math.Max(0, answer.JournalEnd - answer.IndexedTo),
        };
    }

    private static PageAnswer Show(SearchView view, int status = StatusCodes.Status200OK) => PageAnswer.Show<SearchPage>(
        view.Query.Length == 0 ? "Search" : $"{view.Query} · search", "search", view, ["search"], status: status);
}
