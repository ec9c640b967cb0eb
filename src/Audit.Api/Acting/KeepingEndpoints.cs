using Audit.Api.Diary;
using Audit.Api.Intake;
using Audit.Api.Reading;

namespace Audit.Api.Acting;

/// <summary>
/// `/v1/backups`, `/v1/holds` and `/v1/erasures`: what is done to keep the book, and to forget.
/// </summary>
internal sealed class KeepingEndpoints(
    RecordIntake intake, KeepingBook book, ErasureGuard guard, Erasures erasures, ReadSide reads, PeopleNow people,
    OperatorActs acts, ApiSettings settings, IAuditStore store)
    : IEndpointGroup
{
    private const Roles Asking = Roles.Approve | Roles.Admin;

    /// <summary>What one order may find, and how long it may look.</summary>
    private const int MostCalls = 10_000, CallsInEvent = 200, MostTries = 20;

    private const string Narrower = "ask for less: add source:, session:, before: or after: to what is to match";

    private static readonly TimeSpan LongestLook = TimeSpan.FromSeconds(30);

    private static readonly string[] OfHold =
        ["source", "session_id", "tool_call_id", "agent", "task", "before", "all", "reason"];

    private static readonly string[] OfErasure = ["source", "session_id", "tool_call_id", "agent", "match", "reason"];

    public void Map(IEndpointRouteBuilder routes)
    {
        routes.Post(
            "/v1/backups", NoteAsync, Roles.Admin, "Writes down that a backup was taken.",
            "The body is {id, last_position, rows, to, keys?}, as `audit backup` sends it; before, {keys} alone.")
            .Produces<KeptAnswer>(StatusCodes.Status201Created).Scoped(Scope.Administration);
        Orders(
            "/v1/holds", isHold: true, "holds",
            "Holds what a session, a call, a source, an agent, a task, a time or all have: nothing of it is erased.",
            "The body is {source?, session_id?, tool_call_id?, agent?, task?, before?}, or {all: true}, and reason.");
        Orders(
            "/v1/erasures", isHold: false, "erasures", "Asks that the content of a session or of calls be erased.",
            "The body is {source, session_id, tool_call_id?, reason}, or {agent, source?, reason}, or {match, reason}, "
            + "a query with an input. The calls that these find are fixed. Another person confirms it; a week later "
            + "their keys end.");
        routes.Get(
            "/v1/erasures/{id}", OneAsync, Roles.Read | Asking, "Shows an erasure with the calls that it is of.")
            .Produces<KeepingAnswer>().Scoped(Scope.Unbound);
        routes.Post(
            "/v1/holds/{id}/lift", LiftAsync, Roles.Admin,
            "Asks that a hold be lifted; by another administrator than who asked, lifts it, unless one of the two made "
            + "the other's token.")
            .Produces<KeepingAnswer>().Scoped(Scope.Administration);
        routes.Post(
            "/v1/erasures/{id}/confirm", ConfirmAsync, Asking,
            "Confirms an erasure, by another person than who asked and who is behind the source; {now: true} by a "
            + "third person carries it out at once. Where it found calls, {digest} names the list.")
            .Produces<KeepingAnswer>().Scoped(Scope.Unbound);

        void Orders(string path, bool isHold, string what, string about, string body)
        {
            routes.Get(path, context => ListAsync(context, isHold), Roles.Read | Asking, $"Lists {what}, newest first.")
                .Produces<ItemPage<KeepingAnswer>>().Scoped(Scope.Unbound);
            routes.Post(path, isHold ? HoldAsync : EraseAsync, Asking, about, body)
                .Produces<KeepingAnswer>(StatusCodes.Status201Created).Scoped(Scope.Unbound);
        }
    }

    private async Task<IResult> NoteAsync(HttpContext context)
    {
        var body = await context.ReadObjectAsync();
        var taken = TakenBackup.Read(body);
        return Reply.Json(
            new KeptAnswer(taken.Id, await taken.WriteAsync(acts, context.Bearer().Name)),
            StatusCodes.Status201Created);
    }

    private async Task<IResult> ListAsync(HttpContext context, bool isHold) =>
        Reply.Json(new ItemPage<KeepingAnswer>(
            [
                .. (await book.ReadAsync(context.RequestAborted)).Orders.Where(one => one.IsHold == isHold)
                    .Select(one => Of(one)),
            ],
            null));

    private async Task<IResult> OneAsync(HttpContext context)
    {
        var id = context.PathId("id");
        var found = (await book.ReadAsync(context.RequestAborted)).Orders
            .FirstOrDefault(one => !one.IsHold && one.Id == id)
            ?? throw new RefusedException(Problem.NotFound($"There is no erasure \"{id}\"."));
        return Reply.Json(Of(found) with { Calls = found.Digest is null ? null : [.. found.Calls.Select(NameOf)] });
    }

    private async Task<IResult> HoldAsync(HttpContext context)
    {
        var body = await context.ReadObjectAsync();
        body.RequireOnly(OfHold);
        var reach = new KeepingReach(
            body.Id("source"), body.Id("session_id"), body.Id("tool_call_id"), body.Id("agent"), body.Id("task"),
            body.Time("before"));
        if (body.Flag("all") != reach.IsAll || (reach.Session is not null && reach.Source is null)
            || (reach.Call is not null && reach.Session is null))
        {
            throw new UnreadableException(
                "source",
                "a source is named, with a session of it or without, and with a call of that or without; or an agent, "
                + "a task or a time; or all is true");
        }

        var id = NewId("h-");
        await WriteAsync(
            context, new KeepingDraft(KeepingBook.HoldAdded, ReasonOf(body), After: -1),
            [
                ("id", id), ("source", reach.Source), ("session_id", reach.Session), ("tool_call_id", reach.Call),
                ("agent", reach.Agent), ("task", reach.Task), ("before", reach.Before?.ToString()),
            ]);
        return await AnswerAsync(context, id, StatusCodes.Status201Created);
    }

    private async Task<IResult> EraseAsync(HttpContext context)
    {
        var body = await context.ReadObjectAsync();
        body.RequireOnly(OfErasure);
        var (agent, match) = (body.Id("agent"), body.Text("match"));
        var reach = new KeepingReach(body.Id("source"), body.Id("session_id"), body.Id("tool_call_id"), agent);
        var isNamed = reach.Session is not null;
        if ((isNamed ? 1 : 0) + (agent is null ? 0 : 1) + (match is null ? 0 : 1) != 1
            || (isNamed && reach.Source is null) || (!isNamed && reach.Call is not null)
            || (match is not null && reach.Source is not null))
        {
            throw new UnreadableException(
                "source",
                "the source and its session are named, with a call of it or without; or an agent, with a source or "
                + "without; or what is to match");
        }

        var (id, reason) = (NewId("e-"), ReasonOf(body));
        var order = new KeepingOrder(
            id, false, reach, null, context.Bearer().Name, PersonOf(context.Bearer()), intake.Now, reason);
        if (!isNamed)
        {
            var query = reads.Search.Parse(match ?? SearchQuery.OfAgent(agent!, reach.Source));
            order = order with { Match = match is null ? null : KeysOf(query) };
            var calls = await FindAsync(query, context.RequestAborted);
            order = order with { Calls = calls, Digest = KeepingOrder.DigestOf(calls) };
        }

        return await DecideAsync(context, id, StatusCodes.Status201Created, async state =>
        {
            await RequireErasableAsync(order, state, context.RequestAborted);
            if (isNamed && !await guard.HasContentAsync(order.What.Single(), context.RequestAborted))
            {
                throw new RefusedException(Problem.NotFound(
                    $"The source \"{reach.Source}\" has no session \"{reach.Session}\""
                    + (reach.Call is null ? "" : $", or that no call \"{reach.Call}\",")
                    + " with content that can be erased."));
            }

            foreach (var chunk in order.Calls.Chunk(CallsInEvent))
            {
                await acts.WriteFactsAsync(
                    StreamNames.Keeping, KeepingBook.Listed, order.By,
                    json =>
                    {
                        json.WriteString("id", id);
                        json.WriteTexts("calls", chunk);
                    });
            }

            // The list itself moved the stream on; a hold that came meanwhile is met when it is confirmed.
            return new KeepingDraft(KeepingBook.Asked, reason, After: order.Calls.Count == 0 ? state.Last : -1)
            {
                Facts =
                [
                    ("source", reach.Source), ("session_id", reach.Session), ("tool_call_id", reach.Call),
                    ("agent", agent), ("digest", order.Digest),
                ],
                Match = order.Match,
            };
        });
    }

    /// <summary>The calls that a query finds, all of them, or none is erased.</summary>
    private async Task<IReadOnlyList<string>> FindAsync(SearchQuery query, CancellationToken cancellation)
    {
        // Once: a host that goes on writing keeps nobody from asking.
        var end = await store.Journal.LastPositionAsync(cancellation);
        await reads.CatchUpAsync(Questions.Patience, cancellation);
        await reads.Search.CatchUpAsync(Questions.Patience, cancellation);
        var (found, began) = (new HashSet<string>(), intake.Clock.GetTimestamp());
        for (var page = new PageRequest(PageRequest.MostItems); ;)
        {
            var answer = await reads.Search.SearchAsync(query, page, ReadScope.All, cancellation);
            found.UnionWith(answer.Items.Where(hit => hit.CallId is not null)
                .Select(hit => StreamNames.Call(hit.Session, hit.CallId!)));
            if (page.Cursor is null && answer.IndexedTo < end)
            {
                throw new RefusedException(Problem.ReadModelsAway(
                    $"The text index has the book up to position {answer.IndexedTo}, which ends at "
                    + $"{end}: ask again when it has all of it."));
            }

            if (found.Count > MostCalls || intake.Clock.GetElapsedTime(began) > LongestLook)
            {
                throw new RefusedException(Problem.Unprocessable(
                    $"It finds more than {MostCalls} calls, or takes longer than {LongestLook.TotalSeconds} s; "
                    + $"{Narrower}."));
            }

            if (answer.Next is not { } next)
            {
                return found.Count > 0 ? [.. found.Order(StringComparer.Ordinal)]
                    : throw new RefusedException(Problem.NotFound("It finds no call."));
            }

            page = new PageRequest(PageRequest.MostItems, next);
        }
    }

    /// <summary>Where it looks: what it looks for is to be forgotten, and stands nowhere.</summary>
    private static string KeysOf(SearchQuery query) => query.AsksInput
        ? string.Join(' ', query.Keys)
        : throw new UnreadableException(
            "match",
            "an input is named, such as input.email:value, with other terms or without; beside an OR, on both sides");

    private async Task RequireErasableAsync(KeepingOrder order, KeepingState state, CancellationToken cancellation)
    {
        if (await guard.WhyNotAsync(order, state, cancellation) is { } why)
        {
            throw new RefusedException(Problem.Conflict(why));
        }
    }

    private async Task<IResult> ConfirmAsync(HttpContext context)
    {
        var body = await context.ReadObjectAsync();
        body.RequireOnly(["now", "digest"]);
        return await DecideAsync(context, context.PathId("id"), StatusCodes.Status200OK, async state =>
        {
            var (order, actor) = (Named(context, state, isHold: false), context.Bearer());
            await RequireErasableAsync(order, state, context.RequestAborted);
            await RequireAnotherAsync(
                order, [(order.By, order.Person, order.At), order.Second], actor, "An erasure is confirmed",
                context.RequestAborted);
            var digest = body.Text("digest");
            if ((digest ?? order.Digest) is not null && digest != order.Digest)
            {
                throw new RefusedException(Problem.Conflict(order.Digest is null
                    ? "It has no list: a digest is given where calls were found."
                    : $"It erases {order.Calls.Count} calls, GET /v1/erasures/{order.Id} shows them, and is confirmed "
                        + $"with the digest of that list, {order.Digest}."));
            }

            var isFirst = order.Second is null;
            return isFirst || body.Flag("now")
                ? new KeepingDraft(isFirst ? KeepingBook.Confirmed : KeepingBook.Hastened, null, state.Last)
                {
                    Facts = [("digest", digest)],
                }
                : throw new RefusedException(Problem.Conflict($"It is confirmed already, and {order.State}."));
        });
    }

    private async Task<IResult> LiftAsync(HttpContext context)
    {
        var body = await context.ReadObjectAsync();
        return await DecideAsync(context, context.PathId("id"), StatusCodes.Status200OK, async state =>
        {
            var order = Named(context, state, isHold: true);
            await RequireAnotherAsync(
                order, [order.Second], context.Bearer(), "A hold is lifted", context.RequestAborted);
            if (order.Second is null)
            {
                return new KeepingDraft(KeepingBook.LiftAsked, ReasonOf(body), state.Last);
            }

            return new KeepingDraft(KeepingBook.HoldLifted, null, state.Last);
        });
    }

    /// <summary>None of them can be undone, so that whoever may be an earlier one is none other.</summary>
    /// <param name="earlier">Who asked, and who confirmed, with what token and when.</param>
    /// <param name="what">Is done so.</param>
    private async Task RequireAnotherAsync(
        KeepingOrder order, IEnumerable<(string By, string Person, Timestamp At)?> earlier, Bearer actor, string what,
        CancellationToken cancellation)
    {
        var owners = order.Calls.Select(StreamNames.PayloadOwner).Distinct().ToList();
        var parties = await people.PartiesOfAsync(
            // A hold that names no source may stand over each.
            name => name == order.Reach.Source || (order.IsHold && order.Reach.Source is null) || owners.Exists(owner => owner.StartsWith(
                StreamNames.Session(new SessionName(name, "")), StringComparison.Ordinal)),
            asker: null, cancellation);
        if (!settings.AllowSelfApproval && (parties.Include(actor) || await people.MayBeOneOfAsync(
            earlier.OfType<(string By, string Person, Timestamp At)>(), actor.Name, PersonOf(actor), cancellation)))
        {
            throw new RefusedException(Problem.Forbidden(
                $"{what} by another person than who asked for it or confirmed it, and than who is behind its source; "
                + "by nobody who made the token of one of these, or has one that one of these made; and with a token "
                + "from before it was asked for, which nobody but the first administrator made beside another's."));
        }
    }

    private static string PersonOf(Bearer actor) => actor.PersonBesideName ?? actor.Name;

    private string NewId(string prefix) => prefix + Guid.CreateVersion7(intake.Clock.GetUtcNow()).ToString("N");

    private static KeepingOrder Named(HttpContext context, KeepingState state, bool isHold)
    {
        var id = context.PathId("id");
        return state.Orders.FirstOrDefault(one => one.IsHold == isHold && !one.IsOver && one.Id == id)
            ?? throw new RefusedException(Problem.NotFound($"There is no \"{id}\" that stands."));
    }

    /// <summary>Decides by what the book has, again where it went on before the act was written.</summary>
    private async Task<IResult> DecideAsync(
        HttpContext context, string id, int status, Func<KeepingState, Task<KeepingDraft>> decide)
    {
        for (var tries = 1; ; tries++)
        {
            var draft = await decide(await book.ReadAsync(context.RequestAborted));
            if (await WriteAsync(context, draft, [("id", id), .. draft.Facts]))
            {
                return await AnswerAsync(context, id, status);
            }

            if (tries == MostTries)
            {
                throw new RefusedException(Problem.Conflict("Others act on what is kept at this moment; try again."));
            }
        }
    }

    private async Task<bool> WriteAsync(
        HttpContext context, KeepingDraft draft, IReadOnlyList<(string Name, string? Value)> facts)
    {
        var actor = context.Bearer();
        var token = await people.MakingOfAsync(actor.Name, context.RequestAborted);
        var receipt = await intake.SubmitAsync(new OperatorSubmission(
            StreamNames.Keeping, draft.Act, actor.Name, intake.Now,
            draft.Reason is null ? default
                : ActReader.MembersOf(("reason", draft.Reason), ("match", draft.Match)))
        {
            Facts = ActReader.MembersOf(
            [
                .. facts, ("person", PersonOf(actor)), ("token_maker", token?.Maker),
                ("token_made_at", token is null ? null : Timestamp.From(token.At).ToString()),
            ]),
            After = draft.After,
        });
        return receipt.Status is ReceiptStatus.Recorded or ReceiptStatus.Refused
            ? receipt.Status == ReceiptStatus.Recorded
            : throw new RefusedException(Problem.JournalAway(receipt.Error));
    }

    private async Task<IResult> AnswerAsync(HttpContext context, string id, int status)
    {
        var orders = (await book.ReadAsync(context.RequestAborted)).Orders;
        var order = orders.Single(one => one.Id == id);
        // Who holds what is erased already is to know that it came too late.
        var isExact = order.Reach is { Source: not null, AsksFacts: false };
        var gone = orders.Where(one => order.IsHold && one is { IsHold: false, IsOver: true }
            && (isExact || !one.IsDone) && one.What.Any(order.Reach.MayCover)).Select(one => one.Id).ToList();
        return Reply.Json(gone.Count == 0 ? Of(order) : Of(order) with
        {
            HeldUp = $"erased before it, or in part: {string.Join(", ", gone)}",
        }, status);
    }

    private string ReasonOf(StrictObject body) =>
        body.RequiredText("reason") is { Length: <= Reviewing.LongestReason } reason
            && !string.IsNullOrWhiteSpace(reason)
            ? acts.Redacted(reason)
            : throw new UnreadableException(
                "reason", $"a sentence of at most {Reviewing.LongestReason} characters is expected");

    /// <summary>A call as the list has it: its source, its session and its id.</summary>
    private static string NameOf(string stream) => stream[StreamNames.CallPrefix.Length..];

    private KeepingAnswer Of(KeepingOrder one) => new(
        one.Id, one.Reach.Source, one.Reach.Session, one.Reach.Call, one.Reach.Agent, one.Reach.Task,
        one.Reach.Before?.ToString(), one.Match, one.Digest is null ? null : one.Calls.Count, one.Digest, one.State,
        one.By, one.Second?.By, one.At.ToString(), one.Due?.ToString(), one.Reason,
        one.Pending.Count == 0 ? null : string.Join(", ", one.Pending),
        one.Held.Count > 0 ? $"held, and not erased: {string.Join(", ", one.Held.Select(NameOf))}"
            : one.IsOver ? null : erasures.HeldUp(one.Id));
}
