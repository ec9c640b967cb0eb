using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Primitives;

namespace Audit.Api.Answers;

/// <summary>
/// Gives every error that no endpoint answered itself its problem document, and lets nobody on the way keep an answer
/// unless its endpoint says that everybody may have it.
/// </summary>
internal sealed partial class ProblemMiddleware(RequestDelegate next, ILogger<ProblemMiddleware> log)
{
    private static readonly StringValues NotKept = "no-store";

    public async Task InvokeAsync(HttpContext context)
    {
        context.Response.Headers.CacheControl = NotKept;
        try
        {
            await next(context);
        }
        catch (Exception) when (context.RequestAborted.IsCancellationRequested)
        {
            // Nobody is there any more to read an answer.
            return;
        }
        catch (Exception exception)
        {
            await AnswerAsync(context, exception);
            return;
        }

        if (!context.Response.HasStarted && context.Response is { ContentType: null, ContentLength: null })
        {
            await AnswerEmptyAsync(context);
        }
    }

    private async Task AnswerAsync(HttpContext context, Exception exception)
    {
        var problem = ProblemOf(exception);
        if (problem.Status == StatusCodes.Status500InternalServerError)
        {
            LogUnexpected(exception, context.Request.Method, context.Request.Path);
        }

        if (context.Response.HasStarted)
        {
            // A cut answer is the only way left to say that it is not whole.
            context.Abort();
            return;
        }

        context.Response.Clear();
        context.Response.Headers.CacheControl = NotKept;
        await problem.ExecuteAsync(context);
    }

    public static Problem ProblemOf(Exception exception) => exception switch
    {
        RefusedException refused => refused.Problem,
        JournalUnavailableException away => Problem.Of(away),
        StoreDamagedException damage => Problem.JournalDamaged(damage.Message),
        EngineStoppedException or ObjectDisposedException => Problem.Stopping(),
        ReadModelsException => Problem.ReadModelsAway(exception.Message),
        SearchQueryException wrong => Problem.BadQuery(wrong.Message, wrong.Offset, wrong.Length),
        CursorException => Problem.BadParameter("cursor", exception.Message),
        UnprovenRowException => Problem.Refused(
            "unproven-row", "The store is not as its nodes wrote it", exception.Message),
        TooMuchException => Problem.Unprocessable(exception.Message),
        UnreadableException => Problem.Unprocessable(exception.Message),
        BadHttpRequestException { StatusCode: 413 } => Problem.TooLarge(exception.Message),
        BadHttpRequestException => Problem.BadRequest(exception.Message),
        _ => Problem.Unexpected(),
    };

    private static Task AnswerEmptyAsync(HttpContext context) => context.Response.StatusCode switch
    {
        StatusCodes.Status404NotFound => Problem.NotFound(
            $"There is nothing at {context.Request.Path}; /openapi/v1.json lists what there is.").ExecuteAsync(context),
        StatusCodes.Status405MethodNotAllowed => Problem.MethodNotAllowed(
            context.Request.Method, context.Response.Headers.Allow.ToString()).ExecuteAsync(context),
        StatusCodes.Status415UnsupportedMediaType => Problem.UnsupportedMedia(
            $"The Content-Type \"{context.Request.ContentType}\" is not accepted here.").ExecuteAsync(context),
        _ => Task.CompletedTask,
    };

    [LoggerMessage(Level = LogLevel.Error, Message = "{Method} {Path} failed")]
    private partial void LogUnexpected(Exception exception, string method, string path);
}

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
