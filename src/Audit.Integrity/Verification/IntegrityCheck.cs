namespace Audit.Integrity.Verification;

/// <summary>
/// Compares rows with the stored leaf hashes, these with the stored tiles above them, and all with the roots that were
/// signed. Two trees grow side by side, one of the rows and one of the stored hashes; as long as they are the same,
/// only one is worked out. Which of the two leads to the signed root shows in the end what was tampered with.
/// </summary>
internal sealed class IntegrityCheck
{
    private readonly ILogSource log;
    private readonly long size;
    private readonly StoredLeaves leaves;
    private readonly KnownRoots roots;
    private readonly List<LogTile> completed = [];
    private readonly List<long> bundleStarts = [];
    private readonly KeyChain keys;
    private readonly List<long> forgedCheckpoints = [];
    private readonly List<KnownRoot> missedByRows = [];
    private readonly List<KnownRoot> missedByStored = [];
    private readonly TreeTrial stored = new();
    private TreeTrial? rows;
    private bool leavesEnded;

    public IntegrityCheck(ILogSource log, long size, KeyChain keys, IEnumerable<KnownRoot> outside)
    {
        this.keys = keys;
        this.log = log;
        this.size = size;
        leaves = new StoredLeaves(log, size);
        roots = new KnownRoots(log, size, outside);
    }

    /// <summary>Rows that were read.</summary>
    public long Rows { get; private set; }

    public long ForeignRows { get; private set; }

    /// <summary>Rows that no node of the store can have written.</summary>
    public long UnprovenRows { get; private set; }

    public long? FirstUnproven { get; private set; }

    /// <summary>Rows of which there is only the entry.</summary>
    public long EntriesOnly { get; private set; }

    /// <summary>The first row that no checkpoint covers, and when it says that it was written.</summary>
    public (long Position, long Created)? FirstUnsealed { get; private set; }

    public long LastPosition { get; private set; }

    public long? FirstDeleted { get; private set; }

    public long DeletedRows { get; private set; }

    /// <summary>The first place where row and stored hash differ.</summary>
    public IntegrityFault? FirstDifference { get; private set; }

    /// <summary>The leaves under the first hash of a higher tile that is not what the tile below comes to.</summary>
    public LeafRange? FirstTileDifference { get; private set; }

    /// <summary>The index of the first leaf that the log does not have any more.</summary>
    public long? FirstLeafMissing { get; private set; }

    /// <summary>Known roots that the rows do not lead to.</summary>
    public IReadOnlyList<KnownRoot> MissedByRows => missedByRows;

    /// <summary>Known roots that the stored hashes do not lead to.</summary>
    public IReadOnlyList<KnownRoot> MissedByStored => missedByStored;

    /// <summary>Sizes of kept checkpoints that are not what the log signed.</summary>
    public IReadOnlyList<long> ForgedCheckpoints => [.. roots.UnreadableSizes, .. forgedCheckpoints];

    /// <summary>The tree of the rows.</summary>
    public TreeTrial RowTree => rows ?? stored;

    /// <summary>The tree of the stored hashes.</summary>
    public TreeTrial StoredTree => stored;

    public async Task BeginAsync(CancellationToken cancellation)
    {
        await roots.AdvanceAsync(cancellation);
        await CompareRootsAsync(cancellation);
    }

    public async Task TakeAsync(RowBatch batch, CancellationToken cancellation)
    {
        for (var i = 0; i < batch.Count; i++)
        {
            var before = LastPosition;
            Note(batch, i);
            var index = RowTree.Size;
            if (index >= size)
            {
                continue;
            }

            leavesEnded = leavesEnded || !await leaves.NeedAsync(index, cancellation);
            if (!leavesEnded && FirstDifference is null && !batch.Leaf(i).SequenceEqual(leaves.Leaf(index)))
            {
                // From here, so that there is something to compare the row with.
                await leaves.ReadAsync(index, cancellation);
                FirstDifference = RowDifference.Of(batch, i, before, leaves, index);
                Part();
            }
            Append(batch.Leaf(i), index);
            await AfterLeafAsync(cancellation);
        }
    }

    /// <summary>Goes on with the stored hashes where rows are missing, and compares the edge.</summary>
    public async Task EndAsync(CancellationToken cancellation)
    {
        if (RowTree.Size < size)
        {
            Part();
        }

        while (stored.Size < size && await leaves.NeedAsync(stored.Size, cancellation))
        {
            stored.Append(leaves.Leaf(stored.Size), completed);
            await AfterLeafAsync(cancellation);
        }
        if (stored.Size < size)
        {
            FirstLeafMissing ??= stored.Size;
        }
        else if (FirstTileDifference is null)
        {
            await CompareTilesAsync([.. stored.Edge], cancellation);
        }
    }

