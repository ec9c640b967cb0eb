using System.Runtime.InteropServices;

namespace Audit.Integrity.Verification;

/// <summary>What is known of a session while the rows go by.</summary>
internal sealed class SessionFacts(ReadOnlySpan<byte> id)
{
    private readonly List<(byte[] Name, List<SeqRange> Ranges, long Dropped, long Highest)> hosts = [];

    public string Id { get; } = Encoding.UTF8.GetString(id);

    public bool IsEnded { get; set; }

    public bool IsNumbered => hosts.Count > 0;

    /// <summary>How many numbers came and are not kept.</summary>
    public long Dropped => hosts.Sum(host => host.Dropped);

    public UInt128 Missing => hosts.Aggregate(
        UInt128.Zero, (sum, host) => sum + SeqRanges.Missing(host.Ranges, host.Dropped, host.Highest));

    public void Number(ReadOnlySpan<byte> host, long number)
    {
        foreach (ref var known in CollectionsMarshal.AsSpan(hosts))
        {
            if (host.SequenceEqual(known.Name))
            {
                if (SeqRanges.Add(known.Ranges, number) == false)
                {
                    known.Dropped++;
                    known.Highest = Math.Max(known.Highest, number);
                }

                return;
            }
        }

        hosts.Add((host.ToArray(), [new SeqRange(number, number)], 0, 0));
    }

    public IEnumerable<SequenceGap> Gaps() =>
        from host in hosts
        from gap in SeqRanges.Gaps(host.Ranges)
        select new SequenceGap(Id, Encoding.UTF8.GetString(host.Name), gap.From, gap.To);
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
