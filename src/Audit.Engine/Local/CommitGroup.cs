using Audit.Journal;

namespace Audit.Engine.Local;

/// <summary>What one shard decided in one go. Groups of a shard are committed and settled in the order they were made.</summary>
internal sealed class CommitGroup(Shard shard)
{
    public Shard Shard { get; } = shard;

    public List<RowToAppend> Rows { get; } = [];

    public List<PendingItem> Pending { get; } = [];

    /// <summary>One for each row, 0 where the row's stream was lost.</summary>
    public long[] Positions { get; set; } = [];

    /// <summary>Set when the transaction failed and nothing is known of any row.</summary>
    public string? Failure { get; set; }
}
