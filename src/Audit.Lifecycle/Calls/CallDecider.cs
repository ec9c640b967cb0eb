namespace Audit.Lifecycle.Calls;

public enum MessageOutcome : byte
{
    Recorded,
    Duplicate,
    Violation,

    /// <summary>It repeats what is written often enough, and was counted.</summary>
    Counted,

    /// <summary>The stream holds all that it may hold; the message was counted.</summary>
    Refused,
}

/// <summary>What comes of a message: the events to write, all or none of them, and the call as it then is.</summary>
/// <param name="Sequence">The event of the message: its own, or for a duplicate the first one's.</param>
/// <param name="Error">Why a message was not written.</param>
/// <param name="IsHead">Of the message its head alone is written, and not what it says.</param>
public sealed record CallDecision(
    MessageOutcome Outcome, CallHistory After, IReadOnlyList<CallEvent> Events, long Sequence, Verdict Verdict,
    string? Error = null, bool IsHead = false);

/// <summary>Decides what a message writes: pure, so that both engines, the replay and the tests decide alike.</summary>
public static class CallDecider
{
    public static CallDecision Decide(CallHistory history, CallMessage message)
    {
        message = AnswerCheck.OnWhatStands(history, message);
        Beside? beside = null;
        var sameRecord = true;
        var known = message.DerivedId is null
            ? history.Find(message, out sameRecord)
            : Channels.Find(history, message, out beside);
        if (known is null && beside is null)
        {
            known = Channels.FindCompletion(history, message, out beside);
        }

        if (known is not null && sameRecord)
        {
            return Duplicate(history, known, message);
        }

        message = beside is null ? message : message with { Beside = beside };
        var cause = known is not null ? ViolationCause.MessageIdReused
            : AnswerCheck.IsAsked(message) ? AnswerCheck.CauseOf(history, message)
            : ViolationCause.None;
        if (cause != ViolationCause.None && message.IsAutomatic)
        {
            return new CallDecision(
                MessageOutcome.Refused, history, [], history.Sequence, Unjudged(history.Standing, message, cause),
                "the question that the node would answer does not stand");
        }

        var weight = message.OversizedBytes > 0 ? EntryWeight.Oversized : Entry.WeightOf(cause, message);
        var entry = history.Next(message, weight);
        if (Repeats(ref history, entry) is { } repeating)
        {
            return repeating;
        }

        var judging = Judging.Of(history, entry);
        var verdict = weight == EntryWeight.Judged ? judging.Verdict : Unjudged(history.Standing, message, cause);
        var received = new CallEvent.Received(message, verdict, weight, judging.IsLate);
        var changed = judging.Anew is { } anew ? ChangedBy(history, anew) : judging.Changed ?? [];
        var rejudged = changed.Count == 0 ? [] : Rejudged(changed, ReasonOf(history, message, judging.IsLate));
        var moves = CallEvolution.Moves(history, verdict, judging);
        var room = history.Budget?.RoomFor(message, verdict.Cause, moves) ?? Room.Full;
        if (room is Room.Counted or Room.Refused)
        {
            return Count(history, message, verdict, room);
        }

        if (history.Sequence + rejudged.Count >= CallLimits.Events)
        {
            rejudged = [];
        }

        var after = CallEvolution.Append(history, received, entry, judging);
        foreach (var happened in rejudged)
        {
            after = CallEvolution.Evolve(after, happened);
        }

        var outcome = verdict.IsViolation ? MessageOutcome.Violation : MessageOutcome.Recorded;
        IReadOnlyList<CallEvent> events = rejudged.Count == 0 ? [received] : [received, .. rejudged];
        (after, events) = beside is { } first ? Retime(after, first.Sequence, message, events) : (after, events);
        return new CallDecision(outcome, after, events, history.Sequence + 1, verdict, IsHead: room == Room.Head);
    }

