namespace Audit.Projections.Feeding;

public sealed record ReadSideOptions
{
    public FeedLimits Limits { get; init; } = new();

    public TimeProvider Clock { get; init; } = TimeProvider.System;

    /// <summary>Learns of what the feeds outlive.</summary>
    public FailureLog Failures { get; init; } = FailureLog.None;
}

/// <summary>How much is in memory at one time: one page of rows, and the facts of three batches at most.</summary>
public sealed record FeedLimits
{
    /// <summary>
    /// Events that are written in one transaction. With more of them the tables in memory that hold a batch become
    /// large objects, which keep all that they name alive until the rarest of collections.
    /// </summary>
    public int Rows { get; init; } = 1_000;

    /// <summary>Rows that are read at one time: their records are dropped as soon as they are parsed.</summary>
    public int PageRows { get; init; } = 500;

    public long PageBytes { get; init; } = 2L << 20;

    /// <summary>Messages that are judged anew in one transaction.</summary>
    public int RejudgedAtOnce { get; init; } = 2_000;

    /// <summary>
    /// At the journal's end more is waited for once something came, until there are about so many rows, and no
    /// shorter or longer than this, unless somebody waits.
    /// </summary>
    public int GatherRows { get; init; } = 100;

    public TimeSpan Gather { get; init; } = TimeSpan.FromMilliseconds(20);

    public TimeSpan LongestGather { get; init; } = TimeSpan.FromMilliseconds(60);

    /// <summary>After so long without a word the journal is looked at again: it may have gone back.</summary>
    public TimeSpan Patience { get; init; } = TimeSpan.FromSeconds(5);
}
