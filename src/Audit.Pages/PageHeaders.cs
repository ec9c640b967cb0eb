namespace Audit.Pages;

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
