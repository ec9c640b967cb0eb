using Audit.Api.Diary;
using Audit.Api.Intake;
using Audit.Integrity.Keeping;
using Audit.Integrity.Rows;

namespace Audit.Api.Acting;

/// <summary>What one person asked for, to keep the book or to forget, and who else agreed.</summary>
/// <param name="IsHold">A hold; otherwise an erasure.</param>
/// <param name="Session">Null for a hold on all that a source reports, or on everything.</param>
internal sealed record KeepingOrder(
    string Id, bool IsHold, string? Source, string? Session, string By, string Person, Timestamp At, string Reason)
{
    /// <summary>Who confirmed the erasure, or asked that the hold be lifted.</summary>
    public (string By, string Person, Timestamp At)? Second { get; init; }

    /// <summary>From when on it is carried out; null while nobody else confirmed it.</summary>
    public Timestamp? Due { get; init; }

    /// <summary>Keys ended, or a hold lifted.</summary>
    public bool IsOver { get; init; }

    /// <summary>An erasure of which nothing is left to do but what stands in it as pending.</summary>
    public bool IsDone { get; init; }

    /// <summary>Places with older keys that could not be reached.</summary>
    public string? Pending { get; init; }

    public bool Holds(string source, string session) =>
        IsHold && !IsOver && (Source is null || Source == source) && (Session is null || Session == session);

    public string State => (IsHold, IsOver) switch
    {
        (true, true) => "lifted",
        (true, false) => Second is null ? "holds" : "holds, lifting was asked for",
        (false, true) => !IsDone ? "being carried out" : Pending is null ? "erased" : "erased, key backups pending",
        _ => Second is null ? "waits for another person" : $"due {Due}",
    };
}

/// <summary>The orders as the book has them; each node reads on, and forgets what another one erased.</summary>
internal sealed class KeepingBook(IAuditStore store)
{
    public const string HoldAdded = "hold.added", LiftAsked = "hold.lift_asked", HoldLifted = "hold.lifted",
        Asked = "erasure.asked", Confirmed = "erasure.confirmed", Hastened = "erasure.hastened",
        Done = "erasure.done";

    public static readonly TimeSpan Wait = TimeSpan.FromDays(7);

    private readonly SemaphoreSlim turn = new(1);
    private readonly ActReader acts = new(store.Opened);
    private readonly Dictionary<string, KeepingOrder> orders = [];
    private readonly HashSet<string> keyPlaces = [];

    /// <summary>Where keys were backed up.</summary>
    public IReadOnlyCollection<string> KeyPlaces => keyPlaces;

    public async Task<IReadOnlyList<KeepingOrder>> ReadAsync(CancellationToken cancellation)
    {
        await turn.WaitAsync(cancellation);
        try
        {
            await acts.ReadOnAsync(StreamNames.Keeping, Take, cancellation);
            return [.. orders.Values.OrderByDescending(one => one.At)];
        }
        finally
        {
            turn.Release();
        }
    }

    private void Take(EventView view)
    {
        var facts = JsonElement.Parse(view.Raw(EventField.Facts));
        var (act, by, at) = (
            view.Text(EventField.Act), view.Text(EventField.Token) ?? "", view.RequiredTime(EventField.ReceivedAt));
        var (id, person) = (Text("id") ?? "", Text("person") ?? by);
        if (act is HoldAdded or Asked)
        {
            var reason = view.Raw(EventField.Detail) is { IsEmpty: false } detail
                ? JsonElement.Parse(detail).GetProperty("reason").GetString()! : "";
            orders[id] = new KeepingOrder(
                id, act == HoldAdded, Text("source"), Text("session_id"), by, person, at, reason);
        }
        else if (act == TakenBackup.Act && Text("keys") is { } place)
        {
            keyPlaces.Add(place);
        }
        else if (orders.TryGetValue(id, out var known))
        {
            orders[id] = act switch
            {
                LiftAsked => known with { Second = (by, person, at) },
                Confirmed => known with { Second = (by, person, at), Due = at.Add(Wait) },
                Hastened => known with { Due = at },
                HoldLifted => known with { IsOver = true },
                ErasedContent.Act => Over(known),
                Done => known with { IsDone = true, Pending = Text("pending") },
                _ => known,
            };
        }

        string? Text(string name) => facts.TryGetProperty(name, out var value) ? value.GetString() : null;
    }

