namespace Audit.Integrity.Sealing;

/// <summary>Checks what was sealed before, by this node or another one, and takes it up.</summary>
internal static class TakeOver
{
    /// <exception cref="LogHaltedException">What is stored contradicts itself or what was signed.</exception>
    /// <exception cref="LogMemoryException">This node's own memory is of no use for this log.</exception>
    public static async Task<SealedTree> RunAsync(
        LogStore store, IReadOnlyList<LogRecord> logs, LocalCheckpoint file, CancellationToken cancellation)
    {
        try
        {
            return await TakeAsync(store, logs, file, cancellation);
        }
        catch (LogDamagedException damaged)
        {
            throw new LogHaltedException(damaged.Message);
        }
    }

    /// <summary>Whether the log began with what a checkpoint covers.</summary>
    public static async Task<bool> ExtendsAsync(
        LogStore store, LogRecord log, long size, Checkpoint older, CancellationToken cancellation) =>
        older.Size <= size
        && older.HasRoot(await new TreeReader(new StoreTiles(store, log.Number), size)
            .RootAsync(older.Size, cancellation));

    private static async Task<SealedTree> TakeAsync(
        LogStore store, IReadOnlyList<LogRecord> logs, LocalCheckpoint file, CancellationToken cancellation)
    {
        var log = logs[^1];
        var tiles = new StoreTiles(store, log.Number);
        var stored = await store.ReadLastCheckpointAsync(log.Number, cancellation);
        var signed = stored is null ? null : CheckSignature(log, stored);
        var size = signed?.Checkpoint.Size ?? 0;
        var tree = await GrowingTree.LoadAsync(tiles, size, cancellation);
        if (signed is not null && !signed.Checkpoint.HasRoot(tree.Root()))
        {
            throw new LogHaltedException($"The stored hashes do not lead to the stored checkpoint of {size} entries.");
        }

        var local = Local(logs, file);
        if (local is not null && local.Checkpoint.Size <= size
            && !await ExtendsAsync(store, log, size, local.Checkpoint, cancellation))
        {
            throw new LogHaltedException(
                $"The stored log of {size} entries does not begin with the {local.Checkpoint.Size} entries "
                + "that this node saw signed.");
        }

        if (signed is not null && local is not null && size > local.Checkpoint.Size)
        {
            file.Write(signed);
        }

        return new SealedTree
        {
            Tree = tree,
            LastPosition = stored?.LastPosition ?? 0,
            LastLeaf = size == 0
                ? new byte[TreeHash.Size]
                : await new TreeReader(tiles, size).LeafAsync(size - 1, cancellation),
            SignedSize = size,
            Ahead = local is not null && local.Checkpoint.Size > size ? local.Checkpoint : null,
            Newest = signed,
            IsRemembered = local is not null,
        };
    }

    private static SignedCheckpoint CheckSignature(LogRecord log, StoredCheckpoint stored)
    {
        try
        {
            var signed = SignedCheckpoint.Parse(stored.Note);
            if (log.Chain.Signed(signed) && signed.Checkpoint.Size == stored.Size)
            {
                return signed;
            }
        }
        catch (NoteFormatException)
        {
            // What cannot be read is not signed either.
        }
        throw new LogHaltedException(
            $"The stored checkpoint of {stored.Size} entries is not signed by the log's key {log.Key}.");
    }

    // A file of a log that was ended is history.
    private static SignedCheckpoint? Local(IReadOnlyList<LogRecord> logs, LocalCheckpoint file)
    {
        var local = file.Read();
        if (local is null)
        {
            return null;
        }

        var log = logs[^1];
        if (local.Checkpoint.Origin != log.Origin)
        {
            var old = logs.FirstOrDefault(other => other.Origin == local.Checkpoint.Origin)
                ?? throw new LogMemoryException(
                    $"This node last saw the log \"{local.Checkpoint.Origin}\" signed, which the store does not know; "
                    + $"the store's log is \"{log.Origin}\".");
            file.KeepAside(old.Number);
            return null;
        }
        return log.Chain.Signed(local)
            ? local
            : throw new LogMemoryException("The checkpoint in this node's file is not signed by the log's key.");
    }
}

/// <summary>The tree of a log up to what is signed, and what is needed to go on from there.</summary>
internal sealed class SealedTree
{
    public required GrowingTree Tree { get; init; }

    /// <summary>The position of the last row in the tree, 0 for none.</summary>
    public required long LastPosition { get; set; }

    /// <summary>The leaf of that row.</summary>
    public required byte[] LastLeaf { get; init; }

    /// <summary>The size of the newest checkpoint in the store, 0 for none.</summary>
    public required long SignedSize { get; set; }

    /// <summary>
    /// A signed checkpoint that is larger than the tree: the tree must come to this very root before anything is
    /// signed.
    /// </summary>
    public required Checkpoint? Ahead { get; set; }

    /// <summary>The store's newest checkpoint; null where nothing was signed.</summary>
    public required SignedCheckpoint? Newest { get; init; }

    /// <summary>
    /// Whether this node remembers the log, and so knows that the store was not set back behind what others saw.
    /// </summary>
    public required bool IsRemembered { get; init; }
}

/// <summary>
/// This node's memory of the log is missing or of no use. That says nothing of the store, so it halts nobody else.
/// </summary>
internal sealed class LogMemoryException(string reason) : Exception(reason);
