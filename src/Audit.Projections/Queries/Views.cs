namespace Audit.Projections.Queries;

/// <summary>A call with its messages in the order of arrival.</summary>
/// <param name="Transitions">The first thousand of them; the journal has all.</param>
public sealed record CallView(CallModel Call, IReadOnlyList<TransitionModel> Transitions);

/// <summary>A task with its windows, newest first.</summary>
/// <param name="Windows">The first hundred of them; the list of windows has all.</param>
public sealed record TaskView(TaskModel Task, IReadOnlyList<WindowModel> Windows);

/// <summary>A window, what was done in it, and what its agent did for the task without one.</summary>
/// <param name="Done">Every command in the time of the window, in order.</param>
/// <param name="Outside">Calls for the same task by the same agent outside of any window, newest first.</param>
/// <param name="OutOfScope">Calls with a tool that no open window let be used, newest first.</param>
/// <param name="Late">Sessions that reported what is dated into it after its end, and nobody accepted.</param>
/// <param name="Marked">How many messages are in it by more than their date and arrival, or not proven.</param>
public sealed record WindowView(
    WindowModel Window, Page<WindowCall> Done, Page<CallModel> Outside, Page<CallModel> OutOfScope,
    IReadOnlyList<LateSession> Late, JudgementCounts Marked);

/// <summary>A command that was given in the time of a window.</summary>
/// <param name="At">The first message of it in that time.</param>
/// <param name="Judgement">How that message was judged.</param>
/// <param name="Call">What was asked, what came of it, and who approved it.</param>
/// <param name="Marks">By what more than its date and arrival.</param>
/// <param name="LateByMs">How long after the window's end it was received.</param>
public sealed record WindowCall(
    Timestamp At, WindowJudgement Judgement, WindowMarks Marks, long LateByMs, CallModel Call)
{
    internal static WindowCall Of(TransitionModel first, CallModel call) =>
        new(first.At, first.Judgement, first.Marks, first.LateByMs, call);
}

/// <summary>What one session reported after a window's end and dated into it.</summary>
/// <param name="LateBy">How long after the end the last of it was received.</param>
public sealed record LateSession(
    SessionName Session, int Messages, Timestamp FirstAt, Timestamp LastAt, TimeSpan LateBy)
{
    /// <summary>The position of the last of it; null for a reader who is shown no positions.</summary>
    public long? Through { get; init; }

    /// <summary>Its host numbers what it reports, and no number is missing; null where that is not known.</summary>
    public bool? IsGapless { get; init; }

    /// <summary>Numbers of it were received before the end; null where that is not known.</summary>
    public bool? IsNumberedBefore { get; init; }

    /// <summary>The calls that it is of, oldest first; the first hundred.</summary>
    public IReadOnlyList<LateCall> Calls { get; init; } = [];

    /// <summary>When the book took nothing before the end, and a node started after that.</summary>
    public IReadOnlyList<PauseModel> Pauses { get; init; } = [];

    internal static LateSession Of(
        SessionName session, int messages, Timestamp first, Timestamp last, Timestamp received, Timestamp until) =>
        new(session, messages, first, last, TimeSpan.FromTicks(received.Ticks - until.Ticks));
}

/// <summary>A call of which something was reported after a window's end and dated into it.</summary>
/// <param name="At">The date of the first of it.</param>
/// <param name="LateBy">How long after the end the last of it was received.</param>
/// <param name="DecidedAt">When the node took a decision on the call, which was not while the window was open.</param>
/// <param name="Away">Between that date and the end; null where that is not known.</param>
public sealed record LateCall(
    string CallId, Timestamp At, Timestamp ReceivedAt, TimeSpan LateBy, Timestamp? DecidedAt, NodeAway? Away)
{
    internal static LateCall Of(
        CallModel call, Timestamp at, Timestamp received, Timestamp until, IReadOnlyList<PauseModel>? pauses) => new(
        call.CallId, at, received, TimeSpan.FromTicks(received.Ticks - until.Ticks), call.NodeDecidedAt,
        pauses is null ? null : Between(at, until, pauses));

    private static NodeAway Between(Timestamp at, Timestamp until, IReadOnlyList<PauseModel> pauses) =>
        pauses.Any(pause => pause.From <= at && pause.Until >= until) ? NodeAway.Throughout
        : pauses.Any(pause => pause.From < until && pause.Until > at) ? NodeAway.Partly
        : NodeAway.Never;
}

/// <summary>Whether a host could have reported in time, as far as the book shows it.</summary>
public enum NodeAway : byte
{
    /// <summary>The book has no such time; that a line was not cut is not said by that.</summary>
    Never,