    private KeepingOrder Over(KeepingOrder known)
    {
        // Whichever node did it: what this one has at hand of the key is let go of.
        store.Seal.Payloads.Forget();
        return known with { IsOver = true };
    }
}

/// <summary>Carries erasures out when they are due, and finishes what a node began that was ended meanwhile.</summary>
internal sealed class Erasures(
    KeepingBook book, IAuditStore store, ReadSide reads, OperatorActs acts, TimeProvider clock, FailureLog failures)
    : IAsyncDisposable
{
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(1);

    private BackgroundWork? work;

    public void Start() => work = BackgroundWork.Every(Pause, clock, LookAsync);

    public ValueTask DisposeAsync() => work?.DisposeAsync() ?? default;

    private async Task LookAsync()
    {
        HashSet<string> tried = [];
        for (var isMore = true; isMore;)
        {
            isMore = false;
            try
            {
                // Again before each: a hold may have been made while another was carried out.
                var orders = await book.ReadAsync(CancellationToken.None);
                if (orders.FirstOrDefault(one => !tried.Contains(one.Id) && IsDue(one, orders)) is { } order)
                {
                    isMore = tried.Add(order.Id);
                    await CarryOutAsync(order);
                }
            }
            catch (Exception failure)
            {
                // Whatever keeps one from being carried out keeps no other, and is tried again.
                failures.Report("erasures", failure);
            }
        }
    }

    private bool IsDue(KeepingOrder one, IEnumerable<KeepingOrder> orders) =>
        one is { IsHold: false, IsDone: false, Due: not null }
        && (one.IsOver || (one.Due <= Timestamp.From(clock.GetUtcNow())
            && !orders.Any(hold => hold.Holds(one.Source!, one.Session!))));

    /// <summary>Each step may be done twice: a node that ends in the middle is followed by another.</summary>
    private async Task CarryOutAsync(KeepingOrder order)
    {
        var erased = new ErasedContent(
            order.Id, StreamNames.Session(new SessionName(order.Source!, order.Session!)), order.Person,
            order.Second!.Value.Person, clock.GetUtcNow(), 0);
        if (!order.IsOver)
        {
            await acts.WriteFactsAsync(StreamNames.Keeping, ErasedContent.Act, OperatorActs.Node, erased.WriteTo);
        }

        await store.EndKeyAsync(erased.Owner, CancellationToken.None);
        await reads.RebuildAsync(null, CancellationToken.None);
        await reads.Search.RebuildAsync(null, CancellationToken.None);
        await book.ReadAsync(CancellationToken.None);
        var pending = book.KeyPlaces.Where(place => !KeyBackup.TryForget(place, erased)).ToList();
        await acts.WriteFactsAsync(
            StreamNames.Keeping, KeepingBook.Done, OperatorActs.Node,
            json =>
            {
                json.WriteString("id", order.Id);
                if (pending.Count > 0)
                {
                    json.WriteString("pending", string.Join(", ", pending));
                }
            });
    }
}

