using System.Numerics;

namespace Audit.Lifecycle.Calls;

/// <summary>How much one call may write. A limit on everything: no host fills the book with one call.</summary>
public static class CallLimits
{
    /// <summary>Violations and repeats beyond these are only counted.</summary>
    public const int Noise = 200;

    public const int Transitions = 1000;

    /// <summary>All events of the stream, with the re-judgements that late messages cause.</summary>
    public const int Events = 4096;
}

public enum MessageOutcome : byte
{
    Recorded,
    Duplicate,
    Violation,

    /// <summary>The stream holds all that it may hold; the message was counted.</summary>
    Refused,
}

/// <summary>What comes of a message: the events to write, all or none of them, and the call as it then is.</summary>
/// <param name="Sequence">The event of the message: its own, or for a duplicate the first one's.</param>
/// <param name="Error">Why a refused message was not written.</param>
public sealed record CallDecision(
    MessageOutcome Outcome, CallHistory After, IReadOnlyList<CallEvent> Events, long Sequence, Verdict Verdict,
    string? Error = null);

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
        if (Excess(history, received, 1 + rejudged.Count) is { } excess)
        {
            return Count(history, verdict, excess);
        }

        var after = CallEvolution.Append(history, received, entry, judging);
        foreach (var happened in rejudged)
        {
            after = CallEvolution.Evolve(after, happened);
        }

        var outcome = verdict.IsViolation ? MessageOutcome.Violation : MessageOutcome.Recorded;
        IReadOnlyList<CallEvent> events = rejudged.Count == 0 ? [received] : [received, .. rejudged];
        return new CallDecision(outcome, after, events, history.Sequence + 1, verdict);
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
            $"{Words.Of(message.Kind)} at sequence {history.Sequence + 1} {(isLate ? "came late" : "changed the order of the history")}");
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
            "another source tells this message differently");
        return new CallDecision(
            MessageOutcome.Duplicate, CallEvolution.Evolve(history, rejudged), [rejudged], known.Sequence, verdict);
    }

    private static bool Differs(CallMessage first, CallMessage again) =>
        again.Derived
        && (first.Success != again.Success
            || (first.ToolName is not null && again.ToolName is not null && first.ToolName != again.ToolName)
            || (!first.Input.IsEmpty && !again.Input.IsEmpty && first.Input != again.Input));

    private static string? Excess(CallHistory history, CallEvent.Received received, int events)
    {
        var isNoise = CallEvolution.IsNoise(received);
        if (isNoise && history.Noise >= CallLimits.Noise)
        {
            return $"this call holds {CallLimits.Noise} violations and repeats already; further ones are only counted";
        }

        if (!isNoise && history.Transitions >= CallLimits.Transitions)
        {
            return $"this call holds {CallLimits.Transitions} transitions already";
        }

        return history.Sequence + events > CallLimits.Events
            ? $"this call holds {history.Sequence} events already, of at most {CallLimits.Events}"
            : null;
    }

    private static CallDecision Count(CallHistory history, Verdict verdict, string excess)
    {
        var count = history.Flooded + 1;
        var counted = history with { Flooded = count };
        IReadOnlyList<CallEvent> events = BitOperations.IsPow2(count) ? [new CallEvent.Flooded(count)] : [];
        var after = events.Count == 0 ? counted : CallEvolution.Evolve(history, events[0]);
        return new CallDecision(MessageOutcome.Refused, after, events, after.Sequence, verdict, excess);
    }
}
