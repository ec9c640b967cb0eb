using Audit.Pages.Access;
using Audit.Pages.Assets;
using Microsoft.AspNetCore.Components;
using Microsoft.AspNetCore.Components.Web;

namespace Audit.Pages.Shared;

/// <summary>Renders pages to plain HTML; nothing of a page lives on the server after that.</summary>
internal sealed class PageWriter(IServiceProvider services, ILoggerFactory loggers, ApiSettings settings)
{
    public async Task WriteAsync(HttpContext context, PageAnswer answer)
    {
        var response = context.Response;
        response.StatusCode = answer.Status;
        if (answer.Location is { } location)
        {
            response.Headers.Location = location;
            response.ContentLength = 0;
            return;
        }

        var frame = answer.Frame! with
        {
            Viewer = ViewerOf(context),
            Here = context.Request.Path + context.Request.QueryString,
            Assets = AssetFiles.Base,
            AllowsSelfApproval = settings.AllowSelfApproval,
        };
        var html = Encoding.UTF8.GetBytes(await RenderAsync(frame));
        response.ContentType = "text/html; charset=utf-8";
        await Packed.WriteAsync(context, Packed.Of(context.Request, html));
    }

    private async Task<string> RenderAsync(PageFrame frame)
    {
        await using var renderer = new HtmlRenderer(services, loggers);
        return await renderer.Dispatcher.InvokeAsync(async () =>
        {
            var parameters = ParameterView.FromDictionary(new Dictionary<string, object?> { ["Frame"] = frame });
            return (await renderer.RenderComponentAsync<Document>(parameters)).ToHtmlString();
        });
    }

    private static Viewer? ViewerOf(HttpContext context)
    {
        if (context.Features.Get<PageSession>() is not { } session)
        {
            return null;
        }

        var bearer = session.Bearer;
        var bound = string.Join(" and ", new[]
        {
            OneOf("source", bearer.Sources), OneOf("agent", bearer.Agents), OneOf("task", bearer.Tasks),
        }.OfType<string>());
        return new Viewer(
            bearer.Name, bearer.HasAny(Roles.Approve), bearer.HasAny(Roles.Ingest | Roles.Approve), bearer.IsAdmin,
            bound.Length == 0 ? null : bound, PageSessions.FormSecret(session.Secret));
    }

    private static string? OneOf(string what, IReadOnlyList<string> names) =>
        names.Count == 0 ? null : $"the {what} {string.Join(" or ", names)}";
}
