using Audit.Api.Diary;
using Audit.Api.Intake;
using Audit.Integrity.Keeping;

namespace Audit.Api.Acting;

/// <summary>The rules of retention and what went by them, as the book has it.</summary>
internal sealed class RetentionBook(IAuditStore store)
{
    public const string Adopted = "retention.adopted", Confirmed = "retention.confirmed";

    private readonly SemaphoreSlim turn = new(1);
    private readonly ActReader acts = new(store.Opened);
    private readonly SortedDictionary<long, DisposalAnswer> disposals = [];
    private readonly SortedDictionary<long, DisposedRows> begun = [];
    private readonly SortedDictionary<long, long> keys = [];
    private readonly HashSet<string> archived = [];
    private RetentionRules? rules;
    private long ended;
    private long forgotten;

    public async Task<RetentionState> ReadAsync(CancellationToken cancellation)
    {
        await turn.WaitAsync(cancellation);
        try
        {
            await acts.ReadOnAsync(StreamNames.Keeping, Take, cancellation);
            if (keys.Count > 0)
            {
                // Whichever node ends them: what was read since may be from before the keys' end.
                store.Seal.Payloads.Forget();
            }

            return new RetentionState(
                rules, [.. disposals.Values.Reverse()], [.. begun], [.. keys], ended > forgotten ? ended : null,
                archived.ToHashSet());
        }
        finally
        {
            turn.Release();
        }
    }

    private void Take(long position, EventView view)
    {
        var act = view.Text(EventField.Act);
        if (view.Raw(EventField.Facts).IsEmpty || act is null)
        {
            return;
        }

        var facts = JsonElement.Parse(view.Raw(EventField.Facts));
        var by = view.Text(EventField.Token) ?? "";
        switch (act)
        {
            case Adopted:
                // Without its text, which is the event's content, a version is none.
                var text = view.Raw(EventField.Detail) is { IsEmpty: false } detail
                    ? JsonElement.Parse(detail).GetProperty("text").GetString()! : "";
                rules = new RetentionRules(
                    new RetentionAnswer(facts.GetProperty("version").GetString()!, text, by, null),
                    facts.GetProperty("person").GetString()!, view.RequiredTime(EventField.ReceivedAt), position);
                break;
            case Confirmed when Number(DisposedRows.NumberMember) == rules?.Position:
                rules = rules! with { Answer = rules.Answer with { ConfirmedBy = by } };
                break;
            case TakenBackup.Archived:
                archived.Add(facts.GetProperty("sha256").GetString() ?? "");
                break;
            case DisposedRows.Act:
                var rows = DisposedRows.Of(facts);
                disposals[position] = new DisposalAnswer(
                    position, view.RequiredTime(EventField.ReceivedAt).ToString(), rows.Segment, rows.Sha256, rows.Rows,
                    rows.To, rows.Version, rows.AdoptedBy, rows.ConfirmedBy, null);
                begun[position] = rows;
                break;
            case DisposedRows.Done when disposals.TryGetValue(Number(DisposedRows.NumberMember), out var known):
                disposals[known.Position] = known with { Cut = Number(DisposedRows.CutMember) };
                (ended, keys[position]) = (position, known.Position);
                begun.Remove(known.Position);
                break;
            case DisposedRows.KeysEnded:
                foreach (var one in keys.Keys.Where(one => one <= Number(DisposedRows.ThroughMember)).ToList())
                {
                    keys.Remove(one);
                }

                store.Seal.Payloads.Forget();
                break;
            case DisposedRows.Forgotten:
                forgotten = Number(DisposedRows.ThroughMember);
                break;
        }

        long Number(string name) => facts.GetProperty(name).GetInt64();
    }
}

/// <summary>The rules that were adopted last.</summary>
/// <param name="Person">Who adopted them, with the token that the answer names.</param>
/// <param name="Position">Of the event: who confirms them means these, and not the same ones of somebody else.</param>
internal sealed record RetentionRules(RetentionAnswer Answer, string Person, Timestamp At, long Position);

/// <param name="Begun">What goes, and is not said to be gone.</param>
/// <param name="Keys">The ends of cuts whose keys stand still, each with the event that it is of.</param>
/// <param name="Forget">The last end of a cut, as long as read models and index may have rows of it still.</param>
/// <param name="Archived">The digests of the segments that the book knows of.</param>
internal sealed record RetentionState(
    RetentionRules? Rules, IReadOnlyList<DisposalAnswer> Disposals,
    IReadOnlyList<KeyValuePair<long, DisposedRows>> Begun, IReadOnlyList<KeyValuePair<long, long>> Keys, long? Forget,
    IReadOnlySet<string> Archived);