    Partly,

    Throughout,
}

/// <summary>How many there are of what somebody may have to look at.</summary>
/// <param name="Most">No more were counted; what is greater by one stands for more.</param>
public sealed record AttentionCounts(long Most)
{
    public long Awaiting { get; init; }

    public long Running { get; init; }

    public long Forgotten { get; init; }

    public long Outside { get; init; }

    public long OutOfScope { get; init; }

    public long Unproven { get; init; }

    /// <summary>Windows that wait for somebody to approve them.</summary>
    public long Requested { get; init; }

    /// <summary>Those that stand, of calls and of windows.</summary>
    public long Violations { get; init; }

    public long Unreviewed { get; init; }
}

public sealed record CallFilter
{
    public static readonly CallFilter All = new();

    /// <summary>Only those of which something was reported at that time or later.</summary>
    public Timestamp? From { get; init; }

    public Timestamp? Until { get; init; }

    /// <summary>Only those that had begun by this position.</summary>
    public long? Through { get; init; }

    /// <summary>Only those that were made in the course of this call.</summary>
    public string? Parent { get; init; }

    public string? Tool { get; init; }

    public CallState? State { get; init; }

    /// <summary>Only those of which this holds: a word of the search's <c>is:</c>.</summary>
    public string? Mark { get; init; }

    /// <summary>Whether a call passes as it is given, whatever became of it since.</summary>
    public bool Passes(CallModel call) =>
        !(call.LastAt < From) && !(call.FirstAt > Until)
        && (Parent is null || call.Parent == Parent) && (Tool is null || call.Tool == Tool)
        && (State is null || call.State == State)
        && (Mark is null || (CallMarks.Of(call) & CallMarks.OfFlag(Mark)) != 0);
}

/// <summary>The calls of a session along time, whatever their number, and the tools that they use.</summary>
/// <param name="From">When the first of them began.</param>
/// <param name="Until">When the last of them was heard of.</param>
public sealed record SessionShape(
    Timestamp From, Timestamp Until, IReadOnlyList<CallGroup> Groups, IReadOnlyList<(string? Tool, long Calls)> Tools)
{
    public long Calls => Groups.Sum(group => group.Calls);

    /// <summary>Of calls as they are given; null where none of them passes.</summary>
    internal static SessionShape? Of(IEnumerable<CallModel> calls, CallFilter filter, int parts)
    {
        var passing = calls.Where(filter.Passes).ToList();
        if (passing.Count == 0)
        {
            return null;
        }

        var (from, until) = (passing.Min(call => call.FirstAt), passing.Max(call => call.LastAt));
        from = filter.From is { } after ? Instants.Later(from, after) : from;
        until = filter.Until is { } before ? Instants.Earlier(until, before) : until;
        var length = Math.Max(1, ((until.Ticks - from.Ticks) / parts) + 1);
        var groups = passing.Select(call => CallGroup.Of(
            call, (int)Math.Clamp((call.FirstAt.Ticks - from.Ticks) / length, 0, parts - 1)));
        var tools = passing.GroupBy(call => call.Tool).Select(one => (one.Key, Calls: one.LongCount()));
        return new SessionShape(from, until, [.. groups], [.. tools.OrderByDescending(one => one.Calls)]);
    }
}

/// <summary>Some calls that are alike: of one part of the time, of one state, and of the same marks.</summary>
/// <param name="Part">Which of the parts they began in.</param>
/// <param name="Tool">Of the tools that are used most; null for the others.</param>
/// <param name="Marks">The words of the search's <c>is:</c> that hold of them.</param>
public sealed record CallGroup(int Part, string? Tool, CallState State, IReadOnlyList<string> Marks, long Calls)
{
    public static CallGroup Of(CallModel call, int part) =>
        new(part, call.Tool, call.State, [.. CallMarks.NamesOf(CallMarks.Of(call))], 1);

    public bool IsFailed => Marks.Contains("failed");

    public bool HasViolations => Marks.Contains("violation");
}

public sealed record ViolationFilter
{
    public static readonly ViolationFilter All = new();

    /// <summary>Only those that stand, or only those that were lifted; null for both.</summary>
    public bool? Lifted { get; init; }

    /// <summary>Only those that stand so with their reviewers; those that wait are all that do.</summary>
    public ReviewState? Review { get; init; }
}

public sealed record WindowFilter
{
    public string? Task { get; init; }

    public string? Agent { get; init; }

    public Timestamp? OpenAt { get; init; }

    /// <summary>Only those that wait for somebody to approve them.</summary>
    public bool Requested { get; init; }
}
