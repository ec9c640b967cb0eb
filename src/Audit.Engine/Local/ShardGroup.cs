using Audit.Engine.Committing;
using Audit.Engine.Submitting;

namespace Audit.Engine.Local;

/// <summary>What one shard decided in one go.</summary>
internal sealed class ShardGroup(Shard shard) : CommitGroup
{
    public List<PendingItem> Pending { get; } = [];

    /// <summary>Where the messages of the rows lie.</summary>
    public MessageRoom Room { get; } = new();

    public override void Settle() => shard.Settle(this);

    public override void Empty()
    {
        base.Empty();
        Pending.Clear();
        Room.Release();
    }
}

/// <summary>An item that is decided and waits for its commit: the rows it made, and the receipt it will get.</summary>
/// <param name="Stream">Null for an item that could not be decided and takes its receipt as it is.</param>
internal readonly record struct PendingItem(
    BatchInWork Batch, int Index, LiveStream? Stream, Receipt Receipt, int FirstRow, int RowCount, int Tries)
{
    public Submission Submission => Batch.Items[Index];
}

/// <summary>What a shard has to do of a batch: its items, each with the index of the one that follows it.</summary>
internal sealed class BatchPart(BatchInWork batch, int[] following, int first)
{
    public BatchInWork Batch { get; } = batch;

    public int Next { get; private set; } = first;

    public bool IsTaken => Next == following.Length;

    public void Advance() => Next = following[Next];
}
