namespace Audit.Lifecycle.Calls;

/// <summary>The history after an event. The stream of a call, folded by this, is the call.</summary>
public static class CallEvolution
{
    /// <param name="sequence">The event's number in its stream, in which earlier ones may be missing.</param>
    public static CallHistory Evolve(CallHistory history, long sequence, CallEvent happened) =>
        Evolve(history with { Sequence = sequence - 1 }, happened);

    public static CallHistory Evolve(CallHistory history, CallEvent happened) => happened switch
    {
        CallEvent.Received received => Evolve(history, received),
        CallEvent.Rejudged rejudged => Rejudge(history, rejudged),
        CallEvent.Retimed retimed => Retiming.Evolve(history, retimed),
        CallEvent.Flooded flooded => Count(history, flooded) with { Sequence = history.Sequence + 1 },
        CallEvent.Reviewed { Review: var review } => history with
        {
            Sequence = history.Sequence + 1,
            Rulings = RulingLink.After(history.Rulings, review, history.Sequence + 1),
        },
        _ => throw new ArgumentOutOfRangeException(nameof(happened), happened, "A call knows no such event."),
    };

    private static CallHistory Evolve(CallHistory history, CallEvent.Received received)
    {
        var entry = history.Next(received.Message, received.Weight);
        return Append(history, received, entry, Judging.Of(history, entry));
    }

    /// <param name="judging">Of this message in this history, which whoever made the event may have at hand.</param>
    internal static CallHistory Append(
        CallHistory history, CallEvent.Received received, Entry entry, in Judging judging)
    {
        var isJudged = received.Weight == EntryWeight.Judged;
        var verdict = received.Verdict;
        entry = entry with
        {
            Cause = verdict.Cause,
            Moves = Moves(history, verdict, judging),
        };
        var messages = history.Messages + 1;
        return history with
        {
            Latest = entry,
            Sequence = history.Sequence + 1,
            Messages = messages,
            Budget = history.Budget?.Write(entry) ?? (messages >= CallLimits.Repeats ? Budget.Of(entry) : null),
            Judged = history.Judged + (isJudged ? 1 : 0),
            Numbered = history.Numbered && (!isJudged || EntryChain.HasNumber(received.Message)),
            Answers = isJudged && received.Message.Answers is not null
                ? new AnswerLink(entry, history.Answers)
                : history.Answers,
            Standing = judging.Standing,
            InOrder = judging.InOrder,
            Long = new LongHistoryCache(judging.Long),
        };
    }

    /// <summary>Whether the call stands elsewhere after the message, or another question does.</summary>
    internal static bool Moves(CallHistory history, Verdict verdict, in Judging judging) =>
        !verdict.IsViolation
        && (verdict.To != verdict.From || judging.Standing.Attempt != history.Standing.Attempt
            || judging.Standing.Asked != history.Standing.Asked);

    private static CallHistory Count(CallHistory history, CallEvent.Flooded flooded)
    {
        var budget = history.Budget ?? Budget.Of(history.Latest);
        var tally = budget.TallyOf(flooded.Kind, flooded.Cause) with
        {
            Counted = flooded.Count,
            First = flooded.First,
            Last = flooded.Last,
            Chain = flooded.Chain,
            WrittenAt = flooded.Last,
            WrittenCount = flooded.Count,
        };
        return history with { Budget = budget.With(flooded.Kind, flooded.Cause, tally), Flooded = flooded.Total };
    }

    private static CallHistory Rejudge(CallHistory history, CallEvent.Rejudged rejudged) => history with
    {
        Sequence = history.Sequence + 1,
        Rulings = RulingLink.After(history.Rulings, rejudged),
    };
}

/// <summary>
/// What a message makes of a history: one step of the law where it comes last, else all of the history judged anew, or
/// of a long one what changes.
/// </summary>
/// <param name="IsLate">Its place in the history is not the last.</param>
/// <param name="Anew">A short history with the message, where it had to be judged anew.</param>
/// <param name="Changed">Of a long history that had to be: the other messages with other verdicts.</param>
internal readonly record struct Judging(
    Standing Standing, bool InOrder, Verdict Verdict, bool IsLate = false, Judgement? Anew = null,
    IReadOnlyList<VerdictChange>? Changed = null, LongHistory? Long = null)
{
    public static Judging Of(CallHistory history, Entry entry)
    {
        if (entry.Weight != EntryWeight.Judged)
        {
            return new Judging(history.Standing, history.InOrder, default, Long: history.Long.Value);
        }

        var standing = history.Standing;
        if (Continues(history, entry))
        {
            var verdict = CallLaw.Step(ref standing, entry.Message, entry.Sequence);
            return new Judging(
                standing, history.InOrder, verdict, Long: history.Long.Value?.Append(entry, verdict, standing));
        }

        if (history.Judged >= LongHistory.Shortest)
        {
            return OfLong(history, entry);
        }

        var anew = Judge.Of([.. history.JudgedByArrival(), entry]);
        return new Judging(
            anew.Standing, anew.InOrder, anew.Verdicts[^1], anew.IsLate(history.Judged), anew);
    }

    /// <summary>
    /// Whether the message comes after all that is judged, so that nothing older can be judged anew by it.
    /// </summary>
    public static bool Continues(CallHistory history, Entry entry)
    {
        if (history.LatestJudged() is not { } latest)
        {
            return true;
        }

        var numbered = history.Numbered && EntryChain.HasNumber(entry.Message);
        return history.InOrder && numbered == history.Numbered && Entry.Compare(latest, entry, numbered) <= 0;
    }

    private static Judging OfLong(CallHistory history, Entry entry)
    {
        var was = history.AsLong();
        var most = (int)Math.Max(CallLimits.Events - history.Sequence, 0);
        if (history.Numbered == (history.Numbered && EntryChain.HasNumber(entry.Message)))
        {
            var next = was.Insert(entry, most, out var verdict, out var isLate, out var changed);
            return new Judging(next.Standing, next.InOrder, verdict, isLate, Changed: changed, Long: next);
        }

        // The first one without a number: times order all of them from now on.
        var timed = LongHistory.Of([.. history.JudgedByArrival(), entry], numbered: false);
        var own = timed.VerdictOf(entry, out var late);
        return new Judging(timed.Standing, timed.InOrder, own, late, Changed: timed.ChangesSince(was), Long: timed);
    }
}
