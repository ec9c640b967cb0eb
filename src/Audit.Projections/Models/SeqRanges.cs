namespace Audit.Projections.Models;

/// <summary>
/// The host's own numbers that have arrived, as ranges: a host that loses nothing has one, however long the session.
/// </summary>
/// <param name="Ranges">Ascending, and never two that touch.</param>
/// <param name="Dropped">Numbers that would have made one range too many and are not kept.</param>
public sealed record SeqRanges(string Host, IReadOnlyList<SeqRange> Ranges, long Dropped)
{
    public const int Most = 256;

    public SeqRanges Add(long seq)
    {
        var index = IndexAfter(seq);
        var joinsBefore = index > 0 && Ranges[index - 1].To >= seq - 1;
        var joinsAfter = index < Ranges.Count && Ranges[index].From == seq + 1;
        if (joinsBefore && Ranges[index - 1].To >= seq)
        {
            return this;
        }

        return (joinsBefore, joinsAfter) switch
        {
            (true, true) => Replace(index - 1, 2, new SeqRange(Ranges[index - 1].From, Ranges[index].To)),
            (true, false) => Replace(index - 1, 1, new SeqRange(Ranges[index - 1].From, seq)),
            (false, true) => Replace(index, 1, new SeqRange(seq, Ranges[index].To)),
            _ when Ranges.Count >= Most => this with { Dropped = Dropped + 1 },
            _ => Replace(index, 0, new SeqRange(seq, seq)),
        };
    }

    /// <summary>
    /// What is missing before the highest number that arrived. Hosts begin to count at 0 or at 1, so only a beginning
    /// beyond that misses something.
    /// </summary>
    public IEnumerable<SeqRange> Gaps()
    {
        var next = Ranges.Count > 0 && Ranges[0].From == 0 ? 0 : 1L;
        foreach (var range in Ranges)
        {
            if (range.From > next)
            {
                yield return new SeqRange(next, range.From - 1);
            }

            next = range.To + 1;
        }
    }

    /// <summary>The index of the first range that begins after the number.</summary>
    private int IndexAfter(long seq)
    {
        var index = Ranges.Count;
        while (index > 0 && Ranges[index - 1].From > seq)
        {
            index--;
        }

        return index;
    }

    private SeqRanges Replace(int index, int count, SeqRange range)
    {
        var ranges = new List<SeqRange>(Ranges);
        ranges.RemoveRange(index, count);
        ranges.Insert(index, range);
        return this with { Ranges = ranges };
    }
}

/// <summary>Numbers from one to another, both included.</summary>
public readonly record struct SeqRange(long From, long To);
