namespace Audit.Lifecycle.Sessions;

/// <summary>Numbers from one to another, both included.</summary>
public readonly record struct SeqRange(long From, long To);

/// <summary>
/// The host's own numbers that have arrived, as ranges: a host that loses nothing has one, however long the session.
/// </summary>
/// <param name="Ranges">Ascending, and never two that touch.</param>
/// <param name="Dropped">How many numbers would have made one range too many and are not kept.</param>
/// <param name="Highest">The highest of those.</param>
public sealed record SeqRanges(string Token, IReadOnlyList<SeqRange> Ranges, long Dropped, long Highest = 0)
{
    /// <summary>One limit for the read models and for the verification, so that they never disagree.</summary>
    public const int Most = 256;

    public SeqRanges Add(long seq)
    {
        var ranges = new List<SeqRange>(Ranges);
        return Add(ranges, seq) switch
        {
            true => this with { Ranges = ranges },
            false => this with { Dropped = Dropped + 1, Highest = Math.Max(Highest, seq) },
            null => this,
        };
    }

    public IEnumerable<SeqRange> Gaps() => Gaps(Ranges);

    public ulong Missing() => Missing(Ranges, Dropped, Highest);

    /// <returns>Whether the number is kept; null when it was there.</returns>
    public static bool? Add(List<SeqRange> ranges, long seq)
    {
        var index = ranges.Count;
        while (index > 0 && ranges[index - 1].From > seq)
        {
            index--;
        }

        if (index > 0 && ranges[index - 1].To >= seq)
        {
            return null;
        }

        var joinsBefore = index > 0 && ranges[index - 1].To == seq - 1;
        var joinsAfter = index < ranges.Count && ranges[index].From == seq + 1;
        switch (joinsBefore, joinsAfter)
        {
            case (true, true):
                ranges[index - 1] = new SeqRange(ranges[index - 1].From, ranges[index].To);
                ranges.RemoveAt(index);
                return true;
            case (true, false):
                ranges[index - 1] = new SeqRange(ranges[index - 1].From, seq);
                return true;
            case (false, true):
                ranges[index] = new SeqRange(seq, ranges[index].To);
                return true;
            case (false, false) when ranges.Count >= Most:
                return false;
            default:
                ranges.Insert(index, new SeqRange(seq, seq));
                return true;
        }
    }

    /// <summary>
    /// What is missing before the highest number that arrived. Hosts begin to count at 0 or at 1, so only a beginning
    /// beyond that misses something.
    /// </summary>
    public static IEnumerable<SeqRange> Gaps(IReadOnlyList<SeqRange> ranges)
    {
        var next = ranges.Count > 0 && ranges[0].From == 0 ? 0 : 1L;
        foreach (var range in ranges)
        {
            if (range.From > next)
            {
                yield return new SeqRange(next, range.From - 1);
            }

            next = range.To + 1;
        }
    }

    /// <summary>
    /// How many numbers before the highest did not arrive. Those that came and are not kept lie in the gaps, or beyond
    /// the last range.
    /// </summary>
    public static ulong Missing(IReadOnlyList<SeqRange> ranges, long dropped, long highest)
    {
        var gaps = Gaps(ranges).Aggregate(0UL, (sum, gap) => sum + (ulong)(gap.To - gap.From) + 1);
        var beyond = ranges.Count > 0 ? (ulong)Math.Max(highest - ranges[^1].To, 0) : 0;
        return gaps + beyond - Math.Min(gaps + beyond, (ulong)dropped);
    }
}
