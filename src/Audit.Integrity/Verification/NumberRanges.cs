namespace Audit.Integrity.Verification;

/// <summary>The numbers that were seen, as ranges: a host that numbers without gaps makes one, in whatever order they come.</summary>
internal sealed class NumberRanges
{
    /// <summary>So many gaps of one host in one session are kept apart; with more, the youngest are closed uncounted.</summary>
    private const int Most = 1024;

    private readonly List<(long First, long Last)> ranges = [];

    public void Add(long number)
    {
        var at = ranges.Count;
        while (at > 0 && ranges[at - 1].First > number)
        {
            at--;
        }
        // The range before reaches it, touches it, or lies apart.
        if (at > 0 && ranges[at - 1].Last >= number)
        {
            return;
        }

        var joinsBefore = at > 0 && ranges[at - 1].Last == number - 1;
        var joinsAfter = at < ranges.Count && ranges[at].First == number + 1;
        switch (joinsBefore, joinsAfter)
        {
            case (true, true):
                ranges[at - 1] = (ranges[at - 1].First, ranges[at].Last);
                ranges.RemoveAt(at);
                break;
            case (true, false):
                ranges[at - 1] = (ranges[at - 1].First, number);
                break;
            case (false, true):
                ranges[at] = (number, ranges[at].Last);
                break;
            default:
                ranges.Insert(at, (number, number));
                break;
        }
        if (ranges.Count > Most)
        {
            ranges[^2] = (ranges[^2].First, ranges[^1].Last);
            ranges.RemoveAt(ranges.Count - 1);
        }
    }

    /// <summary>What is missing between the first number and the last. Numbering begins with 0 or 1.</summary>
    public IEnumerable<(long First, long Last)> Gaps()
    {
        if (ranges.Count > 0 && ranges[0].First > 1)
        {
            yield return (1, ranges[0].First - 1);
        }

        for (var i = 1; i < ranges.Count; i++)
        {
            yield return (ranges[i - 1].Last + 1, ranges[i].First - 1);
        }
    }
}
