using Audit.Api.Acting;
using Audit.Api.Log;

namespace Audit.Api.Operations;

/// <summary>`/health`: what an orchestrator asks, without a token.</summary>
internal sealed class HealthEndpoints(
    IJournal journal, NodeLog log, ReadSide reads, Readiness readiness, BearerTokens tokens,
    FailureLog failures, PolicyBook policies)
    : IEndpointGroup
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(1);

    public void Map(IEndpointRouteBuilder routes)
    {
        routes.Get("/health/live", LiveAsync, Roles.None, "Shows that the process answers.").Produces<HealthAnswer>()
            .Scoped(Scope.Public);
        routes.Get(
            "/health/ready", ReadyAsync, Roles.None, "Shows whether the node can take records: whether its journal "
                + "commits now, and is the one that the log and the read models remember.",
            "Where none was committed in the last second it is tried, with a commit that is no event. A journal that "
            + "does not commit is away, locked, stalled, disk_full, read_only, damaged or set_back. Its parts say for "
                + "themselves how they do; a log or read models that are halted keep nobody's records "
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
        var trouble = await readiness.TroubleAsync(context.RequestAborted);
        var (sealing, models, policy) = (log.Status, reads.Status, policies.Now);
        var status = readiness.StatusWith(trouble);
        var sees = await SeesPositionsAsync(context, trouble);
        return Reply.Json(
            new HealthAnswer(status)
            {
                Journal = trouble is null
                    ? new PartHealth("answers") { Position = sees ? await PositionAsync(context.RequestAborted) : null }
                    : new PartHealth(TroubleWords.Of(trouble.Trouble))
                    {
                        Reason = sees || trouble is JournalSetBackException
                            ? trouble.Message : TroubleWords.SentenceOf(trouble.Trouble),
                    },
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
                Cluster = readiness.Member is { } member ? new PartHealth(member.Status) : null,
                Policy = policy.State == "none"
                    ? null
                    : new PartHealth(policy.State) { Reason = sees ? policy.Trouble : null },
            },
            status == "ready" ? StatusCodes.Status200OK : StatusCodes.Status503ServiceUnavailable);
    }

    private async Task<IResult> SealingAsync(HttpContext context)
    {
        var trouble = readiness.TroubleAsync(context.RequestAborted);
        var (health, isWell) = await log.HealthAsync(context.RequestAborted);
        if (!await SeesPositionsAsync(context, await trouble))
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
    /// Whoever asks needs no token, and is not shown how long the book is without one that may see it whole. A store
    /// that is in trouble is not asked for tokens.
    /// </summary>
    private async Task<bool> SeesPositionsAsync(HttpContext context, JournalUnavailableException? trouble)
    {
        if (trouble is { Trouble: JournalTrouble.Away or JournalTrouble.Stalled })
        {
            return false;
        }

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

    private async Task<long?> PositionAsync(CancellationToken cancellation)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        patience.CancelAfter(Patience);
        try
        {
            return await journal.LastPositionAsync(patience.Token);
        }
        catch (Exception failure) when (failure is JournalUnavailableException or OperationCanceledException)
        {
            failures.Report("question where the journal ends", failure);
            return null;
        }
    }
}

/// <summary>Whether the node can take records now, for whoever asks: an orchestrator, or who collects its metrics.</summary>
internal sealed class Readiness(
    NodeLog log, SetBackGuard guard, CommitWatch commits, IHostApplicationLifetime life, IClusterEngine? cluster = null)
{
    /// <summary>Where the node stands in its cluster; null where there is none.</summary>
    public ClusterState? Member => cluster?.Cluster;

    /// <returns>`ready`, `stopping` or `not_ready`, as long as the journal's trouble is this.</returns>
    public string StatusWith(JournalUnavailableException? trouble) =>
        trouble is not null || Member is { IsUp: false } ? "not_ready"
        : life.ApplicationStopping.IsCancellationRequested ? "stopping" : "ready";

    /// <returns>Why the journal does not commit now; null where it does.</returns>
    public async Task<JournalUnavailableException?> TroubleAsync(CancellationToken cancellation) =>
        guard.IsSetBack ? new JournalSetBackException(SetBackGuard.Sentence)
        : await commits.TroubleAsync(cancellation) is { } trouble ? trouble
        : log.Damage is { } damage
            ? new JournalUnavailableException(damage.Message, damage, JournalTrouble.Damaged)
        : null;
}

/// <summary>The journal's troubles as health and metrics name them.</summary>
internal static class TroubleWords
{
    public static readonly IReadOnlyList<JournalTrouble> All = Enum.GetValues<JournalTrouble>();

    public static string Of(JournalTrouble trouble) => trouble switch
    {
        JournalTrouble.Locked => "locked",
        JournalTrouble.Stalled => "stalled",
        JournalTrouble.DiskFull => "disk_full",
        JournalTrouble.ReadOnly => "read_only",
        JournalTrouble.Damaged => "damaged",
        JournalTrouble.SetBack => "set_back",
        _ => "away",
    };

    /// <summary>What exactly it is, and where, is for the log; whoever asks may have no token.</summary>
    public static string SentenceOf(JournalTrouble trouble) => trouble switch
    {
        JournalTrouble.Locked => "Another process holds the journal's lock.",
        JournalTrouble.Stalled => "The journal was asked to commit and goes on without a word.",
        JournalTrouble.DiskFull => "The disk of the journal is full.",
        JournalTrouble.ReadOnly => "The journal can be read and not written.",
        JournalTrouble.Damaged => "Pages of the journal are damaged.",
        _ => "The journal does not answer.",
    };
}
