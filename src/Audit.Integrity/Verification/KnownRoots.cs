namespace Audit.Integrity.Verification;

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
