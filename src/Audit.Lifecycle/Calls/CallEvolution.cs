namespace Audit.Lifecycle.Calls;

/// <summary>The history after an event. The stream of a call, folded by this, is the call.</summary>
public static class CallEvolution
{
    public static CallHistory Evolve(CallHistory history, CallEvent happened) => happened switch
    {
        CallEvent.Received received => Evolve(history, received),
        CallEvent.Rejudged rejudged => Rejudge(history, rejudged),
        CallEvent.Flooded flooded => Count(history, flooded) with { Sequence = history.Sequence + 1 },
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
        };
        return history with { Budget = budget.With(flooded.Kind, flooded.Cause, tally), Flooded = flooded.Total };
    }

    private static CallHistory Rejudge(CallHistory history, CallEvent.Rejudged rejudged)
    {
        var next = history with { Sequence = history.Sequence + 1 };
        return (rejudged.Now.Anomalies & Anomalies.SourcesDiffer) == 0
            ? next
            : next with { Latest = MarkSourcesDiffer(history.Latest!, rejudged.Sequence), SourcesDiffer = true };
    }

    private static Entry MarkSourcesDiffer(Entry latest, long sequence) =>
        latest.Sequence == sequence
            ? latest with { SourcesDiffer = true }
            : latest with { Earlier = MarkSourcesDiffer(latest.Earlier!, sequence) };
}

/// <summary>
/// What a message makes of a history: one step of the law where it comes last, else all of the history judged anew.
/// </summary>
/// <param name="Anew">The history with the message, where it had to be judged anew.</param>
internal readonly record struct Judging(Standing Standing, bool InOrder, Verdict Verdict, Judgement? Anew)
{
    public static Judging Of(CallHistory history, Entry entry)
    {
        if (entry.Weight != EntryWeight.Judged)
        {
            return new Judging(history.Standing, history.InOrder, default, Anew: null);
        }

        var standing = history.Standing;
        if (Continues(history, entry))
        {
            var verdict = CallLaw.Step(ref standing, entry.Message, entry.Sequence);
            return new Judging(standing, history.InOrder, verdict, Anew: null);
        }

        var anew = Judge.Of([.. history.JudgedByArrival(), entry]);
        return new Judging(anew.Standing, anew.InOrder, anew.Verdicts[^1], anew);
    }

    /// <summary>
    /// Whether the message comes after all that is judged, so that nothing older can be judged anew by it.
    /// </summary>
    private static bool Continues(CallHistory history, Entry entry)
    {
        if (history.LatestJudged() is not { } latest)
        {
            return true;
        }

        var numbered = history.Numbered && EntryChain.HasNumber(entry.Message);
        return history.InOrder && numbered == history.Numbered && Entry.Compare(latest, entry, numbered) <= 0;
    }
}
