using System.Globalization;
using System.Numerics;

namespace Audit.Lifecycle.Calls;

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

        var weight = message.OversizedBytes > 0 ? EntryWeight.Oversized
            : known is not null ? EntryWeight.MessageIdReused
            : EntryWeight.Judged;
        var events = weight == EntryWeight.Judged
            ? Tell(history, message)
            : [new CallEvent.Received(message, Entry.UnjudgedVerdict(weight, message, history.Standing), weight, Late: false)];
        var told = (CallEvent.Received)events[0];
        if (Excess(history, told, events.Count) is { } excess)
        {
            return Count(history, told.Verdict, excess);
        }

        var after = history;
        foreach (var happened in events)
        {
            after = CallEvolution.Evolve(after, happened);
        }

        var outcome = told.Verdict.IsViolation ? MessageOutcome.Violation : MessageOutcome.Recorded;
        return new CallDecision(outcome, after, events, history.Sequence + 1, told.Verdict);
    }

    private static IReadOnlyList<CallEvent> Tell(CallHistory history, CallMessage message)
    {
        if (CallEvolution.Continues(history, message))
        {
            var standing = history.Standing;
            var verdict = CallLaw.Step(ref standing, message);
            return [new CallEvent.Received(message, verdict, EntryWeight.Judged, Late: false)];
        }

        var older = history.JudgedByArrival();
        var was = Judge.Of(older);
        var entry = new Entry(history.Latest, history.Sequence + 1, message, EntryWeight.Judged);
        var now = Judge.Of([.. older, entry]);
        var late = now.IsLate(older.Length);
        var events = new List<CallEvent> { new CallEvent.Received(message, now.Verdicts[^1], EntryWeight.Judged, late) };
        for (var index = 0; index < older.Length; index++)
        {
            if (!was.Verdicts[index].RulesAs(now.Verdicts[index]))
            {
                events.Add(new CallEvent.Rejudged(
                    older[index].Sequence, was.Verdicts[index], now.Verdicts[index], ReasonFor(entry, late)));
            }
        }

        return events;
    }

    private static CallDecision Duplicate(CallHistory history, Entry known, CallMessage message)
    {
        var standing = history.Standing;
        var verdict = new Verdict(standing.State, standing.State, standing.Attempt, Anomalies.None, ViolationCause.None);
        if (known.Weight != EntryWeight.Judged || !TellsDifferently(known.Message, message)
            || history.SourcesDiffer || history.Sequence >= CallLimits.Events)
        {
            return new CallDecision(MessageOutcome.Duplicate, history, [], known.Sequence, verdict);
        }

        var entries = history.JudgedByArrival();
        var was = Judge.Of(entries).Verdicts[Array.FindIndex(entries, entry => entry.Sequence == known.Sequence)];
        var now = was with { Anomalies = was.Anomalies | Anomalies.SourcesDiffer };
        var rejudged = new CallEvent.Rejudged(known.Sequence, was, now, "another source tells this message differently");
        return new CallDecision(
            MessageOutcome.Duplicate, CallEvolution.Evolve(history, rejudged), [rejudged], known.Sequence, verdict);
    }

    private static bool TellsDifferently(CallMessage first, CallMessage again) =>
        again.Derived
        && (first.Success != again.Success
            || (first.ToolName is not null && again.ToolName is not null && first.ToolName != again.ToolName)
            || (!first.Input.IsEmpty && !again.Input.IsEmpty && first.Input != again.Input));

    private static string? Excess(CallHistory history, CallEvent.Received told, int events)
    {
        var isNoise = told.Verdict.IsViolation || (told.Verdict.Anomalies & Anomalies.Repeated) != 0
            || told.Weight != EntryWeight.Judged;
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

    private static string ReasonFor(Entry entry, bool late) => string.Create(
        CultureInfo.InvariantCulture,
        $"{Words.Of(entry.Message.Kind)} at sequence {entry.Sequence} {(late ? "came late" : "changed the order of the history")}");
}
