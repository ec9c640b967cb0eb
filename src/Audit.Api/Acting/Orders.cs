using Audit.Api.Diary;
using Audit.Api.Intake;

namespace Audit.Api.Acting;

/// <summary>An approval of more calls than the one that was asked for.</summary>
/// <param name="Location">A keyed hash of the place that it is for; null for the whole session.</param>
/// <param name="Rule">Under which rule it was given; null for the preset.</param>
internal sealed record StandingApproval(
    string Id, SessionName Session, string? Agent, string Tool, string Kind, string? Location, string? Version,
    string? Rule, bool IsByRule, string By, string Call, Timestamp GivenAt, Timestamp Until)
{
    public static readonly TimeSpan Longest = TimeSpan.FromHours(8);

    public static string NewId(Timestamp now) => "a-" + Guid.CreateVersion7(now.ToDateTimeOffset()).ToString("N");

    public string Decision => PolicyWords.Of(
        Location is null ? Ruling.ApproveForSession : Ruling.ApproveForLocation);

    /// <summary>
    /// Whether it covers what a policy would ask: the same tool under the same rule. What a rule gave covers what the
    /// preset asks, too, and never what another rule has a person asked for. Two persons are always asked.
    /// </summary>
    public bool Covers(StandingApproval asked, Timestamp now) =>
        IsLike(asked, now) && (Rule == asked.Rule || (IsByRule && asked.Rule is null))
        && (Location is null || Location == asked.Location);

    /// <summary>Whether it is for the same, under the same policy, and for as long.</summary>
    public bool IsLike(StandingApproval other, Timestamp now) =>
        now < Until && IsOf(other.Session, other.Agent, other.Tool) && Kind == other.Kind && Version == other.Version;

    /// <summary>Whether it ends when a person refuses this, of whatever kind that is.</summary>
    public bool IsOf(SessionName session, string? agent, string tool) =>
        Session == session && Agent == agent && Tool == tool;
}

/// <summary>A stop: whoever it is for is refused until a person lifts it.</summary>
internal sealed record StandingStop(
    string Id, string? Source, string? Session, string? Agent, string Reason, string By, Timestamp At)
{
    public string Sentence => $"stopped by {By}: {Reason}";

    public Outcome Outcome => new Outcome.Blocked(Sentence)
    {
        Decision = PolicyWords.Of(Ruling.Reject), By = By, Source = "stop", Feedback = Sentence,
    };

    public bool IsOf(SessionName session, string? agent) =>
        (Source is null || Source == session.Source) && (Session is null || Session == session.Id)
        && (Agent is null || Agent == agent);
}

/// <summary>
/// What stands for more calls than one: approvals and stops. They are acts in the book, and each node reads on before
/// it answers, so that what one was given holds for the next question on every other. The node that alone has its store
/// reads on only where it wrote one itself.
/// </summary>
internal sealed class OrderBook(RecordIntake intake, IAuditStore store, PolicyBook policies)
{
    private const string Given = "approval.given", Ended = "approval.ended", Stopped = "stop.ordered",
        Lifted = "stop.lifted", ByRule = "by_rule", Version = "version";

    private const int EndedAtOnce = 100;

    private readonly SemaphoreSlim turn = new(1);
    private readonly SemaphoreSlim following = new(1);
    private readonly ActReader acts = new(store.Opened);
    private readonly Dictionary<string, StandingApproval> approvals = [];
    private readonly HashSet<string> ended = [];
    private readonly List<StandingApproval> takenBack = [];
    private readonly Dictionary<string, StandingStop> stops = [];
    private string? followed;
    private (long Stops, long Approvals) lookedAt = (long.MinValue, long.MinValue);
    private (long Stops, long Approvals) hasRead = (-1, -1);
    private long changes;
    private int underway;

    public ValueTask<StandingStop?> StopOfAsync(
        SessionName session, string? agent, CancellationToken cancellation) =>
        AskAsync(
            () => stops.Values.FirstOrDefault(stop => stop.IsOf(session, agent)), ofStops: true, cancellation);

    public ValueTask<StandingApproval?> ApprovalOfAsync(StandingApproval asked, CancellationToken cancellation) =>
        AskAsync(
            () => approvals.Values.FirstOrDefault(one => one.Covers(asked, intake.Now)), ofStops: false, cancellation);

    /// <summary>What holds now: under the policy that holds now.</summary>
    public ValueTask<IReadOnlyList<StandingApproval>> ApprovalsAsync(CancellationToken cancellation)
    {
        var version = policies.Now.Policy?.Version;
        return ApprovalsAsync(one => one.Version == version, cancellation);
    }

