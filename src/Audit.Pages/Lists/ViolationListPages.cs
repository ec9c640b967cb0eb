using Audit.Pages.Rendering;

namespace Audit.Pages.Lists;

/// <summary>`/violations`.</summary>
internal static class ViolationListPages
{
    public static void Map(PageMap pages) => pages.Get("/violations", Roles.Read, ShowAsync);

    private static async Task<PageAnswer> ShowAsync(Visit visit)
    {
        var lifted = visit.Query.Flag("lifted");
        var violations = await visit.ListAsync(
            page => visit.Node.Reads.Models.ViolationsAsync(lifted, page, visit.Cancellation), visit.Visible.Sees);
        return PageAnswer.Show<ViolationListPage>("Violations", "overview", new ViolationListView(violations, lifted));
    }
}
