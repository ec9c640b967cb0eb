using Audit.Pages.Access;

namespace Audit.Pages;

/// <summary>
/// Knows a browser by its cookie. It may see pages and read what the pages' scripts read; it writes by the pages' forms
/// only, each of which proves that this node gave it to this browser.
/// </summary>
internal sealed class PageAccessMiddleware(
    RequestDelegate next, PageSessions sessions, PageWriter writer, AccessNotes notes)
{
    public async Task InvokeAsync(HttpContext context)
    {
        var endpoint = context.GetEndpoint();
        if (endpoint is null && IsForAPage(context.Request))
        {
            context.Features.Set(await FindAsync(context));
            await writer.WriteAsync(context, PageAnswer.Wrong(Problem.NotFound(
                $"There is no page at {context.Request.Path}. The pages are those named above; a call, a session or a "
                + "window is found by search.")));
            return;
        }

        if (endpoint?.Metadata.GetMetadata<AccessRule>() is not { AnyOf: not Roles.None } rule)
        {
            await next(context);
            return;
        }

        var isPage = endpoint.Metadata.GetMetadata<PageMark>() is not null;
        var isRead = HttpMethods.IsGet(context.Request.Method) || HttpMethods.IsHead(context.Request.Method);
        if (!isPage && (!isRead || context.Request.Headers.Authorization.Count > 0))
        {
            await next(context);
            return;
        }

        var session = await FindAsync(context);
        if (session is not null)
        {
            context.Features.Set(session);
            context.Features.Set(new Admission(
                session.Bearer,
                async cancellation => await sessions.FindAsync(session.Secret, cancellation) is not null));
        }

        if (isPage && await RefuseAsync(context, session, rule, isRead) is { } answer)
        {
            await writer.WriteAsync(context, answer);
            return;
        }

        await next(context);
    }

    /// <summary>Whether a person asked for it, by an address that nothing has.</summary>
    private static bool IsForAPage(HttpRequest request) =>
        HttpMethods.IsGet(request.Method) && !request.Path.StartsWithSegments("/v1")
        && request.Headers.Accept.ToString().Contains("text/html", StringComparison.OrdinalIgnoreCase);

    private async Task<PageSession?> FindAsync(HttpContext context) =>
        PageCookies.Read(context, PageCookies.Session) is { } secret
            ? await sessions.FindAsync(secret, context.RequestAborted)
            : null;

    private async Task<PageAnswer?> RefuseAsync(HttpContext context, PageSession? session, AccessRule rule, bool isRead)
    {
        if (session is null)
        {
            var wanted = isRead ? context.Request.Path + context.Request.QueryString : ReturnPath.Home;
            return PageAnswer.Go("/sign-in?return=" + Uri.EscapeDataString(wanted));
        }

        if (!session.Bearer.HasAny(rule.AnyOf))
        {
            notes.LackedRole(context, session.Bearer, rule);
            return PageAnswer.Wrong(Problem.Forbidden(
                $"The token \"{session.Bearer.Name}\" lacks the role for this page: {RoleNames.Join(rule.AnyOf)}."));
        }

        if (ScopeRule.Refuse(context.GetEndpoint(), session.Bearer) is { } refusal)
        {
            return PageAnswer.Wrong(Problem.Forbidden(refusal));
        }

        return isRead || await IsOwnFormAsync(context, session) ? null : PageAnswer.Wrong(Problem.Forbidden(
            "The form was not given to this session, or it is too old. Load the page again and repeat what you did."));
    }

    private async Task<bool> IsOwnFormAsync(HttpContext context, PageSession session) =>
        await PageForm.ReadAsync(context) is { } form
        && PageSessions.IsFormSecret(session.Secret, form.Text(PageForm.Secret));
}

/// <summary>
/// Lets browsers run, load and frame nothing from elsewhere, whatever an answer holds: pages and raw records are full
/// of what strangers wrote.
/// </summary>
internal sealed class PageHeaders(RequestDelegate next)
{
    public const string Policy =
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
        + "form-action 'self'; frame-ancestors 'none'; base-uri 'none'";

    public Task InvokeAsync(HttpContext context)
    {
        // Receipts are for programs, and there are many of them.
        if (HttpMethods.IsPost(context.Request.Method) && context.Request.Path.StartsWithSegments("/v1"))
        {
            return next(context);
        }

        context.Response.OnStarting(static state =>
        {
            var headers = ((HttpContext)state).Response.Headers;
            headers.ContentSecurityPolicy = Policy;
            headers.XContentTypeOptions = "nosniff";
            headers["Referrer-Policy"] = "same-origin";
            headers["Cross-Origin-Opener-Policy"] = "same-origin";
            return Task.CompletedTask;
        }, context);
        return next(context);
    }
}
