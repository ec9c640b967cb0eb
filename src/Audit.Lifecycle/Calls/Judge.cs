namespace Audit.Lifecycle.Calls;

/// <param name="Order">The history: for each place the index, by arrival, of the message that has it.</param>
/// <param name="Verdicts">What each message is judged to be, by arrival.</param>
/// <param name="Standing">Where the call stands after all of them.</param>
/// <param name="Violations">How many of the messages are violations as things stand.</param>
/// <param name="InOrder">The host's own order is that of arrival.</param>
public sealed record Judgement(int[] Order, Verdict[] Verdicts, Standing Standing, int Violations, bool InOrder)
{
    public bool IsLate(int index) => Order[^1] != index;
}

/// <summary>The law: a pure function over the whole history of a call.</summary>
public static class Judge
{
    /// <param name="byArrival">The messages of a call in the order of their arrival.</param>
    public static Judgement Of(IReadOnlyList<Entry> byArrival)
    {
        var order = OrderOfHost(byArrival);
        var ordered = Fold(byArrival, order);
        if (ordered.InOrder || ordered.Violations == 0)
        {
            return ordered;
        }

        // A host whose clock was set back reports a legal history in an order that its times deny.
        var arrived = Fold(byArrival, Sorted(byArrival, Entry.CompareArrival));
        return arrived.Violations > 0 ? ordered : MarkSetBack(byArrival, arrived) with { InOrder = false };
    }

    /// <summary>
    /// Compares two messages of a history in which the host numbers all of them, or not all: then times order them, and
    /// messages of one time stand in the order of the numbers that they have, before those that have none. What an
    /// adapter derives has no numbers, and hosts write several things within a millisecond: it stands in the order in
    /// which such things happen.
    /// </summary>
    public static int Compare(CallMessage one, CallMessage other, bool numbered)
    {
        var compared = numbered ? 0 : one.OrderedAt.CompareTo(other.OrderedAt);
        compared = compared != 0 ? compared : NumberOf(one).CompareTo(NumberOf(other));
        return compared != 0 ? compared : RankOf(one).CompareTo(RankOf(other));

        static int RankOf(CallMessage message) => message is { Derived: true, Seq: null } ? 1 + (int)message.Kind : 0;

        static long NumberOf(CallMessage message) => message.Seq ?? long.MaxValue;
    }

    private static int[] OrderOfHost(IReadOnlyList<Entry> byArrival)
    {
        var numbered = IsNumbered(byArrival);
        return Sorted(byArrival, (one, other) => Entry.Compare(one, other, numbered));
    }

    private static int[] Sorted(IReadOnlyList<Entry> byArrival, Comparison<Entry> comparison)
    {
        var order = new int[byArrival.Count];
        for (var index = 0; index < order.Length; index++)
        {
            order[index] = index;
        }

        Array.Sort(order, (one, other) => comparison(byArrival[one], byArrival[other]));
        return order;
    }

    private static Judgement Fold(IReadOnlyList<Entry> byArrival, int[] order)
    {
        var verdicts = new Verdict[order.Length];
        var standing = default(Standing);
        var violations = 0;
        foreach (var index in order)
        {
            var entry = byArrival[index];
            var verdict = CallLaw.Step(ref standing, entry.Message, entry.Sequence);
            violations += verdict.IsViolation ? 1 : 0;
            verdicts[index] = verdict;
        }

        return new Judgement(order, verdicts, standing, violations, IsArrival(order));
    }

    /// <summary>
    /// Marks the messages that the host's own order, by its numbers or its clock, would place further ahead.
    /// </summary>
    private static Judgement MarkSetBack(IReadOnlyList<Entry> byArrival, Judgement arrived)
    {
        var numbered = IsNumbered(byArrival);
        var furthest = byArrival[0].Message;
        for (var index = 1; index < byArrival.Count; index++)
        {
            var message = byArrival[index].Message;
            if (EntryChain.PlaceNamedBy(message) is not null)
            {
                continue;
            }

            if (Compare(message, furthest, numbered) < 0)
            {
                arrived.Verdicts[index] = Add(arrived.Verdicts[index], Anomalies.ClockWentBack);
            }
            else
            {
                furthest = message;
            }
        }

        return arrived;
    }

    private static bool IsNumbered(IReadOnlyList<Entry> byArrival) =>
        byArrival.All(entry => EntryChain.HasNumber(entry.Message));

    private static bool IsArrival(int[] order)
    {
        for (var place = 0; place < order.Length; place++)
        {
            if (order[place] != place)
            {
                return false;
            }
        }

        return true;
    }

    private static Verdict Add(in Verdict verdict, Anomalies anomaly) =>
        verdict with { Anomalies = verdict.Anomalies | anomaly };
}
