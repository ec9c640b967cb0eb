using Audit.Pages.Rendering;

namespace Audit.Pages.Live;

/// <summary>`/live`: the end of the journal, and what comes.</summary>
internal static class LivePages
{
    private const int RowsOnPage = 50;
    private const int RowsLookedAt = 1_000;
    private const long BytesLookedAt = 2 << 20;

    public static void Map(PageMap pages) => pages.Get("/live", Roles.Read, ShowAsync);

    private static async Task<PageAnswer> ShowAsync(Visit visit)
    {
        var filter = new RowFilter(visit.Bearer)
        {
            Session = visit.Query.Text("session"), Task = visit.Query.Text("task"), Tool = visit.Query.Text("tool"),
        };
        var withAdministration = visit.Query.Flag("admin") is true && visit.Bearer.IsAdmin;
        var last = await visit.Node.Journal.LastPositionAsync(visit.Cancellation);
        var rows = await visit.Node.Journal.ReadBeforeAsync(last + 1, RowsLookedAt, BytesLookedAt, visit.Cancellation);
        var shown = rows.Where(row => (withAdministration || !RowFilter.IsOfAdministration(row.PersistenceId)) && filter.Passes(row))
            .Take(RowsOnPage).Select(LiveRow.Of).ToList();
        return PageAnswer.Show<LivePage>(
            "Live", "live", new LiveView(shown, last, filter.Session, filter.Task, filter.Tool, withAdministration), ["live"]);
    }
}
