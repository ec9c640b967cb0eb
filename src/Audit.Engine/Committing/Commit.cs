namespace Audit.Engine.Committing;

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

    /// <summary>Hands every group back with what became of it, and is empty afterwards.</summary>
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
            group.Settle();
        }

        groups.Clear();
        merged.Clear();
        count = 0;
    }
}

/// <summary>
/// What one writer has for the journal in one go. Groups of a writer are committed and settled in the order they were
/// made.
/// </summary>
internal abstract class CommitGroup
{
    private long[] positions = [];

    public List<RowToAppend> Rows { get; } = [];

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

    /// <summary>Goes back to whoever made it.</summary>
    public abstract void Settle();

    /// <summary>Makes it ready for the next lot, after all that was in it is settled.</summary>
    public virtual void Empty() => Rows.Clear();
}

/// <summary>Makes rows of the events that are being decided.</summary>
internal sealed class RowSink
{
    private readonly List<EncodedEvent> events = [];
    private List<RowToAppend> rows = [];
    private long createdTicks;

    /// <summary>Begins a group; all of its rows are created at one time.</summary>
    public void Begin(List<RowToAppend> target, DateTimeOffset created)
    {
        rows = target;
        createdTicks = created.UtcTicks;
    }

    /// <summary>Begins an item; its events go into the list.</summary>
    public List<EncodedEvent> Begin()
    {
        events.Clear();
        return events;
    }

    /// <summary>Adds the rows of the item, which follow the sequence number given.</summary>
    public void Add(StreamHandle stream, long sequence)
    {
        foreach (var encoded in events)
        {
            rows.Add(new RowToAppend(
                stream, ++sequence, encoded.Manifest, createdTicks, encoded.Message, encoded.Opened));
        }
    }
}