    /// <summary>The position of the bundle that a leaf is in, as far as rows were read.</summary>
    public long? PositionBefore(long index)
    {
        var bundle = index / TileShape.Width;
        return bundle < bundleStarts.Count ? bundleStarts[(int)bundle] : null;
    }

    /// <summary>The position before which the bundle ends that a leaf is in.</summary>
    public long PositionAfter(long index)
    {
        var next = index / TileShape.Width + 1;
        return next < bundleStarts.Count ? bundleStarts[(int)next] - 1 : LastPosition;
    }

    private void Note(RowBatch batch, int i)
    {
        ref readonly var row = ref batch[i];
        if (Rows % TileShape.Width == 0)
        {
            bundleStarts.Add(row.Position);
        }

        Rows++;
        LastPosition = row.Position;
        NoteKind(row);
        if (row.IsEntry)
        {
            return;
        }

        if (row.Identifier != JournalTable.SerializerId)
        {
            ForeignRows++;
        }

        if (!row.Deleted)
        {
            return;
        }

        FirstDeleted ??= row.Position;
        DeletedRows++;
    }

    private void NoteKind(in RowSlot row)
    {
        if (row.Unproven)
        {
            UnprovenRows++;
            FirstUnproven ??= row.Position;
        }

        if (row.IsEntry)
        {
            EntriesOnly++;
        }

        if (Rows > size)
        {
            FirstUnsealed ??= (row.Position, row.Created);
        }
    }

    private void Append(ReadOnlySpan<byte> leaf, long index)
    {
        if (leavesEnded)
        {
            FirstLeafMissing ??= index;
            Part();
        }
        rows?.Append(leaf, []);
        if (!leavesEnded)
        {
            stored.Append(leaves.Leaf(index), completed);
        }
    }

    // From here on the rows are no longer what is stored.
    private void Part() => rows ??= stored.Clone();

    private async ValueTask AfterLeafAsync(CancellationToken cancellation)
    {
        if (completed.Count > 0)
        {
            await CompareTilesAsync(completed, cancellation);
            completed.Clear();
        }
        if (roots.Next?.Size == Leading)
        {
            await CompareRootsAsync(cancellation);
        }
    }

    private long Leading => Math.Max(RowTree.Size, stored.Size);

    private async Task CompareRootsAsync(CancellationToken cancellation)
    {
        while (roots.Next is { } next && next.Size == Leading)
        {
            Compare(next);
            await roots.AdvanceAsync(cancellation);
        }
    }

    private void Compare(KnownRoot known)
    {
        var storedMeets = stored.Size == known.Size && stored.HasRoot(known.Root);
        var rowsMeet = rows is null ? storedMeets : rows.Size == known.Size && rows.HasRoot(known.Root);
        // A signature is expensive to check, and of interest only when something is wrong.
        if ((!storedMeets || !rowsMeet) && known.Note is { } note && !keys.Signed(SignedCheckpoint.Parse(note)))
        {
            forgedCheckpoints.Add(known.Size);
            return;
        }
        stored.Judge(known.Size, storedMeets);
        rows?.Judge(known.Size, rowsMeet);
        if (!rowsMeet)
        {
            missedByRows.Add(known);
        }

        if (!storedMeets)
        {
            missedByStored.Add(known);
        }
    }

    private async Task CompareTilesAsync(IReadOnlyList<LogTile> tiles, CancellationToken cancellation)
    {
        foreach (var tile in tiles)
        {
            // The tiles of the lowest level are what the tree is made of.
            if (tile.Level == 0 || FirstTileDifference is not null)
            {
                continue;
            }

            var found = await log.ReadTilesAsync(tile.Level, tile.Number, 1, cancellation);
            var hashes = found.Count == 0 ? [] : found[0];
            var same = tile.Hashes.AsSpan().CommonPrefixLength(hashes) / TreeHash.Size;
            if (same >= tile.Count)
            {
                continue;
            }

            var span = 1L << (TileShape.Height * tile.Level);
            var start = (tile.Number * TileShape.Width + same) * span;
            FirstTileDifference = new LeafRange(start, Math.Min(start + span, size));
        }
    }
}
