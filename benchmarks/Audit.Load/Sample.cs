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

    /// <summary>Bytes on the disk for a byte of record, all that is derived from it included.</summary>
    public double? StoredForAByte { get; init; }

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

    public override string ToString() => FormattableString.Invariant(
        $"node: {MicrosecondsAnEvent:0.0} µs of CPU an event, {ResidentMegabytes:0} MB resident at most");
}
