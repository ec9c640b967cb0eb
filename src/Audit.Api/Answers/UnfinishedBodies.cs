using Microsoft.AspNetCore.Http.Features;

namespace Audit.Api.Answers;

/// <summary>
/// Ends a request with its answer when the node stops: the server would wait for the rest of a body that nobody reads.
/// </summary>
internal sealed class UnfinishedBodies(RequestDelegate next, IHostApplicationLifetime life)
{
    /// <summary>Who has read the answer ends its request by itself.</summary>
    private static readonly TimeSpan Grace = TimeSpan.FromMilliseconds(300);

    public async Task InvokeAsync(HttpContext context)
    {
        await next(context);
        if (life.ApplicationStopping.IsCancellationRequested
            && context.Features.Get<IHttpRequestBodyDetectionFeature>() is { CanHaveBody: true })
        {
            await context.Response.CompleteAsync();
            if (!await EndsAsync(context))
            {
                context.Abort();
            }
        }
    }

    private static async Task<bool> EndsAsync(HttpContext context)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted);
        patience.CancelAfter(Grace);
        try
        {
            await context.Request.Body.CopyToAsync(Stream.Null, patience.Token);
            return true;
        }
        catch (Exception failure) when (failure
            is OperationCanceledException or IOException or BadHttpRequestException or InvalidOperationException)
        {
            return false;
        }
    }
}
