namespace Audit.Engine.Local;

/// <summary>The groups that one transaction writes, whole or not at all.</summary>
internal sealed class Commit
{
    private readonly List<CommitGroup> groups = [];
    private readonly List<RowToAppend> merged = [];
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

    public bool HasRoomFor(CommitGroup group, int mostRows) => groups.Count == 0 || count + group.Rows.Count <= mostRows;

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
    }

    /// <summary>Tells every shard what became of its groups, and is empty afterwards.</summary>
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
