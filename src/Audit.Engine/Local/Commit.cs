using Audit.Engine.Submitting;

namespace Audit.Engine.Local;

/// <summary>The groups that one transaction writes, whole or not at all.</summary>
internal sealed class Commit
{
    private readonly List<CommitGroup> groups = [];
    private List<RowToAppend> merged = [];
    private long[] positions = [];
    private int count;

    /// <summary>The rows of all groups in their order; one group's own list is not copied.</summary>
    public List<RowToAppend> Rows => groups.Count == 1 ? groups[0].Rows : merged;

    /// <summary>One for each row.</summary>
    public Memory<long> Positions
    {
        get
        {
            if (positions.Length < count)
            {
                positions = new long[count * 2];
            }

            return positions.AsMemory(0, count);
        }
    }

    public bool HasRoomFor(CommitGroup group, int mostRows) =>
        groups.Count == 0 || count + group.Rows.Count <= mostRows;

    public void Add(CommitGroup group)
    {
        if (groups.Count == 1)
        {
            merged.AddRange(groups[0].Rows);
        }

        if (groups.Count > 0)
        {
            merged.AddRange(group.Rows);
        }

        groups.Add(group);
        count += group.Rows.Count;
    }

    /// <summary>What was decided on top of these rows may stand on nothing; the journal will skip it.</summary>
    public void Fail(string failure)
    {
        foreach (var group in groups)
        {
            group.Failure = failure;
            foreach (var row in group.Rows)
            {
                row.Stream.Lose();
            }
        }

        // The journal may be at it still, and so neither is used again.
        (merged, positions) = ([], []);
    }

    /// <summary>Reports to every shard what became of its groups, and is empty afterwards.</summary>
    public void Settle()
    {
        var at = 0;
        foreach (var group in groups)
        {
            if (group.Failure is null)
            {
                group.TakePositions(positions.AsSpan(at, group.Rows.Count));
            }

            at += group.Rows.Count;
            group.Shard.Settle(group);
        }

        groups.Clear();
        merged.Clear();
        count = 0;
    }
}

/// <summary>
/// What one shard decided in one go. Groups of a shard are committed and settled in the order they were made.
/// </summary>
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
