using Audit.Node.Access;
using Audit.Node.Hosting;
using Audit.Node.Models;
using Audit.Node.Pages.Access;
using Audit.Node.Pages.Assets;
using Audit.Node.Pages.Calls;
using Audit.Node.Pages.Integrity;
using Audit.Node.Pages.Lists;
using Audit.Node.Pages.Live;
using Audit.Node.Pages.Overview;
using Audit.Node.Pages.Rendering;
using Audit.Node.Pages.Search;
using Audit.Node.Pages.Sessions;
using Audit.Node.Pages.SignIn;
using Audit.Node.Pages.Tasks;
using Audit.Node.Pages.Tokens;
using Audit.Node.Pages.Waiting;
using Audit.Node.Pages.Windows;
using Audit.Node.Problems;

namespace Audit.Node.Pages;

/// <summary>All pages for people.</summary>
internal static class PageEndpoints
{
    public static void Map(IEndpointRouteBuilder routes, NodeParts node, PageWriter writer, Access.PageSessions sessions)
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
        CallListPages.Map(pages);
        ViolationListPages.Map(pages);
        AssetEndpoint.Map(routes);
        routes.MapGet("/", HomeAsync).WithMetadata(AccessRule.Public).ExcludeFromDescription();
    }

    private static Task HomeAsync(HttpContext context)
    {
        if (!context.Request.Headers.Accept.ToString().Contains("text/html", StringComparison.OrdinalIgnoreCase))
        {
            return context.WriteProblemAsync(Problem.NotFound("There is nothing at /; /openapi/v1.json lists what there is."));
        }

        context.Response.Redirect("/overview");
        return Task.CompletedTask;
    }
}
