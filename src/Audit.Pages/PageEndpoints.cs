using Audit.Pages.Access;
using Audit.Pages.Alerts;
using Audit.Pages.Assets;
using Audit.Pages.Calls;
using Audit.Pages.Cases;
using Audit.Pages.Integrity;
using Audit.Pages.Live;
using Audit.Pages.Overview;
using Audit.Pages.Search;
using Audit.Pages.Sessions;
using Audit.Pages.Tokens;
using Audit.Pages.Windows;

namespace Audit.Pages;

/// <summary>All pages for people.</summary>
internal static class PageEndpoints
{
    public static IServiceCollection AddPages(this IServiceCollection services) => services
        .AddSingleton<PageSessions>()
        .AddSingleton<PageWriter>()
        .AddSingleton<Verifications>()
        .AddSingleton<IPageGroup, SignInPages>()
        .AddSingleton<IPageGroup, OverviewPages>()
        .AddSingleton<IPageGroup, WaitingPages>()
        .AddSingleton<IPageGroup, TaskPages>()
        .AddSingleton<IPageGroup, SearchPages>()
        .AddSingleton<IPageGroup, ThingPages>()
        .AddSingleton<IPageGroup, WindowPages>()
        .AddSingleton<IPageGroup, LivePages>()
        .AddSingleton<IPageGroup, IntegrityPages>()
        .AddSingleton<IPageGroup, TokenPages>()
        .AddSingleton<IPageGroup, SessionPages>()
        .AddSingleton<IPageGroup, DifferencePages>()
        .AddSingleton<IPageGroup, CallPages>()
        .AddSingleton<IPageGroup, DecidePages>()
        .AddSingleton<IPageGroup, CasePages>()
        .AddSingleton<IPageGroup, AlertPages>()
        .AddSingleton<IPageGroup, ListPages>();

    public static void UsePageHeaders(this IApplicationBuilder web) => web.UseMiddleware<PageHeaders>();

    public static void UsePageAccess(this IApplicationBuilder web) => web.UseMiddleware<PageAccessMiddleware>();

    public static void MapPages(this IEndpointRouteBuilder routes)
    {
        var services = routes.ServiceProvider;
        var pages = new PageMap(
            routes, services.GetRequiredService<RecordIntake>(), services.GetRequiredService<ReadSide>(),
            services.GetRequiredService<PageWriter>());
        foreach (var group in services.GetServices<IPageGroup>())
        {
            group.Map(pages);
        }

        AssetEndpoint.Map(routes);
        routes.MapGet("/", HomeAsync).WithMetadata(AccessRule.Public).Scoped(Scope.Public).ExcludeFromDescription();
    }

    private static Task HomeAsync(HttpContext context)
    {
        if (!context.Request.Headers.Accept.ToString().Contains("text/html", StringComparison.OrdinalIgnoreCase))
        {
            return Problem.NotFound("There is nothing at /; /openapi/v1.json lists what there is.")
                .ExecuteAsync(context);
        }

        context.Response.Redirect("/overview");
        return Task.CompletedTask;
    }
}
