using Audit.Api.Access;
using Audit.Api.Answers;
using Audit.Api.Hosting;
using Audit.Api.Log;

namespace Audit.Api.Operations;

/// <summary>`/health`: what an orchestrator asks, without a token.</summary>
internal sealed class HealthEndpoints(NodeParts node)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(3);

    public void Map(IEndpointRouteBuilder routes)
    {
        routes.Get("/health/live", LiveAsync, Roles.None, "Tells that the process answers.");
        routes.Get(
            "/health/ready", ReadyAsync, Roles.None, "Tells whether the node can take records: whether its journal answers.",
            "It is also not ready when its log or its read models are halted, which a person must look at, and as long as its "
            + "cluster has not let it in.");
    }

    private static Task LiveAsync(HttpContext context) => context.WriteJsonAsync(StatusCodes.Status200OK, json =>
    {
        json.WriteStartObject();
        json.WriteString("status", "live");
        json.WriteEndObject();
    });

    private async Task ReadyAsync(HttpContext context)
    {
        var (position, failure) = await AskJournalAsync(context.RequestAborted);
        var sealing = node.Log.Status;
        var reads = node.Reads.Status;
        var cluster = node.Cluster?.Cluster;
        var isWell = failure is null && !sealing.IsHalted && reads.State != ProjectionState.Halted && (cluster is null || cluster.IsUp);
        var isReady = isWell && !node.Stopping.IsCancellationRequested;
        var status = isReady ? StatusCodes.Status200OK : StatusCodes.Status503ServiceUnavailable;
        await context.WriteJsonAsync(status, json =>
        {
            json.WriteStartObject();
            json.WriteString("status", isReady ? "ready" : isWell ? "stopping" : "not_ready");
            json.WriteStartObject("journal");
            json.WriteString("status", failure is null ? "answers" : "away");
            if (failure is null)
            {
                json.WriteNumber("position", position);
            }

            json.WriteEndObject();
            json.WriteStartObject("log");
            json.WriteString("status", SealerWords.Of(sealing.State));
            if (sealing.IsHalted)
            {
                json.WriteString("reason", sealing.Reason);
            }

            json.WriteEndObject();
            json.WriteStartObject("projections");
            json.WriteString("status", reads.State.ToString().ToLowerInvariant());
            json.WriteNumber("position", reads.Position);
            if (reads is { State: ProjectionState.Halted, HaltedAt: { } halted })
            {
                json.WriteNumber("halted_at", halted);
            }

            json.WriteEndObject();
            if (cluster is not null)
            {
                json.WriteStartObject("cluster");
                json.WriteString("status", cluster.Status);
                json.WriteEndObject();
            }

            json.WriteEndObject();
        });
    }

    /// <summary>Why the journal is away is for the log; whoever asks here has no token.</summary>
    private async Task<(long Position, Exception? Failure)> AskJournalAsync(CancellationToken cancellation)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        patience.CancelAfter(Patience);
        try
        {
            return (await node.Journal.LastPositionAsync(patience.Token), null);
        }
        catch (Exception failure) when (failure is JournalUnavailableException or OperationCanceledException)
        {
            return (0, failure);
        }
    }
}
