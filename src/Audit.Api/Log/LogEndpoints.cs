using System.Data.Common;
using Audit.Api.Diary;
using Audit.Api.Reading;

namespace Audit.Api.Log;

/// <summary>
/// `/v1/log`, `/checkpoint`, `/tile/…`, `/v1/proofs`: the tamper-evident log, for people and for the tools of others.
/// </summary>
internal sealed class LogEndpoints(
    NodeLog log, IJournal journal, IAuditStore store, ReadSide reads, OperatorActs acts, ApiSettings settings,
    FailureLog failures,
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
            "It needs no token when the node was started with --public-log.")
            .Scoped(Scope.Digests);
        routes.Get(
            "/checkpoint/witnessed", Guarded(GetWitnessedAsync), readers,
            "The newest checkpoint that a quorum of the witnesses cosigned.",
            "It may be older than /checkpoint, which is the newest with the cosignatures that it has.")
            .Scoped(Scope.Digests);
        routes.Get(
            TilePattern, Guarded(GetFileAsync), readers, "A tile of the log, or a bundle of its entries.",
            "C2SP tlog-tiles: /tile/{L}/{N}[.p/{W}] has hashes and /tile/entries/{N}[.p/{W}] has entries, N in "
                + "groups of three "
            + "digits such as x001/x234/067. They never change. They need no token when the node was started with "
            + "--public-log.")
            .Scoped(Scope.Digests);
        routes.Get(
            "/v1/log", Guarded(GetAsync), Roles.Read, "The log's name, verifier key, size, root, and how it is sealed.",
            "The position is the last one that is sealed; sealing shows the state of this node's sealer, and why.")
            .Produces<LogAnswer>().Scoped(Scope.Digests);
        routes.Get(
            "/v1/proofs/{position}", Guarded(ProveAsync), Roles.Read,
            "The proof that the row at a position is in the log, a C2SP tlog-proof.",
            "It is checked offline with the row's entry and the log's verifier key.")
            .Scoped(Scope.Binding);
        routes.Get(
            "/v1/proofs/{position}/row", Guarded(GiveRowAsync), Roles.Read,
            "The row at a position as it is stored, with what its entry in the log is made of and its proof.",
            "The entry has the SHA-256 of the message, whose content lies sealed in it, and of salt, stream, a zero "
            + "byte and manifest.")
            .Produces<StoredRowAnswer>().Scoped(Scope.Binding);
        routes.Post(
            "/v1/log/restart", Guarded(RestartAsync), Roles.Admin, "Ends the log and starts a new one over all rows.",
            "For a journal that was restored from a backup, or a key that must not sign any more. The body is {reason, "
            + "origin?}; the new log has a key and a name of its own, and the event log.restarted in it names the old "
            + "log's last checkpoint and what was found of it. Every verification, bundle and page shows it for ever. "
            + "409 when another node is sealing.")
            .Produces<LogAnswer>(StatusCodes.Status201Created).Scoped(Scope.Administration);
        routes.Post(
            "/v1/log/rotate-key", Guarded(RotateAsync), Roles.Admin, "Puts a new key in the place of the log's.",
            "The body is {reason}. The old key signs the new one, both sign checkpoints for 30 days, and the event "
            + "log.key_rotated says so; it counts as proven once a quorum of witnesses cosigned it. 409 when this node "
            + "does not have the log's key, or another node is sealing.")
            .Produces<LogAnswer>().Scoped(Scope.Administration);
        routes.Post(
            "/v1/log/resume", Guarded(ResumeAsync), Roles.Admin,
            "Ends a halt of the log where the rows are again what was sealed.",
            "The body is {reason}. All rows are verified first; 409 when they are not what was sealed, or another node "
            + "is sealing.")
            .Produces<LogAnswer>().Scoped(Scope.Administration);
        routes.Post(
            "/v1/log/adopt", Guarded(AdoptAsync), Roles.Admin, "Gives this node a memory of the log.",
            "The body is {checkpoint}, one that was kept elsewhere, which the store's log must continue. 409 when it "
                + "does "
            + "not.")
            .Produces<LogAnswer>().Scoped(Scope.Administration);
    }

    public static Task WriteRestartedAsync(OperatorActs acts, string actor, LogRestart restart) =>
        acts.WriteAsync("log.restarted", actor, json =>
        {
            json.WriteString("old_origin", restart.OldOrigin);
            json.WriteString("last_checkpoint", restart.LastCheckpoint?.ToString());
            json.WriteString("new_origin", restart.NewOrigin);
            json.WriteString("reason", restart.Reason);
            json.WriteString("by", restart.By);
            json.WriteString("verdict", restart.Verdict);
        });

    public static Task WriteRotatedAsync(OperatorActs acts, string actor, KeyRotation rotation) =>
        acts.WriteFactsAsync(
            StreamNames.LogKeys, "log.key_rotated", actor,
            json =>
            {
                json.WriteString("origin", rotation.Origin);
                json.WriteString("key", rotation.NewKey.ToString());
                json.WriteString("old_key", rotation.OldKey.ToString());
            },
            json => json.WriteString("reason", rotation.Reason));

    public static Task WriteResumedAsync(OperatorActs acts, string actor, LogResume resume) =>
        acts.WriteAsync("log.resumed", actor, json =>
        {
            json.WriteString("origin", resume.Origin);
            json.WriteString("halted_because", resume.Halt.Reason);
            json.WriteString("halted_at", TimeOf(resume.Halt.At));
            json.WriteNumber("size", resume.Size);
            json.WriteString("reason", resume.Reason);
        });

    public static Task WriteAdoptedAsync(OperatorActs acts, string actor, LogAdoption adoption) =>
        acts.WriteAsync("log.adopted", actor, json =>
        {
            json.WriteString("origin", adoption.Origin);
            json.WriteString("checkpoint", adoption.Given.ToString());
            json.WriteNumber("size", adoption.Size);
        });

    /// <summary>Answers what can keep the log from answering.</summary>
    public static Answering Guarded(Answering answering) => async context =>
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

    private async Task<IResult> GetWitnessedAsync(HttpContext context)
    {
        if (await log.WitnessedCheckpointAsync(context.RequestAborted) is not { } witnessed)
        {
            return Problem.NotFound("No checkpoint is cosigned by a quorum of witnesses.");
        }

        context.Response.Headers.CacheControl = "no-cache";
        return Reply.Content(Encoding.UTF8.GetBytes(witnessed.Note), "text/plain; charset=utf-8");
    }

    private async Task<IResult> GetAsync(HttpContext context) =>
        await log.Reader.HeadAsync(context.RequestAborted) is { } head
            ? Reply.Json(await AnswerOfAsync(head))
            : Problem.NotFound("There is no log yet: nothing was ever sealed.");

    private Task<IResult> ProveAsync(HttpContext context) => WithProofAsync(
        context,
        (_, proofs, place) => Task.FromResult(Reply.Content(
            Encoding.UTF8.GetBytes(proofs.Of(place).ToString()), "text/plain; charset=utf-8")));

    private Task<IResult> GiveRowAsync(HttpContext context) => WithProofAsync(context, async (row, proofs, place) =>
    {
        var stored = await store.Journal.ReadRowAsync(row.Position, context.RequestAborted) ?? row;
        var salt = new byte[EntryKeys.SaltSize];
        log.Entries.Salt(Encoding.UTF8.GetBytes(stored.PersistenceId), salt);
        return Reply.Json(new StoredRowAnswer(
            stored.Position, stored.PersistenceId, stored.Sequence,
            stored.CreatedTicks.ToString(CultureInfo.InvariantCulture), stored.Manifest, stored.Message, salt,
            Encoding.UTF8.GetString(place.Entry), proofs.Of(place).ToString()));
    });

    /// <summary>Answers of a row that the token may see and the log has.</summary>
    private async Task<IResult> WithProofAsync(
        HttpContext context, Func<JournalRow, SharedProofs, ProofPlace, Task<IResult>> answer)
    {
        var text = context.PathId("position");
        if (!long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var shown) || shown == 0)
        {
            return Problem.BadParameter("position", $"a whole number from 1 is expected, not \"{text}\".");
        }

        // What there is no row of, and what the token may not see, are answered alike.
        var filter = new RowFilter(context.Reads().Scope, context.Bearer().SeesAdministration);
        if (filter.Scope.Show(shown) is not { } position
            || await journal.ReadRowAsync(position, context.RequestAborted) is not { } row
            || !filter.Passes(new SeenRow(row)))
        {
            return Problem.NotFound($"There is no row at position {shown} that this token may see.");
        }

        var proofs = await log.Reader.ProveAllAsync([position], context.RequestAborted);
        if (!proofs.Places.TryGetValue(position, out var place))
        {
            return Problem.NotFound(await WhyNoProofAsync(shown, filter.Scope, context.RequestAborted));
        }

        filter.Scope.Trace?.Add(position);
        if (filter.Scope.Veil is not null)
        {
            // The entry that is proven has the row's true position in it.
            context.Response.Headers["Audit-Position"] = position.ToString(CultureInfo.InvariantCulture);
        }

        return await answer(row, proofs, place);
    }

    private async Task<string> WhyNoProofAsync(long position, ReadScope scope, CancellationToken cancellation)
    {
        var head = await log.Reader.HeadAsync(cancellation);
        return head?.Stored is null
            ? $"The row at position {position} is not sealed yet: nothing is."
            : scope.Veil is not null ? $"The row at position {position} is not sealed yet."
            : $"The row at position {position} is not sealed yet: the log is sealed up to position "
                + $"{head.LastPosition}.";
    }

    private async Task<IResult> RestartAsync(HttpContext context)
    {
        var body = await context.ReadObjectAsync();
        var (reason, origin, actor) = (ReadReason(body), ReadOrigin(body), context.Bearer().Name);
        return await RefusableAsync(async () =>
        {
            // Once begun it is finished, whether or not its sender waits for it.
            var begun = await log.Sealer.RestartAsync(
                reason, actor, origin, (restart, _) => WriteRestartedAsync(acts, actor, restart),
                CancellationToken.None);
            if (reads.Status.JournalChanged)
            {
                // The journal that the operator now stands by is also the one that people are to read.
                _ = RebuildReadsAsync();
            }

            return Reply.Json(await AnswerOfAsync(new LogHead(begun, null)), StatusCodes.Status201Created);
        });
    }

    private async Task<IResult> RotateAsync(HttpContext context)
    {
        var (reason, actor) = (ReadReason(await context.ReadObjectAsync()), context.Bearer().Name);
        return await RefusableAsync(async () =>
        {
            await log.Sealer.RotateAsync(
                reason, actor, (rotation, _) => WriteRotatedAsync(acts, actor, rotation), CancellationToken.None);
            return await GetAsync(context);
        });
    }

    private async Task<IResult> ResumeAsync(HttpContext context)
    {
        var (reason, actor) = (ReadReason(await context.ReadObjectAsync()), context.Bearer().Name);
        return await RefusableAsync(async () =>
        {
            await log.Sealer.ResumeAsync(
                reason, (resume, _) => WriteResumedAsync(acts, actor, resume), CancellationToken.None);
            return await GetAsync(context);
        });
    }

    private async Task<IResult> AdoptAsync(HttpContext context)
    {
        var (given, actor) = (ReadCheckpoint(await context.ReadObjectAsync()), context.Bearer().Name);
        return await RefusableAsync(async () =>
        {
            await log.Sealer.AdoptAsync(
                given, (adoption, _) => WriteAdoptedAsync(acts, actor, adoption), CancellationToken.None);
            return await GetAsync(context);
        });
    }

    private static async Task<IResult> RefusableAsync(Func<Task<IResult>> act)
    {
        try
        {
            return await act();
        }
        catch (Exception refused) when (refused is SealingRefusedException or LogKeyException)
        {
            return Problem.Refused("log-refused", "That cannot be done to the log now", refused.Message);
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

    private string ReadReason(StrictObject body)
    {
        var reason = body.RequiredText("reason");
        return string.IsNullOrWhiteSpace(reason) || reason.Length > LongestReason
            ? throw new UnreadableException("reason", $"a sentence of at most {LongestReason} characters is expected")
            : acts.Redacted(reason);
    }

    private string? ReadOrigin(StrictObject body) =>
        body.Text("origin") is not { } origin ? null
        : acts.Refuse(origin) is { } refusal ? throw new UnreadableException("origin", refusal)
        : KeyName.IsValid(origin) ? origin
        : throw new UnreadableException("origin", $"accepted are {KeyName.Accepted}");

    private static SignedCheckpoint ReadCheckpoint(StrictObject body)
    {
        try
        {
            return SignedCheckpoint.Parse(body.RequiredText("checkpoint"));
        }
        catch (NoteFormatException failure)
        {
            throw new UnreadableException("checkpoint", failure.Message);
        }
    }

    private async Task<LogAnswer> AnswerOfAsync(LogHead head)
    {
        var logs = await log.Reader.LogsAsync(CancellationToken.None);
        var unproven = await log.Reader.UnprovenAsync(CancellationToken.None);
        return new LogAnswer(
            head.Log.Origin, head.Log.Key.ToString(), head.Size,
            Convert.ToBase64String(
                head.Stored is { } stored ? SignedCheckpoint.Parse(stored.Note).Checkpoint.Root : TreeHash.Empty),
            head.LastPosition, TimeOf(head.Stored?.SignedAt), CosignersOf(head), StartedAt: TimeOf(head.Log.StartedAt),
            [.. logs.Where(one => one.RestartNote is not null).Select(AnswerOf)], unproven.Count, log.SealingAnswer(),
            await NewKeysOfAsync(head.Log));
    }

    private async Task<IReadOnlyList<NewKeyAnswer>> NewKeysOfAsync(LogRecord of)
    {
        var rotations = of.Chain.Rotations;
        if (rotations.Count == 0)
        {
            return [];
        }

        var witnessed = (await log.WitnessedCheckpointAsync(CancellationToken.None))?.LastPosition ?? 0;
        var rows = await journal.ReadStreamAsync(
            new StreamKey(StreamNames.LogKeys), afterSequence: 0, int.MaxValue, CancellationToken.None);
        return
        [
            .. rotations.Select((one, index) => new NewKeyAnswer(
                one.Number, one.OldKey.ToString(), one.NewKey.ToString(), TimeOf(one.At), one.By, one.Reason,
                rows.Any(row => row.Position <= witnessed && Names(row, one.NewKey)), of.Chain.Notes[index])),
        ];
    }

    private static bool Names(JournalRow row, VerifierKey key)
    {
        using var facts = row.IsProven && EventView.TryRead(row.Message, out var view)
            && view.IsObject(EventField.Facts)
            ? JsonDocument.Parse(view.Message[view.PlaceOf(EventField.Facts)])
            : null;
        return facts is not null && facts.RootElement.TryGetProperty("key", out var named)
            && named.ValueEquals(key.ToString());
    }

    private static IReadOnlyList<string> CosignersOf(LogHead head) => head.Stored is not { } stored
        ? []
        :
        [
            .. SignedCheckpoint.Parse(stored.Note).Note.Signatures
                .Select(line => line.Name).Where(name => name != head.Log.Origin),
        ];

    private static RestartAnswer AnswerOf(LogRecord begun) => new(
        begun.Number, begun.Origin, begun.Restart?.OldOrigin, TimeOf(begun.StartedAt), begun.Restart?.By,
        begun.Restart?.Reason, begun.Restart?.Verdict, begun.Restart?.LastCheckpoint?.ToString());

    private static string? TimeOf(DateTimeOffset? time) =>
        time?.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture);
}