    /// <summary>
    /// Of a late message in a long history, whether it is only to be counted: that is seen at its place, before all
    /// that it might change is judged anew.
    /// </summary>
    private static CallDecision? Repeats(ref CallHistory history, Entry entry)
    {
        if (entry.Weight != EntryWeight.Judged || history.Judged < LongHistory.Shortest
            || history.Budget is not { } budget || Judging.Continues(history, entry))
        {
            return null;
        }

        var (before, after) = (history.Standing, history.Standing);
        Verdict verdict;
        if (history.Numbered && !EntryChain.HasNumber(entry.Message))
        {
            verdict = CallLaw.Step(ref after, entry.Message, entry.Sequence);
        }
        else
        {
            var known = history.AsLong();
            history = history with { Long = new LongHistoryCache(known) };
            verdict = known.Look(entry, out before, out after);
        }

        var moves = !verdict.IsViolation && (verdict.To != verdict.From || after.Attempt != before.Attempt
            || after.Asked != before.Asked);
        var room = budget.RoomFor(entry.Message, verdict.Cause, moves);
        return room is Room.Counted or Room.Refused ? Count(history, entry.Message, verdict, room) : null;
    }

    /// <summary>Of a message that does not count in the judgement, whatever the history says.</summary>
    private static Verdict Unjudged(in Standing standing, CallMessage message, ViolationCause cause) => new(
        standing.State, standing.State, standing.Attempt,
        message.OversizedBytes > 0 ? Anomalies.Oversized : CallLaw.AnomaliesOfMessage(message),
        message.OversizedBytes > 0 ? ViolationCause.None : cause);

    /// <summary>The older messages of which there is something else to say now.</summary>
    private static IReadOnlyList<VerdictChange> ChangedBy(CallHistory history, Judgement now)
    {
        var older = history.JudgedByArrival();
        var was = Judge.Of(older);
        return
        [
            .. older.Select((entry, index) => new VerdictChange(entry, was.Verdicts[index], now.Verdicts[index]))
                .Where(change => !change.Was.RulesAs(change.Now)),
        ];
    }

    private static IReadOnlyList<CallEvent> Rejudged(IReadOnlyList<VerdictChange> changed, string reason) =>
    [
        .. changed.Select(change => new CallEvent.Rejudged(change.Entry.Sequence, change.Was, change.Now, reason)),
    ];

    private static string ReasonOf(CallHistory history, CallMessage message, bool isLate) => string.Create(
        CultureInfo.InvariantCulture,
        $"{Words.Of(message.Kind)} at sequence {history.Sequence + 1} "
            + $"{(isLate ? "came late" : "changed the order of the history")}");

    /// <summary>Notes the time that another channel gives of a message, with what that changes.</summary>
    private static (CallHistory After, IReadOnlyList<CallEvent> Events) Retime(
        CallHistory history, long repeated, CallMessage message, IReadOnlyList<CallEvent> before)
    {
        if (Retiming.Of(history, repeated, message) is not { } retimed)
        {
            return (history, before);
        }

        var after = CallEvolution.Evolve(history, retimed);
        var changed = retimed.Counts ? ChangedBy(history, Judge.Of(after.JudgedByArrival())) : [];
        var rejudged = Rejudged(changed, $"another channel gave the time of the message at sequence {repeated}");
        return (
            rejudged.Aggregate(after, CallEvolution.Evolve),
            [.. before, retimed, .. rejudged]);
    }

    private static CallDecision Duplicate(CallHistory history, Entry known, CallMessage message)
    {
        var standing = history.Standing;
        var verdict = new Verdict(standing.State, standing.State, standing.Attempt, Anomalies.None,
            ViolationCause.None);
        var (after, events) = Retime(history, known.Sequence, message, []);
        return new CallDecision(MessageOutcome.Duplicate, after, events, known.Sequence, verdict);
    }

