using Audit.Pages.Access;
using Audit.Pages.Assets;
using Audit.Pages.Calls;
using Audit.Pages.Integrity;
using Audit.Pages.Live;
using Audit.Pages.Overview;
using Audit.Pages.Search;
using Audit.Pages.Sessions;
using Audit.Pages.Shared;
using Audit.Pages.Tokens;
using Audit.Pages.Windows;

namespace Audit.Pages;

/// <summary>All pages for people.</summary>
internal static class PageEndpoints
{
    public static void Map(IEndpointRouteBuilder routes, NodeParts node, PageWriter writer, PageSessions sessions)
    {
        var pages = new PageMap(routes, node, writer);
        new SignInPages(sessions).Map(pages);
        OverviewPages.Map(pages);
        WaitingPages.Map(pages);
        TaskPages.Map(pages);
        new SearchPages(new SearchEndpoints(node)).Map(pages);
        WindowPages.Map(pages);
        LivePages.Map(pages);
        new IntegrityPages(node).Map(pages);
        new TokenPages(node).Map(pages);
        SessionPages.Map(pages);
        CallPages.Map(pages);
        ListPages.Map(pages);
        AssetEndpoint.Map(routes);
        routes.MapGet("/", HomeAsync).WithMetadata(AccessRule.Public).ExcludeFromDescription();
    }

    private static Task HomeAsync(HttpContext context)
    {
        if (!context.Request.Headers.Accept.ToString().Contains("text/html", StringComparison.OrdinalIgnoreCase))
        {
            return context.WriteProblemAsync(
                Problem.NotFound("There is nothing at /; /openapi/v1.json lists what there is."));
        }

        context.Response.Redirect("/overview");
        return Task.CompletedTask;
    }
}
