namespace Audit.Lifecycle.Calls;

/// <summary>The history after an event. The stream of a call, folded by this, is the call.</summary>
public static class CallEvolution
{
    public static CallHistory Evolve(CallHistory history, CallEvent happened) => happened switch
    {
        CallEvent.Received told => Append(history, told),
        CallEvent.Rejudged rejudged => Rejudge(history, rejudged),
        CallEvent.Flooded flooded => history with { Sequence = history.Sequence + 1, Flooded = flooded.Count },
        _ => throw new ArgumentOutOfRangeException(nameof(happened), happened, "A call knows no such event."),
    };

    /// <summary>Whether the message comes after all that is judged, so that nothing older can be judged anew by it.</summary>
    public static bool Continues(CallHistory history, CallMessage message)
    {
        if (history.Judged == 0)
        {
            return true;
        }

        var numbered = history.Numbered && message.Seq is not null;
        return history.InOrder && numbered == history.Numbered
            && Judge.Compare(history.LatestJudged()!.Message, message, numbered) <= 0;
    }

    private static CallHistory Append(CallHistory history, CallEvent.Received told)
    {
        var entry = new Entry(history.Latest, history.Sequence + 1, told.Message, told.Weight);
        var isNoise = told.Verdict.IsViolation || (told.Verdict.Anomalies & Anomalies.Repeated) != 0
            || told.Weight != EntryWeight.Judged;
        var isJudged = told.Weight == EntryWeight.Judged;
        var continues = isJudged && Continues(history, told.Message);
        var standing = history.Standing;
        if (continues)
        {
            CallLaw.Step(ref standing, told.Message);
        }

        var next = history with
        {
            Latest = entry,
            Sequence = entry.Sequence,
            Noise = history.Noise + (isNoise ? 1 : 0),
            Transitions = history.Transitions + (isNoise ? 0 : 1),
            Judged = history.Judged + (isJudged ? 1 : 0),
            Numbered = history.Numbered && (!isJudged || told.Message.Seq is not null),
            Standing = standing,
        };
        return isJudged && !continues ? JudgeAnew(next) : next;
    }

    private static CallHistory Rejudge(CallHistory history, CallEvent.Rejudged rejudged)
    {
        var next = history with { Sequence = history.Sequence + 1 };
        return (rejudged.Now.Anomalies & Anomalies.SourcesDiffer) == 0
            ? next
            : next with { Latest = MarkSourcesDiffer(history.Latest!, rejudged.Sequence), SourcesDiffer = true };
    }

    private static CallHistory JudgeAnew(CallHistory history)
    {
        var judgement = Judge.Of(history.JudgedByArrival());
        return history with { Standing = judgement.Standing, InOrder = judgement.InOrder };
    }

    private static Entry MarkSourcesDiffer(Entry latest, long sequence) =>
        latest.Sequence == sequence
            ? latest with { SourcesDiffer = true }
            : latest with { Earlier = MarkSourcesDiffer(latest.Earlier!, sequence) };
}