    /// <summary>
    /// The first message past a limit is kept as the violation that it is; those behind it are counted.
    /// </summary>
    private static CallDecision Count(CallHistory history, CallMessage message, Verdict verdict, Room room)
    {
        var budget = history.Budget!;
        var tally = budget.TallyOf(message.Kind, verdict.Cause);
        var flood = budget.TallyOf(message.Kind, ViolationCause.Flooded);
        if (flood.Written == 0 && verdict.Cause != ViolationCause.Flooded)
        {
            var reached = new Verdict(
                history.Standing.State, history.Standing.State, history.Standing.Attempt,
                CallLaw.AnomaliesOfMessage(message), ViolationCause.Flooded);
            var received = new CallEvent.Received(message, reached, EntryWeight.Flooding, Late: false);
            return new CallDecision(
                MessageOutcome.Violation, CallEvolution.Evolve(history, received), [received], history.Sequence + 1,
                reached);
        }

        tally = tally.Count(message);
        var counted = budget.With(message.Kind, verdict.Cause, tally);
        var after = history with { Budget = counted, Flooded = counted.Counted };
        IReadOnlyList<CallEvent> events = [];
        if (tally.IsDue)
        {
            var flooded = Flooded(message.Kind, verdict.Cause, tally, counted.Counted);
            (after, events) = (CallEvolution.Evolve(history, flooded), [flooded]);
        }

        return new CallDecision(
            room == Room.Counted ? MessageOutcome.Counted : MessageOutcome.Refused, after, events, after.Sequence,
            verdict, room == Room.Counted
                ? $"this call holds {CallLimits.Repeats} such messages already; this one was counted"
                : $"this call holds {CallLimits.Written} messages already; this one was counted");
    }

    /// <summary>What was counted since it was last written down.</summary>
    public static (CallHistory After, IReadOnlyList<CallEvent> Events) WriteCounts(CallHistory history)
    {
        IReadOnlyList<CallEvent> events = history.Budget is not { } budget ? []
            : [.. budget.Unwritten.Select(
                one => Flooded(one.Key.Kind, one.Key.Cause, one.Value, budget.Counted))];
        return (events.Aggregate(history, CallEvolution.Evolve), events);
    }

    private static CallEvent.Flooded Flooded(MessageKind kind, ViolationCause cause, Tally tally, long total) =>
        new(kind, cause, tally.First, tally.Last, tally.Counted, tally.Chain, total);
}

/// <summary>
/// Whether a decision that the node makes answers the question that stands, and may be taken by whoever takes it. It is
/// part of the law and not of the endpoint, so that it is asked again whenever the stream had moved on.
/// </summary>
internal static class AnswerCheck
{
    public static bool IsAsked(CallMessage message) =>
        message.MadeByNode && message.OversizedBytes == 0
        && (message.Kind is MessageKind.Approved or MessageKind.Blocked
            || (message.Kind == MessageKind.Invalidated && message.Answers is not null));

    /// <returns><see cref="ViolationCause.None"/> for a decision that counts.</returns>
    public static ViolationCause CauseOf(CallHistory history, CallMessage message)
    {
        var standing = history.Standing;
        // What is approved and has not begun a person still refuses, or confirms; the node by itself only stops it.
        var isOpen = standing.IsWaiting
            || (standing.State == CallState.Approved
                && !(message.IsAutomatic && !IsStop(message) && standing.Approval == Approval.ByNode));
        var stands = message.Answers is { } answers && isOpen
            && standing.Asked == answers.Sequence && standing.Question == answers.Question;
        var isTooLate = message.Kind == MessageKind.Approved && standing.Approval != Approval.ByNode
            && standing.EndsAt is { } end && message.ReceivedAt > end;
        return !stands || isTooLate || history.Find(message.Answers!.Value.Sequence) is not { } question
            ? ViolationCause.StaleAnswer
            : message.Kind == MessageKind.Approved && !message.SelfApproved && message.Policy is null
                && (message.OfParty || question.Message.Behind == message.Behind)
                ? ViolationCause.OwnQuestion
                : ViolationCause.None;
    }

    /// <summary>What a person stopped is refused also where it was approved before.</summary>
    private static bool IsStop(CallMessage message) => message is { Kind: MessageKind.Blocked, Policy.Order: not null };

    /// <summary>What the node answers in one go with the question is on the one that stands then.</summary>
    public static CallMessage OnWhatStands(CallHistory history, CallMessage message) =>
        message.Answers is { Sequence: 0 } open && message.IsAutomatic
            ? message with { Answers = open with { Sequence = history.Standing.Asked } }
            : message;
}