/// <summary>
/// Ends the keys of what was cut, and makes read models and index anew, so that they forget it. Each step may be done
/// twice, and says up to which end of a cut it was done: what is cut meanwhile is done again.
/// </summary>
internal sealed class Forgetting(
    RetentionBook book, IAuditStore store, ReadSide reads, OperatorActs acts, TimeProvider clock, FailureLog failures)
    : IAsyncDisposable
{
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(1);

    private BackgroundWork? work;

    public void Start() => work = BackgroundWork.Every(Pause, clock, LookAsync);

    public ValueTask DisposeAsync() => work?.DisposeAsync() ?? default;

    private async Task LookAsync()
    {
        try
        {
            // Each node lets go of keys that end; they are ended by the one that feeds the read models, for it
            // remembers what it made of them.
            var state = await book.ReadAsync(CancellationToken.None);
            if (reads.Status.State == ProjectionState.Projecting)
            {
                await ForgetAsync(state);
            }
        }
        catch (Exception failure)
        {
            failures.Report("forgetting what was cut", failure);
        }
    }

    private async Task ForgetAsync(RetentionState state)
    {
        foreach (var (_, disposal) in state.Keys)
        {
            await store.RetireKeysAsync(disposal, CancellationToken.None);
        }

        if (state.Keys is [.., var last])
        {
            await SayAsync(DisposedRows.KeysEnded, last.Key);
        }

        if (state.Forget is { } through)
        {
            await reads.ForgetAsync(CancellationToken.None);
            await reads.Search.RebuildAsync(null, CancellationToken.None);
            await SayAsync(DisposedRows.Forgotten, through);
        }
    }

    private Task<long> SayAsync(string act, long through) => acts.WriteFactsAsync(
        StreamNames.Keeping, act, OperatorActs.Node,
        json => json.WriteNumber(DisposedRows.ThroughMember, through));
}

/// <summary>`/v1/retention` and `/v1/disposals`: by which rules sessions go, and what went.</summary>
internal sealed class RetentionEndpoints(
    RetentionBook book, RecordIntake intake, PeopleNow people, OperatorActs acts, ApiSettings settings,
    IAuditStore store) : IEndpointGroup
{
    private const Roles Asking = Roles.Approve | Roles.Admin;

    private static readonly string[] OfDisposal = ["segment", "sha256", "rows", "leaves", "parts", "version", "to"];

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
            "Writes down that the rows of an archive's segment go, as `audit keep run` does before it cuts them.",
            "The body is {segment, sha256, rows, leaves, parts, version, to}. The version is that of confirmed rules, "
            + "and the segment one that was archived.")
            .Produces<KeptAnswer>(StatusCodes.Status201Created).Scoped(Scope.Administration);
        routes.Post(
            "/v1/disposals/{id}/done", DoneAsync, Roles.Admin,
            "Writes down how many rows were cut, and which, as the node finds them. The body is empty.")
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
        var body = await context.ReadObjectAsync();
        body.RequireOnly(OfDisposal);
        var state = await RulesAsync(context);
        if (state.Rules!.Answer is not { ConfirmedBy: { } confirmed } rules || rules.Version != body.Text("version"))
        {
            throw new RefusedException(Problem.Conflict(
                "Rows go by the rules that were adopted last, and once another person confirmed them."));
        }

        var rows = new DisposedRows(
            body.RequiredText("segment"), body.RequiredText("sha256"), body.Number("rows") ?? 0,
            body.RequiredText("leaves"), body.RequiredText("parts"), rules.Version,
            acts.Redacted(body.RequiredText("to")))
        {
            AdoptedBy = rules.AdoptedBy, ConfirmedBy = confirmed,
            Before = RulesOf(rules).DueBefore(intake.Clock.GetUtcNow()).UtcTicks,
        };
        if (!state.Archived.Contains(rows.Sha256))
        {
            throw new RefusedException(Problem.Conflict(
                $"The book knows of no segment of an archive with the digest {rows.Sha256}: audit archive and audit "
                + "keep run say it to the node when they have written one."));
        }

        // What was broken off is gone on with.
        var known = state.Begun.FirstOrDefault(
            one => one.Value with { Before = rows.Before } == rows).Key;
        var position = known > 0 ? known : await acts.WriteFactsAsync(
            StreamNames.Keeping, DisposedRows.Act, context.Bearer().Name, rows.WriteTo);
        return Reply.Json(new KeptAnswer(rows.Segment, position), StatusCodes.Status201Created);
    }

    private async Task<IResult> DoneAsync(HttpContext context)
    {
        (await context.ReadObjectAsync()).RequireOnly([]);
        var id = context.PathId("id");
        var known = (await book.ReadAsync(context.RequestAborted)).Disposals
            .FirstOrDefault(one => one.Position.ToString(CultureInfo.InvariantCulture) == id)
            ?? throw new RefusedException(Problem.NotFound($"There is no disposal {id}."));
        if (known.Cut is not null)
        {
            throw new RefusedException(Problem.Conflict($"The end of the disposal {id} is written down."));
        }

        var cut = await store.ReadCutAsync(known.Position, context.RequestAborted);
        var position = await acts.WriteFactsAsync(
            StreamNames.Keeping, DisposedRows.Done, context.Bearer().Name, json =>
            {
                json.WriteNumber(DisposedRows.NumberMember, known.Position);
                json.WriteNumber(DisposedRows.CutMember, cut.Count);
                json.WriteString(DisposedRows.LeavesMember, SegmentDigests.DigestOf(cut));
            });
        return Reply.Json(new KeptAnswer(id, position), StatusCodes.Status201Created);
    }

    private static Retention RulesOf(RetentionAnswer adopted)
    {
        try
        {
            return Retention.Parse(adopted.Text);
        }
        catch (BackupException wrong)
        {
            throw new RefusedException(Problem.Conflict(
                $"The rules {adopted.Version} cannot be read as they were adopted, and nothing is due by them: "
                + wrong.Message));
        }
    }

    private async Task<RetentionState> RulesAsync(HttpContext context)
    {
        var state = await book.ReadAsync(context.RequestAborted);
        return state.Rules is not null ? state : throw new RefusedException(Problem.NotFound(
            "No rules of retention were adopted: everything is kept. audit keep adopt FILE"));
    }

    private static string PersonOf(Bearer actor) => actor.PersonBesideName ?? actor.Name;
}
