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
        now < Until && Of == other.Of && Kind == other.Kind && Version == other.Version;

    /// <summary>What it is for, of whatever kind: all of these end when a person refuses one.</summary>
    public (SessionName Session, string? Agent, string Tool) Of => (Session, Agent, Tool);
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

    /// <summary>How many hold at a time for one agent and tool in a session, and how many are ended at once.</summary>
    private const int MostOfTool = 100, EndedAtOnce = 100;

    private readonly SemaphoreSlim turn = new(1);
    private readonly SemaphoreSlim following = new(1);
    private readonly ActReader acts = new(store.Opened);
    private readonly Dictionary<string, StandingApproval> approvals = [];
    private readonly Dictionary<(SessionName, string?, string), List<StandingApproval>> ofTool = [];
    private readonly Dictionary<string, StandingApproval> coming = [];
    private readonly HashSet<string> ended = [];
    private readonly List<StandingApproval> takenBack = [];
    private readonly Dictionary<string, StandingStop> stops = [];
    private readonly HashSet<string> left = [];
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
            () => LikeOf(asked).Find(one => one.Covers(asked, intake.Now)), ofStops: false, cancellation);

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

    /// <summary>Keeps a place for one that is about to be given, so that no more hold than may.</summary>
    /// <returns>Null where as many hold; else what lets go of the place, once it is written or is not.</returns>
    public ValueTask<IAsyncDisposable?> TakePlaceAsync(StandingApproval one, CancellationToken cancellation) =>
        AskAsync<IAsyncDisposable?>(
            () =>
            {
                var now = intake.Now;
                var held = LikeOf(one).Count(other => now < other.Until)
                    + coming.Values.Count(other => other.Of == one.Of && !approvals.ContainsKey(other.Id));
                if (held >= MostOfTool)
                {
                    return null;
                }

                coming[one.Id] = one;
                return new Place(this, one.Id);
            },
            ofStops: false, cancellation);

    /// <summary>Why no place was left for one.</summary>
    public static string FullOf(StandingApproval one) =>
        $"{MostOfTool} approvals of the tool \"{one.Tool}\" hold already for "
        + $"{(one.Agent is null ? "calls without an agent" : $"the agent \"{one.Agent}\"")} in this session, which is "
        + "the most: until some end, or are taken back, a call of it is approved for itself alone, and approve-once is "
        + "accepted";

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

    /// <summary>Takes back whatever is so, many at once.</summary>
    /// <param name="version">The policy that ends them; null where a person does.</param>
    /// <exception cref="RefusedException">It is not known whether all of it was written.</exception>
    public async Task EndAsync(
        Func<StandingApproval, bool> which, string by, string reason, CancellationToken cancellation,
        string? version = null)
    {
        foreach (var some in (await ApprovalsAsync(which, cancellation)).Chunk(EndedAtOnce))
        {
            await WriteAsync([.. some.Select(one => EndOf(one, by, reason, version))]);
        }
    }

    /// <summary>
    /// Ends what was approved under other policies before anything is decided by this one, so that none of it holds
    /// again when the other one is back: also what was on its way then, and came after.
    /// </summary>
    /// <exception cref="RefusedException">It is not known whether it was written.</exception>
    public async ValueTask FollowAsync(PolicyNow known, CancellationToken cancellation)
    {
        if (known.Policy?.Version is not { } version || version == Volatile.Read(ref followed))
        {
            return;
        }

        await following.WaitAsync(cancellation);
        try
        {
            if (version == followed)
            {
                return;
            }

            var isBack = left.Contains(version);
            await EndAsync(
                one => isBack || one.Version != version, OperatorActs.Node, "another policy holds", cancellation,
                version);
            _ = followed is not null && left.Add(followed);
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

    /// <exception cref="RefusedException">It is not known whether all of it was written.</exception>
    public Task WriteAsync(params OperatorSubmission[] acts) => WritingAsync(async () =>
    {
        var receipts = await intake.Engine.SubmitAsync(acts, CancellationToken.None);
        return receipts.FirstOrDefault(one => one.Status != ReceiptStatus.Recorded) is { } failed
            ? throw new RefusedException(Problem.JournalAway(failed.Error))
            : receipts;
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

    private List<StandingApproval> LikeOf(StandingApproval one) => ofTool.GetValueOrDefault(one.Of) ?? [];

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
                Add(new StandingApproval(
                    id, new SessionName(Text("source")!, Text("session_id")!), Text("agent"), Text("tool")!,
                    Text("kind")!, Text("location"), Text(Version), Text("rule"), Text(ByRule) is not null, by,
                    Text("tool_call_id")!, at, until));
                break;
            case Ended:
                ended.Add(id);
                if (Remove(id) is { IsByRule: true } was && Text(Version) is null)
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

    private void Add(StandingApproval one)
    {
        approvals[one.Id] = one;
        (ofTool.TryGetValue(one.Of, out var like) ? like : (ofTool[one.Of] = [])).Add(one);
    }

    private StandingApproval? Remove(string id)
    {
        if (approvals.Remove(id, out var was) && ofTool[was.Of] is var like && like.Remove(was) && like.Count == 0)
        {
            ofTool.Remove(was.Of);
        }

        return was;
    }

    private OperatorSubmission Act(
        string stream, string act, string by, string? reason, params (string Name, string? Value)[] facts) =>
        new(stream, act, by, intake.Now, reason is null ? default : ActReader.MembersOf(("reason", reason)))
        {
            Facts = ActReader.MembersOf(facts),
        };

    private sealed class Place(OrderBook book, string id) : IAsyncDisposable
    {
        public async ValueTask DisposeAsync()
        {
            await book.turn.WaitAsync();
            book.coming.Remove(id);
            // Whoever comes next reads on: what was written is counted from then on.
            book.lookedAt.Approvals = long.MinValue;
            book.turn.Release();
        }
    }
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
