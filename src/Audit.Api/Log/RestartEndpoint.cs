using Audit.Api.Access;
using Audit.Api.Answers;
using Audit.Api.Hosting;

namespace Audit.Api.Log;

/// <summary>`POST /v1/log/restart`: ends the log and starts a new one that names the old one's last checkpoint.</summary>
internal sealed class RestartEndpoint(NodeParts node)
{
    public const int LongestReason = 1000;

    public void Map(IEndpointRouteBuilder routes) => routes.Post(
        "/v1/log/restart", LogGuard.Around(PostAsync), Roles.Admin, "Ends the log and starts a new one over all rows.",
        "For a journal that was restored from a backup, or a key that must not sign any more. The body is {reason, origin?}; "
        + "the new log has a key and a name of its own, and the event log.restarted in it names the old log's last checkpoint. "
        + "409 when another node is sealing.");

    private async Task PostAsync(HttpContext context)
    {
        if (await context.ReadObjectAsync() is not { } body)
        {
            return;
        }

        var (reason, origin) = Read(body);
        try
        {
            // Once begun it is finished, whether or not its sender waits for it.
            var begun = await node.Log.Sealer.RestartAsync(
                reason, origin, (restart, _) => LogActs.WriteRestartedAsync(node.Acts, context.Bearer().Name, restart),
                CancellationToken.None);
            if (node.Reads.Status.JournalChanged)
            {
                // The journal that the operator now stands by is also the one that people are to read.
                _ = RebuildReadsAsync();
            }

            await context.WriteJsonAsync(
                StatusCodes.Status201Created, json => LogJson.Write(json, new LogHead(begun, null), node.Log.Status));
        }
        catch (Exception refused) when (refused is SealingRefusedException or LogKeyException)
        {
            await context.WriteProblemAsync(Refused(refused.Message));
        }
    }

    private async Task RebuildReadsAsync()
    {
        try
        {
            await node.Reads.RebuildAsync(null, node.Stopping);
        }
        catch (Exception failure) when (failure is not OperationCanceledException)
        {
            node.LogUnexpected(failure, "The read models could not be rebuilt after the log was restarted; they stay halted.");
        }
    }

    private static (string Reason, string? Origin) Read(StrictObject body)
    {
        var reason = body.RequiredText("reason");
        if (string.IsNullOrWhiteSpace(reason) || reason.Length > LongestReason)
        {
            throw new UnreadableException("reason", $"a sentence of at most {LongestReason} characters is expected");
        }

        var origin = body.Text("origin");
        return origin is null || KeyName.IsValid(origin)
            ? (reason, origin)
            : throw new UnreadableException("origin", $"accepted are {KeyName.Accepted}");
    }

    private static Problem Refused(string detail) => new(409, "log-not-restarted", "The log cannot be restarted now", detail);
}
