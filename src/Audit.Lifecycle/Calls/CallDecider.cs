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
        var known = history.Find(message, out var sameRecord);
        if (known is not null && (sameRecord || message.Derived))
        {
            return Duplicate(history, known, message);
        }

        var cause = known is not null ? ViolationCause.MessageIdReused
            : AnswerCheck.IsAsked(message) ? AnswerCheck.CauseOf(history, message)
            : ViolationCause.None;
        var weight = message.OversizedBytes > 0 ? EntryWeight.Oversized : Entry.WeightOf(cause);
        var entry = history.Next(message, weight);
        var judging = Judging.Of(history, entry);
        var verdict = weight == EntryWeight.Judged ? judging.Verdict : Unjudged(history.Standing, message, cause);
        var isLate = judging.Anew?.IsLate(history.Judged) == true;
        var received = new CallEvent.Received(message, verdict, weight, isLate);
        IReadOnlyList<CallEvent.Rejudged> rejudged = judging.Anew is { } anew
            ? Rejudged(history, message, anew, isLate) : [];
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
        return new CallDecision(outcome, after, events, history.Sequence + 1, verdict, IsHead: room == Room.Head);
    }

    /// <summary>Of a message that does not count in the judgement, whatever the history says.</summary>
    private static Verdict Unjudged(in Standing standing, CallMessage message, ViolationCause cause) => new(
        standing.State, standing.State, standing.Attempt,
        message.OversizedBytes > 0 ? Anomalies.Oversized : CallLaw.AnomaliesOfMessage(message),
        message.OversizedBytes > 0 ? ViolationCause.None : cause);

    /// <summary>The older messages of which there is something else to say now.</summary>
    private static List<CallEvent.Rejudged> Rejudged(CallHistory history, CallMessage message, Judgement now,
        bool isLate)
    {
        var older = history.JudgedByArrival();
        var was = Judge.Of(older);
        var reason = string.Create(
            CultureInfo.InvariantCulture,
            $"{Words.Of(message.Kind)} at sequence {history.Sequence + 1} "
                + $"{(isLate ? "came late" : "changed the order of the history")}");
        var events = new List<CallEvent.Rejudged>();
        for (var index = 0; index < older.Length; index++)
        {
            if (!was.Verdicts[index].RulesAs(now.Verdicts[index]))
            {
                events.Add(new CallEvent.Rejudged(older[index].Sequence, was.Verdicts[index], now.Verdicts[index],
                    reason));
            }
        }

        return events;
    }

    private static CallDecision Duplicate(CallHistory history, Entry known, CallMessage message)
    {
        var standing = history.Standing;
        var verdict = new Verdict(standing.State, standing.State, standing.Attempt, Anomalies.None,
            ViolationCause.None);
        if (known.Weight != EntryWeight.Judged || !Differs(known.Message, message)
            || history.SourcesDiffer || history.Sequence >= CallLimits.Events)
        {
            return new CallDecision(MessageOutcome.Duplicate, history, [], known.Sequence, verdict);
        }

        var entries = history.JudgedByArrival();
        var was = Judge.Of(entries).Verdicts[Array.FindIndex(entries, entry => entry.Sequence == known.Sequence)];
        var now = was with { Anomalies = was.Anomalies | Anomalies.SourcesDiffer };
        var rejudged = new CallEvent.Rejudged(known.Sequence, was, now,
            "another source reports this message differently");
        return new CallDecision(
            MessageOutcome.Duplicate, CallEvolution.Evolve(history, rejudged), [rejudged], known.Sequence, verdict);
    }

    private static bool Differs(CallMessage first, CallMessage again) =>
        again.Derived
        && (first.Success != again.Success
            || (first.ToolName is not null && again.ToolName is not null && first.ToolName != again.ToolName)
            || (!first.Input.IsEmpty && !again.Input.IsEmpty && first.Input != again.Input));

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

    private static CallEvent.Flooded Flooded(MessageKind kind, ViolationCause cause, Tally tally, long total) =>
        new(kind, cause, tally.First, tally.Last, tally.Counted, tally.Chain, total);
}
