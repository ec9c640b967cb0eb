using Audit.Api.Diary;

namespace Audit.Api.Reading;

/// <summary>`/v1/projections`: what an operator does about the read models.</summary>
internal sealed class ProjectionEndpoints(
    ReadSide reads, OperatorActs acts, FailureLog failures, IHostApplicationLifetime life)
    : IEndpointGroup
{
    private const int LongestReason = 1000;
    private static readonly TimeSpan BetweenLines = TimeSpan.FromMilliseconds(200);

    public void Map(IEndpointRouteBuilder routes)
    {
        routes.Post(
            "/v1/projections/skip", SkipAsync, Roles.Admin, "Passes over the event that halted the read models, for "
                + "good.",
            "The body is {position, reason}; it is written into the journal before anything is skipped.")
            .Produces<SkippedAnswer>().Scoped(Scope.Administration);
        routes.Post(
            "/v1/projections/rebuild", RebuildAsync, Roles.Admin,
            "Builds the read models anew beside the live ones, and swaps; then the text index.",
            "The answer is NDJSON: a line {position, end} while it goes on, and last {status} with rebuilt or failed.")
            .Produces<RebuildLine>(StatusCodes.Status200OK, "application/x-ndjson").Scoped(Scope.Administration);
    }

    private async Task<IResult> SkipAsync(HttpContext context)
    {
        var body = await context.ReadObjectAsync();
        var reason = body.RequiredText("reason");
        var position = body.RequiredNumber("position");
        if (string.IsNullOrWhiteSpace(reason) || reason.Length > LongestReason)
        {
            throw new UnreadableException("reason", $"a sentence of at most {LongestReason} characters is expected");
        }

        reason = acts.Redacted(reason);
        var status = reads.Status;
        if (status.State != ProjectionState.Halted || status.HaltedAt != position)
        {
            return NotSkipped(status.HaltedAt is { } halted
                ? $"The read models are halted at position {halted}, not at {position}."
                : "The read models are not halted.");
        }

        await acts.WriteAsync("projections.skipped", context.Bearer().Name, json =>
        {
            json.WriteNumber("position", position);
            json.WriteString("reason", reason);
        });
        try
        {
            await reads.SkipAsync(position, reason, context.RequestAborted);
            return Reply.Json(new SkippedAnswer("skipped", position));
        }
        catch (ReadModelsException refused)
        {
            return NotSkipped(refused.Message);
        }
    }

    private static Problem NotSkipped(string detail) =>
        Problem.Refused("not-skipped", "Nothing is to be skipped there", detail);

    private async Task<IResult> RebuildAsync(HttpContext context)
    {
        await acts.WriteAsync("projections.rebuild", context.Bearer().Name, _ => { });
        var latest = default(RebuildProgress);
        var work = BuildAllAsync(new Reported(progress => latest = progress));
        context.Response.ContentType = "application/x-ndjson";
        while (await Task.WhenAny(work, Task.Delay(BetweenLines)) != work)
        {
            await WriteLineAsync(context, new RebuildLine(null, latest.Position, latest.End));
        }

        var failure = work.Exception?.GetBaseException();
        if (failure is not null)
        {
            failures.Report("rebuild of the read models", failure);
        }

        await WriteLineAsync(context, new RebuildLine(
            work.IsCompletedSuccessfully ? "rebuilt" : "failed", latest.Position, Error: failure?.Message));
        return Reply.Sent;
    }

    private async Task BuildAllAsync(Reported progress)
    {
        await reads.RebuildAsync(progress, life.ApplicationStopping);
        await reads.Search.RebuildAsync(progress, life.ApplicationStopping);
    }

    /// <summary>A client that went away does not end the rebuild.</summary>
    private static async Task WriteLineAsync(HttpContext context, RebuildLine line)
    {
        if (!context.RequestAborted.IsCancellationRequested)
        {
            await context.Response.Body.WriteAsync((byte[])[.. Reply.Encode(line), (byte)'\n'], CancellationToken.None);
            await context.Response.Body.FlushAsync(CancellationToken.None);
        }
    }

    private sealed class Reported(Action<RebuildProgress> take) : IProgress<RebuildProgress>
    {
        public void Report(RebuildProgress value) => take(value);
    }
}
