using Audit.Lifecycle.Time;

namespace Audit.Lifecycle.Calls;

/// <summary>
/// A time that is given takes the place of one that was inferred, where that moves nothing which anybody relied on:
/// near the receipt, and not across a decision. Windows never judge by it.
/// </summary>
internal static class Retiming
{
    /// <param name="repeated">The sequence number of the message that the other one reports again.</param>
    /// <returns>Null where there is no other time to note.</returns>
    public static CallEvent.Retimed? Of(CallHistory history, long repeated, CallMessage message)
    {
        return !message.TimeInferred && history.Sequence < CallLimits.Events
            && history.Find(repeated) is { IsAlsoDated: false, Message.TimeInferred: true } known
            && known.Message.RecordedAt != message.RecordedAt
            ? new CallEvent.Retimed(
                known.Sequence, known.Message.RecordedAt, message.RecordedAt,
                Counts: history.Judged < LongHistory.Shortest && IsNear(known.Message, message.RecordedAt)
                    && !CrossesDecision(history, known, message.RecordedAt))
            : null;
    }

    public static CallHistory Evolve(CallHistory history, CallEvent.Retimed retimed)
    {
        var next = history with { Sequence = history.Sequence + 1, Latest = Change(history.Latest, retimed) };
        if (!retimed.Counts)
        {
            return next;
        }

        var judgement = Judge.Of(next.JudgedByArrival());
        return next with
        {
            Standing = judgement.Standing,
            InOrder = judgement.InOrder,
            Long = default,
        };
    }

    private static bool IsNear(CallMessage known, Timestamp given) =>
        given <= known.ReceivedAt.Add(CallMessage.ClockTolerance)
        && given >= known.ReceivedAt.Add(-CallMessage.ClockTolerance);

    /// <summary>A question that was answered keeps its time, and so does what would change sides.</summary>
    private static bool CrossesDecision(CallHistory history, Entry known, Timestamp given)
    {
        var inferred = known.Message.RecordedAt;
        var (first, last) = inferred < given ? (inferred, given) : (given, inferred);
        for (var link = history.Answers; link is not null; link = link.Earlier)
        {
            var (place, decision) = (link.Entry.Anchor!, link.Entry.Message);
            if (place.Sequence == known.Sequence || IsBetween(place.Message.OrderedAt)
                || IsBetween(decision.RecordedAt) || IsBetween(decision.ReceivedAt))
            {
                return true;
            }
        }

        return false;

        bool IsBetween(Timestamp time) => time >= first && time <= last;
    }

    /// <summary>The messages with another time for one of them; what stands after that one is linked anew.</summary>
    private static Entry? Change(Entry? latest, CallEvent.Retimed retimed)
    {
        var later = new Stack<Entry>();
        var entry = latest;
        for (; entry is not null && entry.Sequence > retimed.Sequence; entry = entry.Earlier)
        {
            later.Push(entry);
        }

        if (entry is null || entry.Sequence != retimed.Sequence)
        {
            return latest;
        }

        var changed = retimed.Counts
            ? entry with { Message = entry.Message with { RecordedAt = retimed.Given, TimeInferred = false } }
            : entry with { IsAlsoDated = true };
        var last = changed;
        while (later.TryPop(out var follower))
        {
            last = follower with
            {
                Earlier = last,
                Anchor = follower.Anchor?.Sequence == changed.Sequence ? changed : follower.Anchor,
                DatedAnchor = follower.DatedAnchor?.Sequence == changed.Sequence ? changed : follower.DatedAnchor,
            };
        }

        return last;
    }
}
