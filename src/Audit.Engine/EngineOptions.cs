using Audit.Journal.Sealing;

namespace Audit.Engine;

/// <summary>The limits of an engine. Each has a default that suits a machine of any size.</summary>
public sealed record EngineOptions
{
    /// <summary>More shards than cores make smaller batches and win nothing.</summary>
    public int Shards { get; init; } = Math.Clamp(Environment.ProcessorCount, 1, 8);

    /// <summary>Items that may wait for a receipt; beyond them submitters wait.</summary>
    public int MaxWaiting { get; init; } = 16_384;

    public long MaxWaitingBytes { get; init; } = 64L << 20;

    /// <summary>Rows in a transaction: more make commits long, fewer make them many.</summary>
    public int MaxRowsPerCommit { get; init; } = 3_000;

    /// <summary>Events of live streams kept in memory, over all shards.</summary>
    public int MaxLiveEvents { get; init; } = 32_000;

    /// <summary>
    /// Streams that are only known to lie in the journal, at some twenty bytes each, over all shards.
    /// </summary>
    public int MaxKnownStreams { get; init; } = 500_000;

    /// <summary>A stream that nothing comes for is forgotten after one to two of these.</summary>
    public TimeSpan IdleAfter { get; init; } = TimeSpan.FromMinutes(1);

    /// <summary>What calls only count is written down within this.</summary>
    public TimeSpan CountedWithin { get; init; } = CallLimits.CountedWithin;

    public TimeSpan MaxWindowLength { get; init; } = WindowLimits.DefaultMaxLength;

    /// <summary>Takes secrets out of what the node itself writes; null where that is switched off.</summary>
    public Redactor? Redactor { get; init; }

    /// <summary>Where the engine reports what it outlives and answers as not known.</summary>
    public FailureLog Failures { get; init; } = FailureLog.None;

    /// <summary>Is given how long each transaction of the journal took that went well.</summary>
    public Action<TimeSpan>? Committed { get; init; }

    /// <summary>Keeps the rows of each for those who follow the journal.</summary>
    public RecentRows? Recent { get; init; }

    internal EngineLoops Loops { get; init; } = new();
}

/// <summary>What the loops of an engine run on: the pool's threads, or the one thread of a simulation.</summary>
internal sealed record EngineLoops
{
    public TaskScheduler Scheduler { get; init; } = TaskScheduler.Default;

    public Random Chance { get; init; } = Random.Shared;

    /// <summary>
    /// A loop that ended by a fault of this program would leave its hosts waiting for ever. What is acknowledged is
    /// durable, so the process ends instead and starts anew from the journal.
    /// </summary>
    public Action<Exception> EndedBy { get; init; } =
        fault => Environment.FailFast("A loop of the engine ended by a fault.", fault);
}
