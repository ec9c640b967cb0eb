namespace Audit.Integrity.Verification;

/// <summary>The leaf hashes that the log stores, in order, read some tiles ahead.</summary>
internal sealed class StoredLeaves(ILogSource log, long size)
{
    private const int TilesAtOnce = 64;

    private IReadOnlyList<byte[]> tiles = [];
    private long first;
    private long readUpTo;

    /// <summary>Makes the leaf at an index ready to be looked at, and those that follow it for a while.</summary>
    /// <returns>False where the log does not have it.</returns>
    public async ValueTask<bool> NeedAsync(long index, CancellationToken cancellation)
    {
        if (index < readUpTo)
        {
            return index >= first * TileShape.Width;
        }

        if (index >= size)
        {
            return false;
        }

        await ReadAsync(index, cancellation);
        return index < readUpTo;
    }

    /// <summary>Reads from the tile on that a leaf is in.</summary>
    public async Task ReadAsync(long index, CancellationToken cancellation)
    {
        first = index / TileShape.Width;
        tiles = await log.ReadTilesAsync(0, first, TilesAtOnce, cancellation);
        readUpTo = UpTo();
    }

    public bool Has(long index) => index >= first * TileShape.Width && index < readUpTo;

    public ReadOnlySpan<byte> Leaf(long index)
    {
        var at = index - first * TileShape.Width;
        return tiles[(int)(at / TileShape.Width)].AsSpan((int)(at % TileShape.Width) * TreeHash.Size, TreeHash.Size);
    }

    // A tile that is too short ends what is there, even if more tiles follow.
    private long UpTo()
    {
        var upTo = first * TileShape.Width;
        foreach (var tile in tiles)
        {
            upTo += Math.Min(tile.Length / TreeHash.Size, TileShape.Width);
            if (tile.Length < TileShape.FullBytes)
            {
                break;
            }
        }
        return Math.Min(upTo, size);
    }
}

/// <summary>A tree that is compared with the roots that the log is known to have had.</summary>
internal sealed class TreeTrial
{
    private readonly GrowingTree tree;

    public TreeTrial() => tree = new GrowingTree();

    private TreeTrial(TreeTrial other)
    {
        tree = other.tree.Clone();
        GoodUpTo = other.GoodUpTo;
        BadFrom = other.BadFrom;
    }

    public long Size => tree.Size;

    /// <summary>The largest size at which a known root was met.</summary>
    public long GoodUpTo { get; private set; }

    /// <summary>The smallest size at which a known root was missed; null where none was.</summary>
    public long? BadFrom { get; private set; }

    public IEnumerable<LogTile> Edge => tree.Edge();

    public TreeTrial Clone() => new(this);

    public void Append(ReadOnlySpan<byte> leaf, List<LogTile> completed) => tree.Append(leaf, completed);

    public bool HasRoot(ReadOnlySpan<byte> root) => tree.Root().AsSpan().SequenceEqual(root);

    /// <summary>Remembers whether the tree met the root that is known of a size.</summary>
    public void Judge(long size, bool met)
    {
        if (!met)
        {
            BadFrom ??= size;
        }
        else if (BadFrom is null)
        {
            GoodUpTo = size;
        }
    }
}

/// <summary>
/// The roots that are known of the log, in order of size: those kept in the store, and those kept outside of it.
/// </summary>
internal sealed class KnownRoots(ILogSource log, long size, IEnumerable<KnownRoot> outside)
{
    private const int CheckpointsAtOnce = 1000;

    private readonly Queue<KnownRoot> outside = new(
        outside.Where(known => known.Size <= size).OrderBy(known => known.Size));
    private readonly Queue<KnownRoot> kept = new();
    private long keptUpTo;
    private bool isAtEnd;

    /// <summary>Checkpoints that cannot be read.</summary>
    public List<long> UnreadableSizes { get; } = [];

    /// <summary>The next known root; null when there are no more.</summary>
    public KnownRoot? Next { get; private set; }

    public async Task AdvanceAsync(CancellationToken cancellation)
    {
        while (kept.Count == 0 && !isAtEnd)
        {
            await ReadKeptAsync(cancellation);
        }

        var fromOutside = outside.TryPeek(out var given) && (!kept.TryPeek(out var own) || given.Size <= own.Size);
        Next = fromOutside ? outside.Dequeue() : kept.TryDequeue(out var next) ? next : null;
    }

    private async Task ReadKeptAsync(CancellationToken cancellation)
    {
        var page = await log.ReadCheckpointsAsync(keptUpTo, CheckpointsAtOnce, cancellation);
        isAtEnd = page.Count < CheckpointsAtOnce || page[^1].Size >= size;
        foreach (var stored in page.Where(stored => stored.Size < size))
        {
            try
            {
                var checkpoint = SignedCheckpoint.Parse(stored.Note).Checkpoint;
                kept.Enqueue(new KnownRoot(stored.Size, checkpoint.Root, KnownRootOrigin.Kept, stored.Note));
            }
            catch (NoteFormatException)
            {
                UnreadableSizes.Add(stored.Size);
            }
        }
        if (page.Count > 0)
        {
            keptUpTo = page[^1].Size;
        }
    }
}

/// <summary>A root that the log had at a size, and who says so.</summary>
internal sealed record KnownRoot(long Size, byte[] Root, KnownRootOrigin Origin, string? Note = null)
{
    /// <summary>Of an ended log: the number of the one that took its place.</summary>
    public int Log { get; init; }
}

/// <summary>Where a root comes from that the log must have had.</summary>
internal enum KnownRootOrigin
{
    /// <summary>An older checkpoint that the store keeps; its signature is looked at only when it matters.</summary>
    Kept,

    /// <summary>The file of the node that signed it.</summary>
    Node,

    /// <summary>The auditor.</summary>
    Auditor,

    /// <summary>A quorum of witnesses.</summary>
    Witnesses,

    /// <summary>A log that was ended: where it ended is in the note of the one that followed.</summary>
    Ended,
}
