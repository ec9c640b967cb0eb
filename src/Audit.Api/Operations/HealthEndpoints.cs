using Audit.Api.Log;

namespace Audit.Api.Operations;

/// <summary>`/health`: what an orchestrator asks, without a token.</summary>
internal sealed class HealthEndpoints(
    IJournal journal, NodeLog log, ReadSide reads, SetBackGuard guard, BearerTokens tokens, FailureLog failures,
    IHostApplicationLifetime life,
    IClusterEngine? cluster = null)
    : IEndpointGroup
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(3);

    public void Map(IEndpointRouteBuilder routes)
    {
        routes.Get("/health/live", LiveAsync, Roles.None, "Shows that the process answers.").Produces<HealthAnswer>()
            .Scoped(Scope.Public);
        routes.Get(
            "/health/ready", ReadyAsync, Roles.None, "Shows whether the node can take records: whether its journal "
                + "answers, and is the one that the log and the read models remember.",
            "Its parts say for themselves how they do; a log or read models that are halted keep nobody's records "
                + "out. It is not "
            + "ready as long as its cluster has not let it in.")
            .Produces<HealthAnswer>().Produces<HealthAnswer>(
                StatusCodes.Status503ServiceUnavailable).Scoped(Scope.Public);
        routes.Get(
            "/health/sealing", SealingAsync, Roles.None, "Shows whether what was taken is sealed.",
            "503 when the log is halted, or when a row waits longer for its seal than --max-unsealed.")
            .Produces<SealingHealth>().Produces<SealingHealth>(
                StatusCodes.Status503ServiceUnavailable).Scoped(Scope.Public);
    }

    private static Task<IResult> LiveAsync(HttpContext context) =>
        Task.FromResult(Reply.Json(new HealthAnswer("live")));

    private async Task<IResult> ReadyAsync(HttpContext context)
    {
        var (position, failure) = await AskJournalAsync(context.RequestAborted);
        var (sealing, models) = (log.Status, reads.Status);
        var member = cluster?.Cluster;
        var isWell = failure is null && !guard.IsSetBack && (member is null || member.IsUp);
        var isReady = isWell && !life.ApplicationStopping.IsCancellationRequested;
        var sees = failure is null && await SeesPositionsAsync(context);
        return Reply.Json(
            new HealthAnswer(isReady ? "ready" : isWell ? "stopping" : "not_ready")
            {
                Journal = failure is not null ? new PartHealth("away")
                    : guard.IsSetBack ? new PartHealth("set_back") { Reason = SetBackGuard.Sentence }
                    : new PartHealth("answers") { Position = sees ? position : null },
                Sealing = new PartHealth(
                    SealerWords.Of(sealing.State)) { Reason = sees && sealing.IsHalted ? sealing.Reason : null },
                Projections = new PartHealth(models.State.ToString().ToLowerInvariant())
                {
                    Position = sees ? models.Position : null,
                    HaltedAt = sees && models.State == ProjectionState.Halted ? models.HaltedAt : null,
                },
                Search = new PartHealth(reads.Search.Status.State.ToString().ToLowerInvariant())
                {
                    Position = sees ? reads.Search.Status.Position : null,
                },
                Cluster = member is null ? null : new PartHealth(member.Status),
            },
            isReady ? StatusCodes.Status200OK : StatusCodes.Status503ServiceUnavailable);
    }

    private async Task<IResult> SealingAsync(HttpContext context)
    {
        var (health, isWell) = await log.HealthAsync(context.RequestAborted);
        if (!await SeesPositionsAsync(context))
        {
            health = health with
            {
                Position = null, Reason = null, BadPosition = null, FirstUnproven = null, ScrubbedPosition = null,
                Witnessed = health.Witnessed is { } witnessed ? witnessed with { Size = null, Witnesses = [] } : null,
            };
        }

        return Reply.Json(health, isWell ? StatusCodes.Status200OK : StatusCodes.Status503ServiceUnavailable);
    }

    /// <summary>
    /// Whoever asks needs no token, and is not shown how long the book is without one that may see it whole.
    /// </summary>
    private async Task<bool> SeesPositionsAsync(HttpContext context)
    {
        var header = context.Request.Headers.Authorization.ToString();
        try
        {
            return header.StartsWith("Bearer ", StringComparison.OrdinalIgnoreCase)
                && await tokens.FindAsync(header["Bearer ".Length..].Trim(), context.RequestAborted)
                    is { IsBound: false };
        }
        catch (JournalUnavailableException failure)
        {
            failures.Report("token of who asks for health", failure);
            return false;
        }
    }

    /// <summary>Why the journal is away is for the log; whoever asks here has no token.</summary>
    private async Task<(long Position, Exception? Failure)> AskJournalAsync(CancellationToken cancellation)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        patience.CancelAfter(Patience);
        try
        {
            return (await journal.LastPositionAsync(patience.Token), null);
        }
        catch (Exception failure) when (failure is JournalUnavailableException or OperationCanceledException)
        {
            failures.Report("question whether the journal answers", failure);
            return (0, failure);
        }
    }
}
