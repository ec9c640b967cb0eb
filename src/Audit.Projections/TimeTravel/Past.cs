using Audit.Projections.Queries;

namespace Audit.Projections.TimeTravel;

/// <summary>What was true, and up to which position of the journal.</summary>
public sealed record Past<T>(long Position, T Item);

/// <summary>A moment of the past: a position of the journal, or a time, which means what the book knew then.</summary>
public readonly record struct AsOf
{
    private AsOf(long? position, Timestamp? time) => (Position, Time) = (position, time);

    public long? Position { get; }

    public Timestamp? Time { get; }

    public static AsOf At(long position) => new(position, null);

    public static AsOf At(Timestamp time) => new(null, time);
}

/// <summary>A call as it was, with its messages in the order of the history.</summary>
public sealed record PastCall(
    CallModel Call, IReadOnlyList<TransitionModel> Transitions, IReadOnlyList<ViolationModel> Violations);

/// <summary>A session as it was, with its calls, newest first.</summary>
public sealed record PastSession(SessionModel Session, IReadOnlyList<CallModel> Calls)
{
    /// <summary>Those of its calls that passed then, in the order of today's list.</summary>
    public Page<CallModel> CallsOf(CallFilter filter, PageRequest page, ReadScope scope)
    {
        var place = scope.ReadCursor(page.Cursor, 2, long.MaxValue, long.MaxValue);
        var found = Calls.Where(filter.Passes)
            .Select(call => (At: Instants.ToNumber(call.FirstAt), call.Id, Call: call))
            .Where(one => one.At < place[0] || (one.At == place[0] && one.Id < place[1]))
            .OrderByDescending(one => one.At).ThenByDescending(one => one.Id).Take(page.Limit + 1).ToList();
        var cut = Pages.Of(found, page.Limit, last => scope.WriteCursor(last.At, last.Id));
        return new Page<CallModel>([.. cut.Items.Select(one => one.Call)], cut.Next);
    }

    /// <summary>How many of them lay where along time; null where none of them passed.</summary>
    public SessionShape? ShapeOf(CallFilter filter, int parts) => SessionShape.Of(Calls, filter, parts);
}

/// <summary>A task as it was: its windows and its calls, newest first.</summary>
public sealed record PastTask(string TaskId, IReadOnlyList<WindowModel> Windows, IReadOnlyList<CallModel> Calls)
{
    /// <summary>Its calls by the gravest judgement that each had.</summary>
    public JudgementCounts Judged => Calls.Aggregate(
        default(JudgementCounts), (counts, call) => counts.Change(null, call.Judged));
}

/// <summary>A window as it was, with what had been done in it, in order.</summary>
/// <param name="Late">Sessions that had reported what is dated into it after its end.</param>
/// <param name="Marked">How many messages were in it by more than their date and arrival, or not proven.</param>
public sealed record PastWindow(
    WindowModel Window, IReadOnlyList<WindowCall> Done, IReadOnlyList<LateSession> Late, JudgementCounts Marked);

/// <summary>The answer would take more events than one answer may.</summary>
public sealed class TooMuchException(int most) : Exception(
    $"This past is made of more than {most} events, more than one answer may be folded from. "
    + "Ask for its calls one by one.");
