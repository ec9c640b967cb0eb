namespace Audit.Engine.Local;

/// <summary>What one shard decided in one go. Groups of a shard are committed and settled in the order they were made.</summary>
internal sealed class CommitGroup(Shard shard)
{
    private long[] positions = [];

    public Shard Shard { get; } = shard;

    public List<RowToAppend> Rows { get; } = [];

    public List<PendingItem> Pending { get; } = [];

    /// <summary>Where the messages of the rows lie.</summary>
    public MessageRoom Room { get; } = new();

    /// <summary>One for each row, 0 where the row's stream was lost.</summary>
    public ReadOnlySpan<long> Positions => positions;

    /// <summary>Set when the transaction failed and nothing is known of any row.</summary>
    public string? Failure { get; set; }

    public void TakePositions(ReadOnlySpan<long> given)
    {
        if (positions.Length < given.Length)
        {
            positions = new long[given.Length * 2];
        }

        given.CopyTo(positions);
    }

    /// <summary>Makes it ready for the next lot, after all that was in it is settled.</summary>
    public void Empty()
    {
        Rows.Clear();
        Pending.Clear();
        Room.Release();
    }
}
