using Audit.Pages.Access;
using Audit.Pages.Assets;
using Microsoft.AspNetCore.Components;
using Microsoft.AspNetCore.Components.Web;

namespace Audit.Pages.Shared;

/// <summary>Renders pages to plain HTML; nothing of a page lives on the server after that.</summary>
internal sealed class PageWriter(IServiceProvider services, ILoggerFactory loggers, PageSessions sessions)
{
    public async Task WriteAsync(HttpContext context, PageAnswer answer)
    {
        var response = context.Response;
        response.StatusCode = answer.Status;
        response.Headers.CacheControl = "no-store";
        if (answer.Location is { } location)
        {
            response.Headers.Location = location;
            response.ContentLength = 0;
            return;
        }

        var frame = answer.Frame! with
        {
            Viewer = await ViewerAsync(context),
            Here = context.Request.Path + context.Request.QueryString,
            Assets = AssetFiles.Base,
        };
        var html = Encoding.UTF8.GetBytes(await RenderAsync(frame));
        response.ContentType = "text/html; charset=utf-8";
        response.ContentLength = html.Length;
        if (!HttpMethods.IsHead(context.Request.Method))
        {
            await response.Body.WriteAsync(html, context.RequestAborted);
        }
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

    private async Task<Viewer?> ViewerAsync(HttpContext context)
    {
        if (context.Features.Get<PageSession>() is not { } session)
        {
            return null;
        }

        var bearer = session.Bearer;
        var bound = (bearer.Agent, bearer.Task) switch
        {
            (null, null) => null,
            ({ } agent, null) => $"the agent {agent}",
            (null, { } task) => $"the task {task}",
            var (agent, task) => $"the agent {agent} and the task {task}",
        };
        return new Viewer(
            bearer.Name, bearer.HasAny(Roles.Approve), bearer.HasAny(Roles.Ingest | Roles.Approve), bearer.IsAdmin,
            bound, await sessions.FormSecretAsync(session.Id, context.RequestAborted));
    }
}