    /// <summary>What a person ended no rule gives again for as long as it would have held.</summary>
    public ValueTask<bool> IsTakenBackAsync(StandingApproval given, CancellationToken cancellation) =>
        AskAsync(() => takenBack.Exists(one => one.IsLike(given, intake.Now)), ofStops: false, cancellation);

    public ValueTask<IReadOnlyList<StandingStop>> StopsAsync(CancellationToken cancellation) =>
        AskAsync<IReadOnlyList<StandingStop>>(
            () => [.. stops.Values.OrderByDescending(one => one.At)], ofStops: true, cancellation);

    /// <summary>What is written so that an approval holds for what follows.</summary>
    public OperatorSubmission GiveOf(StandingApproval one) => Act(
        StreamNames.Approvals(intake.Clock.GetUtcNow()), Given, one.By, null,
        ("id", one.Id), ("source", one.Session.Source), ("session_id", one.Session.Id), ("agent", one.Agent),
        ("tool", one.Tool), ("kind", one.Kind), ("location", one.Location), (Version, one.Version),
        ("rule", one.Rule), (ByRule, one.IsByRule ? "" : null), ("tool_call_id", one.Call),
        ("until", one.Until.ToString()));

    /// <summary>
    /// Takes an approval back: where it was given, so that a node whose clock is behind has both or neither.
    /// </summary>
    /// <param name="version">The policy that ends it; null where a person does.</param>
    public OperatorSubmission EndOf(StandingApproval approval, string by, string reason, string? version = null) => Act(
        StreamNames.Approvals(approval.GivenAt.ToDateTimeOffset()), Ended, by, reason, ("id", approval.Id),
        (Version, version));

    /// <exception cref="RefusedException">It is not known whether it was written.</exception>
    public async Task EndAsync(
        Func<StandingApproval, bool> which, string by, string reason, CancellationToken cancellation)
    {
        foreach (var one in await ApprovalsAsync(which, cancellation))
        {
            await WriteAsync(EndOf(one, by, reason));
        }
    }

    /// <summary>
    /// Ends what was approved under other policies before anything is decided by this one, so that none of it holds
    /// again when the other one is back.
    /// </summary>
    /// <exception cref="JournalUnavailableException">It is not known whether it was written.</exception>
    public async ValueTask FollowAsync(PolicyNow known, CancellationToken cancellation)
    {
        if (known.Policy?.Version is not { } version || version == Volatile.Read(ref followed))
        {
            return;
        }

        await following.WaitAsync(cancellation);
        try
        {
            var others = await ApprovalsAsync(one => one.Version != version, cancellation);
            foreach (var some in others.Chunk(EndedAtOnce))
            {
                await WritingAsync(async () =>
                {
                    var receipts = await intake.Engine.SubmitAsync(
                        [.. some.Select(one => EndOf(one, OperatorActs.Node, "another policy holds", version))],
                        CancellationToken.None);
                    return receipts.FirstOrDefault(one => one.Status != ReceiptStatus.Recorded) is { } failed
                        ? throw new JournalUnavailableException(failed.Error ?? "An approval could not be ended.")
                        : receipts;
                });
            }

            Volatile.Write(ref followed, version);
        }
        finally
        {
            following.Release();
        }
    }

    public OperatorSubmission StopOf(StandingStop stop) => Act(
        StreamNames.Stops, Stopped, stop.By, stop.Reason, ("id", stop.Id), ("source", stop.Source),
        ("session_id", stop.Session), ("agent", stop.Agent));

    public OperatorSubmission LiftOf(StandingStop stop, string by, string reason) =>
        Act(StreamNames.Stops, Lifted, by, reason, ("id", stop.Id));

    /// <exception cref="RefusedException">It is not known whether it was written.</exception>
    public Task WriteAsync(OperatorSubmission act) => WritingAsync(async () =>
    {
        var receipt = await intake.SubmitAsync(act);
        return receipt.Status == ReceiptStatus.Recorded
            ? receipt
            : throw new RefusedException(Problem.JournalAway(receipt.Error));
    });

    /// <summary>Every act of an order is written within this: meanwhile nobody relies on what was read.</summary>
    public async Task<T> WritingAsync<T>(Func<Task<T>> write)
    {
        Interlocked.Increment(ref underway);
        // What is not known to be written or not may come at any time: then all read on for ever.
        var written = await write();
        Interlocked.Increment(ref changes);
        Interlocked.Decrement(ref underway);
        return written;
    }

