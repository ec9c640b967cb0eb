namespace Audit.Lifecycle.Calls;

/// <summary>The history after an event. The stream of a call, folded by this, is the call.</summary>
public static class CallEvolution
{
    public static CallHistory Evolve(CallHistory history, CallEvent happened) => happened switch
    {
        CallEvent.Received { Weight: EntryWeight.Judged } received =>
            Append(history, received, Judging.Of(history, received.Message)),
        CallEvent.Received received => Append(history, received, Judging.None(history)),
        CallEvent.Rejudged rejudged => Rejudge(history, rejudged),
        CallEvent.Flooded flooded => history with { Sequence = history.Sequence + 1, Flooded = flooded.Count },
        _ => throw new ArgumentOutOfRangeException(nameof(happened), happened, "A call knows no such event."),
    };

    /// <param name="judging">Of this message in this history, which whoever made the event may have at hand.</param>
    internal static CallHistory Append(CallHistory history, CallEvent.Received received, in Judging judging)
    {
        var isNoise = IsNoise(received);
        var isJudged = received.Weight == EntryWeight.Judged;
        return history with
        {
            Latest = new Entry(history.Latest, history.Sequence + 1, received.Message, received.Weight),
            Sequence = history.Sequence + 1,
            Noise = history.Noise + (isNoise ? 1 : 0),
            Transitions = history.Transitions + (isNoise ? 0 : 1),
            Judged = history.Judged + (isJudged ? 1 : 0),
            Numbered = history.Numbered && (!isJudged || received.Message.Seq is not null),
            Standing = judging.Standing,
            InOrder = judging.InOrder,
        };
    }

    /// <summary>Violations and repeats, of which a call keeps fewer.</summary>
    internal static bool IsNoise(CallEvent.Received received) =>
        received.Verdict.IsViolation || (received.Verdict.Anomalies & Anomalies.Repeated) != 0
        || received.Weight != EntryWeight.Judged;

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
    public static Judging Of(CallHistory history, CallMessage message)
    {
        var standing = history.Standing;
        if (Continues(history, message))
        {
            var verdict = CallLaw.Step(ref standing, message);
            return new Judging(standing, history.InOrder, verdict, Anew: null);
        }

        var entry = new Entry(history.Latest, history.Sequence + 1, message, EntryWeight.Judged);
        var anew = Judge.Of([.. history.JudgedByArrival(), entry]);
        return new Judging(anew.Standing, anew.InOrder, anew.Verdicts[^1], anew);
    }

    /// <summary>Of a message that counts for nothing.</summary>
    public static Judging None(CallHistory history) => new(history.Standing, history.InOrder, default, Anew: null);

    /// <summary>
    /// Whether the message comes after all that is judged, so that nothing older can be judged anew by it.
    /// </summary>
    private static bool Continues(CallHistory history, CallMessage message)
    {
        if (history.Judged == 0)
        {
            return true;
        }

        var numbered = history.Numbered && message.Seq is not null;
        return history.InOrder && numbered == history.Numbered
            && Judge.Compare(history.LatestJudged()!.Message, message, numbered) <= 0;
    }
}
