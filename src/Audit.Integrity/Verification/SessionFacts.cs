namespace Audit.Integrity.Verification;

/// <summary>What is known of a session while the rows go by.</summary>
internal sealed class SessionFacts(ReadOnlySpan<byte> id)
{
    private readonly List<(byte[] Host, List<SeqRange> Ranges)> hosts = [];

    public string Id { get; } = Encoding.UTF8.GetString(id);

    public bool IsEnded { get; set; }

    public bool IsNumbered => hosts.Count > 0;

    public void Number(ReadOnlySpan<byte> host, long number)
    {
        foreach (var (known, ranges) in hosts)
        {
            if (host.SequenceEqual(known))
            {
                SeqRanges.Add(ranges, number);
                return;
            }
        }

        hosts.Add((host.ToArray(), [new SeqRange(number, number)]));
    }

    public IEnumerable<SequenceGap> Gaps() =>
        from host in hosts
        from gap in SeqRanges.Gaps(host.Ranges)
        select new SequenceGap(Id, Encoding.UTF8.GetString(host.Host), gap.From, gap.To);
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