/// <summary>`/v1/backups`, `/v1/holds` and `/v1/erasures`: what is done to keep the book, and to forget.</summary>
internal sealed class KeepingEndpoints(
    RecordIntake intake, KeepingBook book, IAuditStore store, ReadSide reads, PeopleNow people, OperatorActs acts,
    ApiSettings settings) : IEndpointGroup
{
    private const Roles Asking = Roles.Approve | Roles.Admin;

    private static readonly string[] OfOrder = ["source", "session_id", "all", "reason"];

    public void Map(IEndpointRouteBuilder routes)
    {
        routes.Post(
            "/v1/backups", NoteAsync, Roles.Admin, "Writes down that a backup was taken.",
            "The body is {id, last_position, rows, to, keys?}, as `audit backup` sends it.")
            .Produces<KeptAnswer>(StatusCodes.Status201Created).Scoped(Scope.Administration);
        Orders(
            "/v1/holds", isHold: true, "holds", "Holds what a session, a source or all have: nothing of it is erased.",
            "The body is {source and session_id?, or all: true, and reason}.");
        Orders(
            "/v1/erasures", isHold: false, "erasures", "Asks that the content of a session be erased.",
            "The body is {source, session_id, reason}. Another person confirms it; a week later its key ends.");
        routes.Post(
            "/v1/holds/{id}/lift", LiftAsync, Roles.Admin,
            "Asks that a hold be lifted; by another administrator than who asked, lifts it, unless one of the two made "
            + "the other's token.")
            .Produces<KeepingAnswer>().Scoped(Scope.Administration);
        routes.Post(
            "/v1/erasures/{id}/confirm", ConfirmAsync, Asking,
            "Confirms an erasure, by another person than who asked and who is behind the source; {now: true} by a "
            + "third person carries it out at once.")
            .Produces<KeepingAnswer>().Scoped(Scope.Unbound);

        void Orders(string path, bool isHold, string what, string about, string body)
        {
            routes.Get(path, context => ListAsync(context, isHold), Roles.Read | Asking, $"Lists {what}, newest first.")
                .Produces<ItemPage<KeepingAnswer>>().Scoped(Scope.Unbound);
            routes.Post(path, context => AskAsync(context, isHold), Asking, about, body)
                .Produces<KeepingAnswer>(StatusCodes.Status201Created).Scoped(Scope.Unbound);
        }
    }

    private async Task<IResult> NoteAsync(HttpContext context)
    {
        var taken = TakenBackup.Read(await context.ReadObjectAsync());
        return Reply.Json(
            new KeptAnswer(taken.Id, await taken.WriteAsync(acts, context.Bearer().Name)),
            StatusCodes.Status201Created);
    }

    private async Task<IResult> ListAsync(HttpContext context, bool isHold) =>
        Reply.Json(new ItemPage<KeepingAnswer>(
            [.. (await book.ReadAsync(context.RequestAborted)).Where(one => one.IsHold == isHold).Select(Of)], null));

    private async Task<IResult> AskAsync(HttpContext context, bool isHold)
    {
        var body = await context.ReadObjectAsync();
        body.RequireOnly(OfOrder);
        var (source, session) = (body.Id("source"), body.Id("session_id"));
        if (isHold ? body.Flag("all") == source is not null || (source is null && session is not null)
            : source is null || session is null)
        {
            throw new UnreadableException("source", isHold
                ? "a source is named, with a session of it or without, or all is true"
                : "the source and its session are named");
        }

        var known = await book.ReadAsync(context.RequestAborted);
        if (!isHold)
        {
            await RequireErasableAsync(known, source!, session!, context.RequestAborted);
        }

        var id = (isHold ? "h-" : "e-") + Guid.CreateVersion7(intake.Clock.GetUtcNow()).ToString("N");
        await WriteAsync(
            context, isHold ? KeepingBook.HoldAdded : KeepingBook.Asked, ReasonOf(body), ("id", id),
            ("source", source), ("session_id", session));
        return await AnswerAsync(context, id, StatusCodes.Status201Created);
    }

    private async Task RequireErasableAsync(
        IReadOnlyList<KeepingOrder> known, string source, string session, CancellationToken cancellation)
    {
        if (known.FirstOrDefault(one => one.Holds(source, session)) is { } hold)
        {
            throw new RefusedException(Problem.Conflict(
                $"The hold {hold.Id} of {hold.By} stands over it: {hold.Reason}"));
        }

        await RequireReviewedAsync(source, session, cancellation);
        var stream = StreamNames.Session(new SessionName(source, session));
        await store.Seal.Payloads.LoadAsync([stream], cancellation);
        if (!store.Seal.Payloads.TryGet(new StreamKey(stream), out var key) || key is null)
        {
            throw new RefusedException(Problem.NotFound(
                $"The source \"{source}\" has no session \"{session}\" with content that can be erased."));
        }
    }

    /// <summary>Nobody forgets what a person has yet to look at.</summary>
    private async Task RequireReviewedAsync(string source, string session, CancellationToken cancellation)
    {
        var waiting = new ViolationFilter { Review = ReviewState.Waiting };
        for (var page = new PageRequest(PageRequest.MostItems); ;)
        {
            var found = await reads.Models.ViolationsAsync(waiting, page, cancellation);
            if (found.Items.Any(one => one.Source == source && one.SessionId == session))
            {
                throw new RefusedException(Problem.Conflict(
                    "Violations of this session wait for review: audit violations --unreviewed lists them."));
            }

            if (found.Next is not { } next)
            {
                return;
            }

            page = new PageRequest(PageRequest.MostItems, next);
        }
    }

    private async Task<IResult> ConfirmAsync(HttpContext context)
    {
        var body = await context.ReadObjectAsync();
        body.RequireOnly(["now"]);
        var (order, actor) = (await NamedAsync(context, isHold: false), context.Bearer());
        await RequireErasableAsync(
            await book.ReadAsync(context.RequestAborted), order.Source!, order.Session!, context.RequestAborted);
        await RequireAnotherAsync(
            order, [order.Person, order.Second?.Person], actor, "An erasure is confirmed", context.RequestAborted);
        var isFirst = order.Second is null;
        if (!isFirst && !body.Flag("now"))
        {
            throw new RefusedException(Problem.Conflict($"It is confirmed already, and {order.State}."));
        }

        await WriteAsync(context, isFirst ? KeepingBook.Confirmed : KeepingBook.Hastened, null, ("id", order.Id));
        return await AnswerAsync(context, order.Id, StatusCodes.Status200OK);
    }

    private async Task<IResult> LiftAsync(HttpContext context)
    {
        var order = await NamedAsync(context, isHold: true);
        var isFirst = order.Second is null;
        if (!isFirst)
        {
            await RequireAnotherAsync(
                order, [order.Second?.Person], context.Bearer(), "A hold is lifted", context.RequestAborted);
        }

        var reason = isFirst ? ReasonOf(await context.ReadObjectAsync()) : null;
        await WriteAsync(context, isFirst ? KeepingBook.LiftAsked : KeepingBook.HoldLifted, reason, ("id", order.Id));
        return await AnswerAsync(context, order.Id, StatusCodes.Status200OK);
    }

    /// <summary>None of them can be undone, so that whoever may be an earlier one is none other.</summary>
    /// <param name="earlier">Who asked, and who confirmed.</param>
    /// <param name="what">Is done so.</param>
    private async Task RequireAnotherAsync(
        KeepingOrder order, IEnumerable<string?> earlier, Bearer actor, string what, CancellationToken cancellation)
    {
        var parties = await people.PartiesOfAsync(name => name == order.Source, asker: null, cancellation);
        var mayBeOne = parties.Include(actor);
        foreach (var person in earlier.OfType<string>())
        {
            mayBeOne |= await people.MayBeOneAsync(person, PersonOf(actor), cancellation);
        }

        if (mayBeOne && !settings.AllowSelfApproval)
        {
            throw new RefusedException(Problem.Forbidden(
                $"{what} by another person than who asked for it or confirmed it, and than who is behind its source; "
                + "and by nobody who made the token of one of these, or has one that one of these made."));
        }
    }

    private static string PersonOf(Bearer actor) => actor.PersonBesideName ?? actor.Name;

    private async Task<KeepingOrder> NamedAsync(HttpContext context, bool isHold)
    {
        var id = context.PathId("id");
        return (await book.ReadAsync(context.RequestAborted))
            .FirstOrDefault(one => one.IsHold == isHold && !one.IsOver && one.Id == id)
            ?? throw new RefusedException(Problem.NotFound($"There is no \"{id}\" that stands."));
    }

    private async Task WriteAsync(
        HttpContext context, string act, string? reason, params (string Name, string? Value)[] facts)
    {
        var actor = context.Bearer();
        var receipt = await intake.SubmitAsync(new OperatorSubmission(
            StreamNames.Keeping, act, actor.Name, intake.Now,
            reason is null ? default : ActReader.MembersOf(("reason", reason)))
        {
            Facts = ActReader.MembersOf([.. facts, ("person", PersonOf(actor))]),
        });
        if (receipt.Status != ReceiptStatus.Recorded)
        {
            throw new RefusedException(Problem.JournalAway(receipt.Error));
        }
    }

    private async Task<IResult> AnswerAsync(HttpContext context, string id, int status) => Reply.Json(
        Of((await book.ReadAsync(context.RequestAborted)).Single(one => one.Id == id)), status);

    private string ReasonOf(StrictObject body) =>
        body.RequiredText("reason") is { Length: <= Reviewing.LongestReason } reason
            && !string.IsNullOrWhiteSpace(reason)
            ? acts.Redacted(reason)
            : throw new UnreadableException(
                "reason", $"a sentence of at most {Reviewing.LongestReason} characters is expected");

    private static KeepingAnswer Of(KeepingOrder one) => new(
        one.Id, one.Source, one.Session, one.State, one.By, one.Second?.By, one.At.ToString(), one.Due?.ToString(),
        one.Reason, one.Pending);
}
