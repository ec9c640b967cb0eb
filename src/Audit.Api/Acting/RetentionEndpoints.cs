using Audit.Api.Diary;
using Audit.Api.Intake;
using Audit.Api.Log;
using Audit.Api.Reading;
using Audit.Integrity.Keeping;
using Audit.Integrity.Rows;

namespace Audit.Api.Acting;

/// <summary>`/v1/retention` and `/v1/disposals`: by which rules sessions go, and what went.</summary>
internal sealed class RetentionEndpoints(
    RetentionBook book, RecordIntake intake, PeopleNow people, OperatorActs acts, ApiSettings settings,
    IAuditStore store, NodeLog log, ReadSide reads) : IEndpointGroup
{
    private const Roles Asking = Roles.Approve | Roles.Admin;

    /// <summary>More than a segment has: it ends with a session, and a session has as many rows as it has.</summary>
    private const int MostSessions = 200_000;

    /// <summary>A segment is full with 50,000 rows, and its last session may have many more.</summary>
    private const int MostRows = 600_000;

    /// <summary>Less than the server takes, and more than all leaves of so many rows have in Base64.</summary>
    private const int MostBytes = 30 << 20;

    private static readonly TimeSpan ReadPatience = TimeSpan.FromMinutes(1);

    private static readonly string[] OfDisposal =
        ["segment", "sha256", "sessions", "chosen", "rows", "leaves", "parts", "version", "to"];

    public void Map(IEndpointRouteBuilder routes)
    {
        routes.Get(
            "/v1/retention", ReadAsync, Roles.Read | Asking, "Shows the rules of retention that were adopted last.")
            .Produces<RetentionAnswer>().Scoped(Scope.Administration);
        routes.Post(
            "/v1/retention", AdoptAsync, Roles.Admin, "Adopts rules of retention.",
            "The body is {text}, the file. Nothing goes by them until another person confirmed them.")
            .Produces<RetentionAnswer>(StatusCodes.Status201Created).Scoped(Scope.Administration);
        routes.Post(
            "/v1/retention/{version}/confirm", ConfirmAsync, Asking,
            "Confirms the rules, by another person than who adopted them.")
            .Produces<RetentionAnswer>().Scoped(Scope.Administration);
        routes.Get("/v1/disposals", ListAsync, Roles.Read | Asking, "Lists what went by the rules, newest first.")
            .Produces<ItemPage<DisposalAnswer>>().Scoped(Scope.Administration);
        routes.Post(
            "/v1/disposals", DisposeAsync, Roles.Admin,
            "Writes down that rows of an archive's segment go, as `audit keep run` does before it cuts them.",
            "The body is {segment, sha256, sessions, chosen, rows, leaves, parts, version, to}. The version is that of "
            + "confirmed rules, the segment one that was archived; the node looks itself whether each session may go, "
            + "and whether all their rows come to these digests.")
            .Produces<KeptAnswer>(StatusCodes.Status201Created).Scoped(Scope.Administration);
        routes.Post(
            "/v1/disposals/{id}/done", DoneAsync, Roles.Admin,
            "Writes down how many rows were cut, and which, as the node finds them.",
            "The body is {cut, leaves}: the digest over the leaves of what is gone, and all leaves that the disposal "
            + "names, in Base64. Where others are gone, or it is ended with another digest, it is 409.")
            .Produces<KeptAnswer>(StatusCodes.Status201Created).Scoped(Scope.Administration);
    }

    private async Task<IResult> ReadAsync(HttpContext context) =>
        Reply.Json((await RulesAsync(context)).Rules!.Answer);

    private async Task<IResult> ListAsync(HttpContext context) => Reply.Json(new ItemPage<DisposalAnswer>(
        (await book.ReadAsync(context.RequestAborted)).Disposals, null));

    private async Task<IResult> AdoptAsync(HttpContext context)
    {
        var body = await context.ReadObjectAsync();
        body.RequireOnly(["text"]);
        var text = body.RequiredText("text");
        Retention rules;
        try
        {
            rules = Retention.Parse(text);
        }
        catch (BackupException wrong)
        {
            throw new UnreadableException("text", wrong.Message);
        }

        var actor = context.Bearer();
        var receipt = await intake.SubmitAsync(new OperatorSubmission(
            StreamNames.Keeping, RetentionBook.Adopted, actor.Name, intake.Now, ActReader.MembersOf(("text", text)))
        {
            Facts = ActReader.MembersOf(("version", rules.Version), ("person", PersonOf(actor))),
        });
        return receipt.Status == ReceiptStatus.Recorded
            ? Reply.Json((await RulesAsync(context)).Rules!.Answer, StatusCodes.Status201Created)
            : throw new RefusedException(Problem.JournalAway(receipt.Error));
    }

    private async Task<IResult> ConfirmAsync(HttpContext context)
    {
        var (rules, actor) = ((await RulesAsync(context)).Rules!, context.Bearer());
        if (rules.Answer.Version != context.PathId("version") || rules.Answer.ConfirmedBy is not null)
        {
            throw new RefusedException(Problem.Conflict(
                $"The rules that were adopted last are {rules.Answer.Version}"
                + (rules.Answer.ConfirmedBy is { } who ? $", and {who} confirmed them." : ".")));
        }

        var adopter = rules.Answer.AdoptedBy;
        if (await people.IsRevokedAsync(adopter, context.RequestAborted))
        {
            throw new RefusedException(Problem.Conflict(
                $"The token {adopter}, by which they were adopted, was revoked since: adopt them again."));
        }

        if (await people.MayBeOneOfAsync(
            [(adopter, rules.Person, rules.At)], actor.Name, PersonOf(actor), context.RequestAborted)
            && !settings.AllowSelfApproval)
        {
            throw new RefusedException(Problem.Forbidden(
                "The rules are confirmed by another person than who adopted them; by nobody who made the token of that "
                + "one, or has one that he made; and with a token from before they were adopted, which nobody but the "
                + "first administrator made beside the other's."));
        }

        await acts.WriteFactsAsync(StreamNames.Keeping, RetentionBook.Confirmed, actor.Name, json =>
        {
            json.WriteNumber(DisposedRows.NumberMember, rules.Position);
            json.WriteString("version", rules.Answer.Version);
            json.WriteString("person", PersonOf(actor));
        });
        return await ReadAsync(context);
    }

    private async Task<IResult> DisposeAsync(HttpContext context)
    {
        var body = await context.ReadObjectAsync(MostBytes);
        body.RequireOnly(OfDisposal);
        var state = await RulesAsync(context);
        var sessions = body.Texts("sessions", MostSessions) ?? [];
        if (sessions.Count == 0 || sessions.Distinct().Count() < sessions.Count)
        {
            throw new UnreadableException("sessions", "the owner of each session's key is expected, once");
        }

        var rows = new DisposedRows(
            body.RequiredText("segment"), body.RequiredText("sha256"), body.RequiredNumber("rows"),
            body.RequiredText("leaves"), body.RequiredText("parts"), body.RequiredText("version"),
            acts.Redacted(body.RequiredText("to")))
        {
            Sessions = Convert.ToBase64String(BytesOf(body, "chosen")),
        };
        if (rows.Rows > MostRows)
        {
            // What is cut must be ended, and its end has a hash for each row.
            throw new UnreadableException("rows", $"at most {MostRows} go by one event");
        }

        RequireArchived(state, rows);
        var (named, before, last) = await DueAsync(
            Retention.Parse(state.Rules!.Answer.Text), sessions, context.RequestAborted);
        if (!named.Are(rows))
        {
            throw new RefusedException(Problem.Conflict(
                $"The {named.Rows} rows that these sessions have are not those of the digest {rows.Leaves}: the "
                + "archive has other rows than the book, or somebody says other ones."));
        }

        await RequireReadAsync(last, context.RequestAborted);
        // Written only if nothing came that may keep them: a hold that comes behind it is met where they are cut.
        for (var known = state; ; known = await RulesAsync(context))
        {
            RequireArchived(known, rows);
            if (known.Ruled != state.Ruled)
            {
                throw new RefusedException(Problem.Conflict(
                    "A hold or other rules came while it was looked at what may go: ask again."));
            }

            var rules = known.Rules!.Answer;
            var full = rows with { Before = before, AdoptedBy = rules.AdoptedBy, ConfirmedBy = rules.ConfirmedBy! };
            if (await acts.TryWriteFactsAsync(
                StreamNames.Keeping, DisposedRows.Act, context.Bearer().Name, full.WriteTo, known.Last))
            {
                var position = (await book.ReadAsync(context.RequestAborted)).Said
                    .Where(one => one.Value == full).Max(one => one.Key);
                return Reply.Json(new KeptAnswer(rows.Segment, position), StatusCodes.Status201Created);
            }
        }
    }

    private static void RequireArchived(RetentionState state, DisposedRows rows)
    {
        if (state.Rules!.Answer is not { ConfirmedBy: not null } rules || rules.Version != rows.Version)
        {
            throw new RefusedException(Problem.Conflict(
                "Rows go by the rules that were adopted last, and once another person confirmed them."));
        }

        if (!state.Archived.Contains(rows.Sha256))
        {
            throw new RefusedException(Problem.Conflict(
                $"The book knows of no segment of an archive with the digest {rows.Sha256}: audit archive and audit "
                + "keep run say it to the node when they have written one."));
        }

        if (state.Said.FirstOrDefault(one => one.Value.Sha256 == rows.Sha256 && !state.Ends.ContainsKey(one.Key))
            is { Key: > 0 } begun)
        {
            throw new RefusedException(Problem.Conflict(
                $"Rows of this segment go by the event at position {begun.Key}, which has no end yet: audit keep run "
                + "goes on with that first."));
        }
    }

    private async Task<(NamedRows Rows, long Before, long Last)> DueAsync(
        Retention rules, IReadOnlyList<string> sessions, CancellationToken cancellation)
    {
        try
        {
            return await rules.DueAsync(settings.Store, log.Entries, sessions, cancellation);
        }
        catch (Exception stays) when (stays is BackupException or StoreException)
        {
            throw new RefusedException(Problem.Conflict(stays.Message));
        }
    }

    /// <summary>What is made for reading has read the rows that go: it would look for its place in vain.</summary>
    private async Task RequireReadAsync(long last, CancellationToken cancellation)
    {
        for (var since = intake.Clock.GetTimestamp(); ; await Task.Delay(Questions.Patience / 20, cancellation))
        {
            await reads.CatchUpAsync(Questions.Patience, cancellation);
            await reads.Search.CatchUpAsync(Questions.Patience, cancellation);
            var known = Math.Min(await reads.Models.PositionAsync(cancellation), reads.Search.Status.Position);
            if (known > last)
            {
                return;
            }

            if (intake.Clock.GetElapsedTime(since) > ReadPatience)
            {
                throw new RefusedException(Problem.ReadModelsAway(
                    $"Read models and text index have the book up to position {known}, and rows up to {last} are to "
                    + "go: ask again when they have read further than these."));
            }
        }
    }

    private async Task<IResult> DoneAsync(HttpContext context)
    {
        var body = await context.ReadObjectAsync(MostBytes);
        body.RequireOnly(["cut", "leaves"]);
        var (id, cut, leaves) = (context.PathId("id"), body.RequiredText("cut"), LeavesOf(body));
        while (true)
        {
            var state = await book.ReadAsync(context.RequestAborted);
            if (!long.TryParse(id, NumberStyles.None, CultureInfo.InvariantCulture, out var position)
                || !state.Said.TryGetValue(position, out var known))
            {
                throw new RefusedException(Problem.NotFound($"There is no disposal {id}."));
            }

            if (state.Ends.TryGetValue(position, out var end))
            {
                // Whose answer was lost asks again.
                return end.Leaves == cut
                    ? Reply.Json(new KeptAnswer(id, end.Position), StatusCodes.Status200OK)
                    : throw new RefusedException(Problem.Conflict(
                        $"The end of the disposal {id} is written down, with the digest {end.Leaves}."));
            }

            var gone = await GoneAsync(position, known, leaves, context.RequestAborted);
            if (gone.Digest() != cut)
            {
                throw new RefusedException(Problem.Conflict(
                    $"By the disposal {id} {gone.Count} rows are gone, with the digest {gone.Digest()}, and not those "
                    + $"of {cut}: it is under way, or others are gone."));
            }

            if (!await WriteEndAsync(context, position, gone, state.Last))
            {
                continue;
            }

            // Nothing goes behind its end. What came between the look and that is said as well, and who runs is told.
            var after = await GoneAsync(position, known, leaves, context.RequestAborted);
            if (after.Digest() != cut)
            {
                while (!await WriteEndAsync(
                    context, position, after, (await book.ReadAsync(context.RequestAborted)).Last))
                {
                    // Somebody wrote between.
                }

                throw new RefusedException(Problem.Conflict(
                    $"The disposal {id} was under way still: it is ended with {after.Count} rows. Run it again."));
            }
        }
    }

    /// <summary>What is gone by an event, and named by it.</summary>
    private async Task<LeafList> GoneAsync(
        long disposal, DisposedRows said, LeafList leaves, CancellationToken cancellation)
    {
        var gone = LeafList.Of(await store.ReadCutAsync(disposal, cancellation));
        return leaves.Digest() != said.Leaves
            ? throw new RefusedException(Problem.Conflict(
                $"These {leaves.Count} leaves are not those that the disposal {disposal} names."))
            : gone.CountBeside(leaves) is > 0 and var others
            ? throw new RefusedException(Problem.Conflict(
                $"{others} rows that are gone by the disposal {disposal} are not among those that it names: audit "
                + "verify says more."))
            : gone;
    }

    private Task<bool> WriteEndAsync(HttpContext context, long disposal, LeafList gone, long after) =>
        acts.TryWriteFactsAsync(
            StreamNames.Keeping, DisposedRows.Done, context.Bearer().Name,
            json =>
            {
                json.WriteNumber(DisposedRows.NumberMember, disposal);
                json.WriteNumber(DisposedRows.CutMember, gone.Count);
                json.WriteString(DisposedRows.LeavesMember, gone.Digest());
            },
            after);

    private static LeafList LeavesOf(StrictObject body)
    {
        try
        {
            return LeafList.Of(BytesOf(body, "leaves"));
        }
        catch (FormatException wrong)
        {
            throw new UnreadableException("leaves", wrong.Message);
        }
    }

    private static byte[] BytesOf(StrictObject body, string name)
    {
        var text = body.RequiredText(name);
        var bytes = new byte[(text.Length / 4 * 3) + 3];
        return Convert.TryFromBase64String(text, bytes, out var length) ? bytes[..length]
            : throw new UnreadableException(name, "not Base64");
    }

    private async Task<RetentionState> RulesAsync(HttpContext context)
    {
        var state = await book.ReadAsync(context.RequestAborted);
        return state.Rules is not null ? state : throw new RefusedException(Problem.NotFound(
            "No rules of retention were adopted: everything is kept. audit keep adopt FILE"));
    }

    private static string PersonOf(Bearer actor) => actor.PersonBesideName ?? actor.Name;
}
