using System.Runtime.InteropServices;

namespace Audit.Integrity.Verification;

/// <summary>What is known of a session while the rows go by.</summary>
internal sealed class SessionFacts(ReadOnlySpan<byte> source, ReadOnlySpan<byte> id)
{
    private readonly List<(byte[] Name, List<SeqRange> Ranges, long Dropped, long Highest)> tokens = [];

    public string Source { get; } = Encoding.UTF8.GetString(source);

    public string Id { get; } = Encoding.UTF8.GetString(id);

    public bool IsEnded { get; set; }

    public bool IsNumbered => tokens.Count > 0;

    /// <summary>How many numbers came and are not kept.</summary>
    public long Dropped => tokens.Sum(token => token.Dropped);

    public UInt128 Missing => tokens.Aggregate(
        UInt128.Zero, (sum, token) => sum + SeqRanges.Missing(token.Ranges, token.Dropped, token.Highest));

    public void Number(ReadOnlySpan<byte> token, long number)
    {
        foreach (ref var known in CollectionsMarshal.AsSpan(tokens))
        {
            if (token.SequenceEqual(known.Name))
            {
                if (SeqRanges.Add(known.Ranges, number) == false)
                {
                    known.Dropped++;
                    known.Highest = Math.Max(known.Highest, number);
                }

                return;
            }
        }

        tokens.Add((token.ToArray(), [new SeqRange(number, number)], 0, 0));
    }

    public IEnumerable<SequenceGap> Gaps() =>
        from token in tokens
        from gap in SeqRanges.Gaps(token.Ranges)
        select new SequenceGap(Source, Id, Encoding.UTF8.GetString(token.Name), gap.From, gap.To);
}

/// <summary>A call that is not settled, or whose rows alone do not show whether it is.</summary>
internal sealed class CallFacts(SessionFacts session, string toolCallId)
{
    public SessionFacts Session { get; } = session;

    public string ToolCallId { get; } = toolCallId;

    public CallState State { get; set; }

    public bool IsReordered { get; set; }

    public long Position { get; set; }
}