    private ValueTask<IReadOnlyList<StandingApproval>> ApprovalsAsync(
        Func<StandingApproval, bool> which, CancellationToken cancellation) =>
        AskAsync<IReadOnlyList<StandingApproval>>(
            () =>
            [
                .. approvals.Values.Where(one => intake.Now < one.Until && which(one))
                    .OrderByDescending(one => one.GivenAt),
            ],
            ofStops: false, cancellation);

    /// <summary>A read that began after somebody came has seen all that was there when he came.</summary>
    private async ValueTask<T> AskAsync<T>(
        Func<T> question, bool ofStops, CancellationToken cancellation)
    {
        var came = intake.Clock.GetTimestamp();
        await turn.WaitAsync(cancellation);
        try
        {
            var began = intake.Clock.GetTimestamp();
            // In this order: who ends writing counts his change first.
            var isQuiet = store.IsAlone && Volatile.Read(ref underway) == 0;
            var seen = Interlocked.Read(ref changes);
            if (ofStops && lookedAt.Stops <= came && !(isQuiet && hasRead.Stops == seen))
            {
                await acts.ReadOnAsync(StreamNames.Stops, Take, cancellation);
                (lookedAt.Stops, hasRead.Stops) = (began, seen);
            }
            else if (!ofStops && lookedAt.Approvals <= came && !(isQuiet && hasRead.Approvals == seen))
            {
                var today = intake.Clock.GetUtcNow();
                await acts.ReadOnAsync(StreamNames.Approvals(today.AddDays(-1)), Take, cancellation);
                await acts.ReadOnAsync(StreamNames.Approvals(today), Take, cancellation);
                (lookedAt.Approvals, hasRead.Approvals) = (began, seen);
            }

            return question();
        }
        finally
        {
            turn.Release();
        }
    }

    private void Take(EventView view)
    {
        var facts = JsonElement.Parse(view.Raw(EventField.Facts));
        var (by, at) = (view.Text(EventField.Token) ?? "", view.RequiredTime(EventField.ReceivedAt));
        var id = Text("id")!;
        switch (view.Text(EventField.Act))
        {
            case Given when !ended.Contains(id):
                _ = Rfc3339.TryParse(Text("until") ?? "", out var until);
                approvals[id] = new StandingApproval(
                    id, new SessionName(Text("source")!, Text("session_id")!), Text("agent"), Text("tool")!,
                    Text("kind")!, Text("location"), Text(Version), Text("rule"), Text(ByRule) is not null, by,
                    Text("tool_call_id")!, at, until);
                break;
            case Ended:
                ended.Add(id);
                if (approvals.Remove(id, out var was) && was.IsByRule && Text(Version) is null)
                {
                    takenBack.Add(was);
                }

                break;
            case Stopped:
                var reason = view.Raw(EventField.Detail) is { IsEmpty: false } detail
                    ? JsonElement.Parse(detail).GetProperty("reason").GetString()! : "";
                stops[id] = new StandingStop(id, Text("source"), Text("session_id"), Text("agent"), reason, by, at);
                break;
            case Lifted:
                stops.Remove(id);
                break;
        }

        string? Text(string name) => facts.TryGetProperty(name, out var value) ? value.GetString() : null;
    }

    private OperatorSubmission Act(
        string stream, string act, string by, string? reason, params (string Name, string? Value)[] facts) =>
        new(stream, act, by, intake.Now, reason is null ? default : ActReader.MembersOf(("reason", reason)))
        {
            Facts = ActReader.MembersOf(facts),
        };
}

/// <summary>Orders of people, however they come: by the API or by a page.</summary>
internal sealed class OrderDesk(RecordIntake intake, OrderBook orders)
{
    public const Roles MayStop = Roles.Approve | Roles.Admin;
    private const int LongestReason = 1000;

    private static readonly string[] OfStop = ["all", "source", "session_id", "agent", "reason"];

    /// <exception cref="RefusedException">There is none, or it is not known whether it was ended.</exception>
    public async Task EndAsync(string id, StrictObject body, Bearer actor, CancellationToken cancellation)
    {
        var known = Named(id, await orders.ApprovalsAsync(cancellation), one => one.Id);
        await orders.WriteAsync(orders.EndOf(known, actor.Name, ReasonOf(body)));
    }

    /// <exception cref="UnreadableException">It does not say who is stopped, or why.</exception>
    public async Task<StandingStop> StopAsync(StrictObject body, Bearer actor)
    {
        body.RequireOnly(OfStop);
        var stop = new StandingStop(
            "s-" + Guid.CreateVersion7(intake.Clock.GetUtcNow()).ToString("N"), body.Id("source"),
            body.Id("session_id"), body.Id("agent"), ReasonOf(body), actor.Name, intake.Now);
        if (body.Flag("all") == (stop.Source ?? stop.Session ?? stop.Agent) is not null)
        {
            throw new UnreadableException("all", "either an agent, a session or a source is named, or all is true");
        }

        await orders.WriteAsync(orders.StopOf(stop));
        return stop;
    }

