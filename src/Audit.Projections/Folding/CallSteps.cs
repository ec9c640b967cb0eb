namespace Audit.Projections.Folding;

/// <summary>
/// The steps of the attempt that a call is in: when it was asked, decided, started and settled, and what was remarked.
/// </summary>
internal readonly record struct CallSteps
{
    private const long LongestRun = 1_000_000_000_000;

    public int Attempt { get; private init; }

    public string? Remark { get; private init; }

    public string? Decision { get; private init; }

    public string? DecidedBy { get; private init; }

    public string? ClaimedBy { get; private init; }

    public long Asked { get; private init; }

    public string? Question { get; private init; }

    public string? NotSeenWhole { get; private init; }

    public Approval Approval { get; private init; }

    public Timestamp? NodeDecidedAt { get; private init; }

    public Timestamp? EndsAt { get; private init; }

    public int People { get; private init; }

    public string? FirstBy { get; private init; }

    public bool? Success { get; private init; }

    public long? DurationMs { get; private init; }

    public Timestamp? AskedAt { get; private init; }

    public Timestamp? DecidedAt { get; private init; }

    public Timestamp? StartedAt { get; private init; }

    public Timestamp? SettledAt { get; private init; }

    public static CallSteps Of(CallModel call) => new()
    {
        Attempt = call.Attempt,
        Remark = call.Remark,
        Decision = call.Decision,
        DecidedBy = call.DecidedBy,
        ClaimedBy = call.ClaimedBy,
        Asked = call.Asked,
        Question = call.Question,
        NotSeenWhole = call.NotSeenWhole,
        Approval = call.Approval,
        NodeDecidedAt = call.NodeDecidedAt,
        EndsAt = call.EndsAt,
        People = call.People,
        FirstBy = call.FirstBy,
        Success = call.Success,
        DurationMs = call.DurationMs,
        AskedAt = call.AskedAt,
        DecidedAt = call.DecidedAt,
        StartedAt = call.StartedAt,
        SettledAt = call.SettledAt,
    };

    /// <summary>The steps after a message that moves the call.</summary>
    public CallSteps After(EventFacts facts, Verdict verdict)
    {
        var before = verdict.Attempt == Attempt ? this : new CallSteps { Attempt = verdict.Attempt };
        var next = before with
        {
            Remark = facts.Remark ?? (verdict.To == verdict.From ? before.Remark : null),
            Success = facts.Success ?? before.Success,
            DurationMs = facts.DurationMs ?? before.DurationMs,
        };
        return next.Begin(facts).Ask(facts, verdict).Decide(facts, verdict.From, verdict.To).Settle(facts, verdict);
    }

    private CallSteps Begin(EventFacts facts)
    {
        if (facts.Message == MessageKind.Started)
        {
            return this with { StartedAt = StartedAt ?? facts.At };
        }

        // A question that is repeated before it was answered waits since it was first asked.
        return facts.Message == MessageKind.RequiresConfirmation && (AskedAt is null || DecidedAt is not null)
            ? this with { AskedAt = facts.At, DecidedAt = null }
            : this;
    }

    /// <summary>
    /// Another question than the one that stands: nothing that was decided is about it. What the node asks is another
    /// one than what the host asked by itself.
    /// </summary>
    private CallSteps Ask(EventFacts facts, Verdict verdict) =>
        facts.Message == MessageKind.RequiresConfirmation
        && !(verdict.To == verdict.From && facts.Question == Question && Asked > 0
            && (facts.Policy is null || EndsAt is not null))
            ? this with
            {
                Asked = facts.Sequence,
                Question = facts.Question,
                NotSeenWhole = facts.NotSeenWhole,
                Approval = Approval.None,
                NodeDecidedAt = null,
                EndsAt = facts.EndsAt,
                People = facts.Policy is { People: > 1 and var people } ? people : 0,
                FirstBy = null,
                Decision = null,
                DecidedBy = null,
                ClaimedBy = null,
            }
            : this;

    /// <summary>What the node decided is by a person; what a host reports of one is its claim.</summary>
    private CallSteps Decide(EventFacts facts, CallState from, CallState to)
    {
        var next = (facts.Message, facts.MadeByNode) switch
        {
            (MessageKind.Approved, true) when to != CallState.Approved || IsFirstOfTwo(facts) => this with
            {
                FirstBy = facts.Behind,
            },
            (MessageKind.Approved or MessageKind.Blocked, true) => this with
            {
                Decision = facts.Decision ?? Decision,
                DecidedBy = facts.By ?? facts.Token,
                Approval = facts.Message == MessageKind.Approved ? Approval.ByNode : Approval.None,
                NodeDecidedAt = facts.ReceivedAt,
                EndsAt = facts.Message == MessageKind.Approved ? facts.EndsAt : EndsAt,
            },
            (MessageKind.Approved, false) => this with
            {
                Decision = Approval == Approval.ByNode ? Decision : facts.Decision ?? Decision,
                ClaimedBy = facts.By ?? ClaimedBy,
                Approval = Approval == Approval.ByNode ? Approval.ByNode : Approval.ByHost,
            },
            // What a person approved before is not the refusal: that is the host's alone.
            (MessageKind.Blocked, false) => this with
            {
                Decision = Approval == Approval.ByNode ? facts.Decision : facts.Decision ?? Decision,
                DecidedBy = Approval == Approval.ByNode ? null : DecidedBy,
                ClaimedBy = facts.By ?? ClaimedBy,
                Approval = Approval.None,
            },
            _ => this,
        };
        return from == CallState.AwaitingConfirmation && to != from
            && next.DecidedAt is null
            ? next with { DecidedAt = DecisionOf(facts) }
            : next;
    }

    /// <summary>Its word moves nothing, also where the host has said that the call is approved.</summary>
    private bool IsFirstOfTwo(EventFacts facts) =>
        People > 1 && Approval != Approval.ByNode && facts.Policy is null
        && (FirstBy is null || FirstBy == facts.Behind);

    /// <summary>A host that reports no decision reports when the tool was done, and how long that took.</summary>
    private static Timestamp DecisionOf(EventFacts facts)
    {
        var isDecision = facts.Message is MessageKind.Approved or MessageKind.Blocked or MessageKind.Started
            or MessageKind.Cancelled or MessageKind.Invalidated;
        var ranTicks = facts.DurationMs is >= 0 and < LongestRun and var ran ? ran * TimeSpan.TicksPerMillisecond : 0;
        return isDecision || ranTicks >= facts.At.Ticks
            ? facts.At
            : Instants.Clamp(facts.At with { Ticks = facts.At.Ticks - ranTicks });
    }

    /// <summary>A repetition settles nothing anew.</summary>
    private CallSteps Settle(EventFacts facts, Verdict verdict)
    {
        var settled = verdict.To == verdict.From ? SettledAt ?? facts.At : facts.At;
        return this with { SettledAt = verdict.To.IsOpen() ? null : settled };
    }
}
