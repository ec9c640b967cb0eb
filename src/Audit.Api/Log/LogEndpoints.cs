using System.Data.Common;
using Audit.Api.Diary;
using Microsoft.AspNetCore.Http.Features;

namespace Audit.Api.Log;

/// <summary>
/// `/v1/log`, `/checkpoint`, `/tile/…`, `/v1/proofs`: the tamper-evident log, for people and for the tools of others.
/// </summary>
internal sealed class LogEndpoints(
    NodeLog log, IJournal journal, ReadSide reads, OperatorActs acts, ApiSettings settings, FailureLog failures,
    IHostApplicationLifetime life) : IEndpointGroup
{
    public const int LongestReason = 1000;

    // The paths of large numbers have as many segments as they like, so the whole path is read by who knows its form.
    private const string TilePattern = "/tile/{**path}";

    public void Map(IEndpointRouteBuilder routes)
    {
        var readers = settings.PublicLog ? Roles.None : Roles.Read;
        routes.Get(
            "/checkpoint", Guarded(GetFileAsync), readers, "The newest checkpoint of the log, a C2SP signed note.",
            "It needs no token when the node was started with --public-log.");
        routes.Get(
            TilePattern, Guarded(GetFileAsync), readers, "A tile of the log, or a bundle of its entries.",
            "C2SP tlog-tiles: /tile/{L}/{N}[.p/{W}] has hashes and /tile/entries/{N}[.p/{W}] has entries, N in groups of three "
            + "digits such as x001/x234/067. They never change. They need no token when the node was started with --public-log.");
        routes.Get(
            "/v1/log", Guarded(GetAsync), Roles.Read, "The log's name, verifier key, size, root, and how it is sealed.",
            "The position is the last one that is sealed; sealing tells what this node's sealer is at, and why.")
            .Produces<LogAnswer>();
        routes.Get(
            "/v1/log/bundle", Guarded(SendBundleAsync), Roles.Read,
            "All that is sealed in one zip file, which `audit verify --bundle` verifies.",
            "Rows, entries, tiles, checkpoint, verifier key, and a text on how to check it by hand.");
        routes.Get(
            "/v1/proofs/{position}", Guarded(ProveAsync), Roles.Read,
            "The proof that the row at a position is in the log, a C2SP tlog-proof.",
            "It is checked offline with the row's entry and the log's verifier key.");
        routes.Post(
            "/v1/log/restart", Guarded(RestartAsync), Roles.Admin, "Ends the log and starts a new one over all rows.",
            "For a journal that was restored from a backup, or a key that must not sign any more. The body is {reason, origin?}; "
            + "the new log has a key and a name of its own, and the event log.restarted in it names the old log's last checkpoint. "
            + "409 when another node is sealing.")
            .Produces<LogAnswer>(StatusCodes.Status201Created);
    }

    public static Task WriteRestartedAsync(OperatorActs acts, string actor, LogRestart restart) =>
        acts.WriteAsync("log.restarted", actor, json =>
        {
            json.WriteString("old_origin", restart.OldOrigin);
            json.WriteString("last_checkpoint", restart.LastCheckpoint?.ToString());
            json.WriteString("new_origin", restart.NewOrigin);
            json.WriteString("reason", restart.Reason);
        });

    /// <summary>Answers what can keep the log from answering.</summary>
    private static Answering Guarded(Answering answering) => async context =>
    {
        try
        {
            return await answering(context);
        }
        catch (LogDamagedException damaged) when (!context.Response.HasStarted)
        {
            return new Problem(500, "log-damaged", "What was sealed is not there as it was", damaged.Message);
        }
        catch (DbException) when (!context.Response.HasStarted)
        {
            return Problem.JournalAway("The database of the log does not answer.");
        }
    };

    private async Task<IResult> GetFileAsync(HttpContext context)
    {
        var path = context.Request.Path.Value!.TrimStart('/');
        if (await log.Reader.ReadAsync(path, context.RequestAborted) is { } file)
        {
            if (settings.PublicLog)
            {
                context.Response.Headers.CacheControl = file.CacheControl;
            }

            return Reply.Content(file.Content, file.ContentType);
        }

        return Problem.NotFound(await log.Reader.HeadAsync(context.RequestAborted) is { Stored: { } stored }
            ? $"The log of {stored.Size} entries has no {path}."
            : "Nothing is sealed yet, so there is no checkpoint and no tile.");
    }

    private async Task<IResult> GetAsync(HttpContext context) =>
        await log.Reader.HeadAsync(context.RequestAborted) is { } head
            ? Reply.Json(AnswerOf(head))
            : Problem.NotFound("There is no log yet: nothing was ever sealed.");

    private async Task<IResult> SendBundleAsync(HttpContext context)
    {
        if (await log.Reader.HeadAsync(context.RequestAborted) is not { Stored: not null } head)
        {
            return Problem.NotFound("Nothing is sealed yet that could be exported.");
        }

        context.Response.ContentType = "application/zip";
        context.Response.Headers.ContentDisposition = $"attachment; filename=\"audit-log-{head.Size}.zip\"";
        if (context.Features.Get<IHttpBodyControlFeature>() is { } control)
        {
            // The framework's zip writer ends each file of the archive with a few bytes that it writes synchronously.
            control.AllowSynchronousIO = true;
        }

        // What goes wrong from here on cuts the answer, and a zip file that was cut has no end.
        await LogBundle.WriteAsync(settings.Store, context.Response.Body, null, context.RequestAborted);
        return Reply.Sent;
    }

    private async Task<IResult> ProveAsync(HttpContext context)
    {
        var text = context.PathId("position");
        if (!long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var position) || position == 0)
        {
            return Problem.BadParameter("position", $"a whole number from 1 is expected, not \"{text}\".");
        }

        if (await log.Reader.ProveAsync(position, context.RequestAborted) is not { } proof)
        {
            return Problem.NotFound(await WhyNoProofAsync(position, context.RequestAborted));
        }

        return Reply.Content(Encoding.UTF8.GetBytes(proof.ToString()), "text/plain; charset=utf-8");
    }

    private async Task<string> WhyNoProofAsync(long position, CancellationToken cancellation)
    {
        if (await journal.ReadRowAsync(position, cancellation) is null)
        {
            return $"There is no row at position {position}.";
        }

        var head = await log.Reader.HeadAsync(cancellation);
        return head?.Stored is null
            ? $"The row at position {position} is not sealed yet: nothing is."
            : $"The row at position {position} is not sealed yet: the log is sealed up to position {head.LastPosition}.";
    }

    private async Task<IResult> RestartAsync(HttpContext context)
    {
        var (reason, origin) = ReadRestart(await context.ReadObjectAsync());
        try
        {
            // Once begun it is finished, whether or not its sender waits for it.
            var begun = await log.Sealer.RestartAsync(
                reason,
                origin,
                (restart, _) => WriteRestartedAsync(acts, context.Bearer().Name, restart),
                CancellationToken.None);
            if (reads.Status.JournalChanged)
            {
                // The journal that the operator now stands by is also the one that people are to read.
                _ = RebuildReadsAsync();
            }

            return Reply.Json(AnswerOf(new LogHead(begun, null)), StatusCodes.Status201Created);
        }
        catch (Exception refused) when (refused is SealingRefusedException or LogKeyException)
        {
            return Problem.Refused("log-not-restarted", "The log cannot be restarted now", refused.Message);
        }
    }

    private async Task RebuildReadsAsync()
    {
        try
        {
            await reads.RebuildAsync(null, life.ApplicationStopping);
        }
        catch (Exception failure) when (failure is not OperationCanceledException)
        {
            // They stay halted, and say so.
            failures.Report("rebuild after a restart of the log", failure);
        }
    }

    private static (string Reason, string? Origin) ReadRestart(StrictObject body)
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

    private LogAnswer AnswerOf(LogHead head) => new(
        head.Log.Origin, head.Log.Key.ToString(), head.Size,
        Convert.ToBase64String(
            head.Stored is { } stored ? SignedCheckpoint.Parse(stored.Note).Checkpoint.Root : TreeHash.Empty),
        head.LastPosition, TimeOf(head.Stored?.SignedAt), Witnesses: [], StartedAt: TimeOf(head.Log.StartedAt),
        StartedBecause: head.Log.Reason, head.Log.Previous, log.SealingAnswer());

    private static string? TimeOf(DateTimeOffset? time) =>
        time?.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture);
}