    /// <exception cref="RefusedException">There is none, or it is not known whether it was lifted.</exception>
    public async Task LiftAsync(string id, StrictObject body, Bearer actor, CancellationToken cancellation)
    {
        var known = Named(id, await orders.StopsAsync(cancellation), one => one.Id);
        await orders.WriteAsync(orders.LiftOf(known, actor.Name, ReasonOf(body)));
    }

    private static T Named<T>(string id, IEnumerable<T> standing, Func<T, string> idOf) where T : class =>
        standing.FirstOrDefault(one => idOf(one) == id)
        ?? throw new RefusedException(Problem.NotFound($"There is no \"{id}\" that holds now."));

    private string ReasonOf(StrictObject body) =>
        body.RequiredText("reason") is { Length: <= LongestReason } reason && !string.IsNullOrWhiteSpace(reason)
            ? intake.Redactor?.Text(reason) ?? reason
            : throw new UnreadableException("reason", $"a sentence of at most {LongestReason} characters is expected");
}

/// <summary>`/v1/approvals` and `/v1/stops`: what stands for more calls than one, and how it is taken back.</summary>
internal sealed class OrderEndpoints(OrderBook orders, OrderDesk desk) : IEndpointGroup
{
    public void Map(IEndpointRouteBuilder routes)
    {
        const Roles Looking = Roles.Read | Roles.Approve;
        routes.Get(
            "/v1/approvals", ApprovalsAsync, Looking, "Lists approvals for sessions and locations that hold now.")
            .Produces<ItemPage<ApprovalAnswer>>().Scoped(Scope.Unbound);
        routes.Post(
            "/v1/approvals/{id}/end", EndAsync, Roles.Approve, "Takes an approval back; the body has the reason.")
            .Produces<ItemPage<ApprovalAnswer>>().Scoped(Scope.Unbound);
        routes.Get("/v1/stops", StopsAsync, Looking, "Lists the stops that hold now.")
            .Produces<ItemPage<StopAnswer>>().Scoped(Scope.Unbound);
        routes.Post(
            "/v1/stops", StopAsync, OrderDesk.MayStop,
            "Refuses at once whatever is asked for an agent, a session, a source or all, on every node.",
            "The body is {agent? and source? and session_id?, or all: true, and reason}. Questions that wait end.")
            .Produces<StopAnswer>(StatusCodes.Status201Created).Scoped(Scope.Unbound);
        routes.Post("/v1/stops/{id}/lift", LiftAsync, Roles.Approve, "Lifts a stop; the body has the reason.")
            .Produces<ItemPage<StopAnswer>>().Scoped(Scope.Unbound);
    }

    private async Task<IResult> ApprovalsAsync(HttpContext context) => Reply.Json(new ItemPage<ApprovalAnswer>(
        [.. (await orders.ApprovalsAsync(context.RequestAborted)).Select(Of)], null));

    private async Task<IResult> StopsAsync(HttpContext context) => Reply.Json(new ItemPage<StopAnswer>(
        [.. (await orders.StopsAsync(context.RequestAborted)).Select(Of)], null));

    private async Task<IResult> EndAsync(HttpContext context)
    {
        await desk.EndAsync(
            context.PathId("id"), await context.ReadObjectAsync(), context.Bearer(), context.RequestAborted);
        return await ApprovalsAsync(context);
    }

    private async Task<IResult> StopAsync(HttpContext context) => Reply.Json(
        Of(await desk.StopAsync(await context.ReadObjectAsync(), context.Bearer())), StatusCodes.Status201Created);

    private async Task<IResult> LiftAsync(HttpContext context)
    {
        await desk.LiftAsync(
            context.PathId("id"), await context.ReadObjectAsync(), context.Bearer(), context.RequestAborted);
        return await StopsAsync(context);
    }

    private static ApprovalAnswer Of(StandingApproval one) => new(
        one.Id, one.Decision, one.Session.Source, one.Session.Id, one.Agent, one.Tool, one.Kind, one.Rule, one.Version,
        one.By, one.Call, one.GivenAt.ToString(), one.Until.ToString());

    private static StopAnswer Of(StandingStop one) => new(
        one.Id, one.Source, one.Session, one.Agent, one.Reason, one.By, one.At.ToString());
}
