namespace Audit.Load;

/// <summary>One measurement.</summary>
/// <param name="Events">How many were taken in durably.</param>
/// <param name="ProcessorTime">Of this process alone: neither of a database server nor of a node beside it.</param>
/// <param name="AllocatedBytes">By this process.</param>
internal sealed record Sample(long Events, TimeSpan Elapsed, TimeSpan ProcessorTime, long AllocatedBytes)
{
    /// <summary>Of one commit, one post or one look; null where it was not taken.</summary>
    public TimeSpan? MedianLatency { get; init; }

    /// <summary>What one in a hundred exceeds; null where it was not taken.</summary>
    public TimeSpan? TailLatency { get; init; }

    /// <summary>What the node beside this process cost; null where there was none.</summary>
    public NodeCost? Node { get; init; }

    /// <summary>Processor time of the database's server; null where there is none of its own.</summary>
    public TimeSpan? ServerTime { get; init; }

    /// <summary>What lies on the disk; null where it was not looked at.</summary>
    public StoredBytes? Stored { get; init; }

    /// <summary>Anything that helps to understand the figures.</summary>
    public string? Note { get; init; }

    public double PerSecond => Events / Elapsed.TotalSeconds;
}

/// <summary>What a node used while it was measured.</summary>
/// <param name="MicrosecondsAnEvent">Of processor time.</param>
/// <param name="ResidentMegabytes">The most it had since its start.</param>
internal sealed record NodeCost(double MicrosecondsAnEvent, double ResidentMegabytes)
{
    /// <summary>How much more it had than when it was measured first.</summary>
    public double GrownMegabytes { get; init; }

    /// <summary>Of managed objects that it made for an event; null where it does not say.</summary>
    public double? BytesAllocated { get; init; }

    public override string ToString() => FormattableString.Invariant(
        $"node: {MicrosecondsAnEvent:0.0} µs of CPU an event, {ResidentMegabytes:0} MB resident at most");
}

/// <summary>What lies on the disk, all that is derived from the records included.</summary>
/// <param name="ForAByte">For a byte of the records that were written.</param>
/// <param name="ForAByteWithoutIndex">The same without the text index.</param>
/// <param name="OfARow">For each row that lies there, also of those from before.</param>
internal sealed record StoredBytes(double ForAByte, double ForAByteWithoutIndex, double OfARow);
