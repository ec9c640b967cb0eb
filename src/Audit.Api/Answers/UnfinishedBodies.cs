using Microsoft.AspNetCore.Http.Features;

namespace Audit.Api.Answers;

/// <summary>
/// Ends a request with its answer when the node stops: the server would wait for the rest of a body that nobody reads.
/// </summary>
internal sealed class UnfinishedBodies(RequestDelegate next, IHostApplicationLifetime life)
{
    /// <summary>
    /// Who has read the answer ends its request by itself. Cutting a connection takes from it what was not yet sent,
    /// and on a crowded machine the last word is sent late.
    /// </summary>
    private static readonly TimeSpan Grace = TimeSpan.FromSeconds(1.5);

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
            await Task.Delay(Timeout.Infinite, patience.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            return false;
        }
    }
}
