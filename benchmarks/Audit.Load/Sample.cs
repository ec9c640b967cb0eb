namespace Audit.Load;

/// <summary>One measurement.</summary>
/// <param name="Events">How many were taken in durably.</param>
/// <param name="ProcessorTime">Of this process alone: neither of a database server nor of a node beside it.</param>
/// <param name="AllocatedBytes">By this process.</param>
internal sealed record Sample(long Events, TimeSpan Elapsed, TimeSpan ProcessorTime, long AllocatedBytes)
{
    /// <summary>Of one commit or one post; null where it was not taken.</summary>
    public TimeSpan? MedianLatency { get; init; }

    /// <summary>Anything that helps to understand the figures.</summary>
    public string? Note { get; init; }

    public double PerSecond => Events / Elapsed.TotalSeconds;
}
