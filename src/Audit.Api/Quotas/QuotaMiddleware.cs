namespace Audit.Api.Quotas;

/// <summary>Keeps one source, person or token from holding so many requests that others find no place.</summary>
internal sealed class QuotaMiddleware(RequestDelegate next, QuotaBook book)
{
    public async Task InvokeAsync(HttpContext context)
    {
        if (context.Features.Get<Admission>() is not { } admission)
        {
            await next(context);
            return;
        }

        using var request = book.Enter(Quota.Requests, admission.Bearer);
        await next(context);
    }
}
