namespace Audit.Integrity.Sealing;

/// <summary>Checks what was sealed before, by this node or another one, and adopts it.</summary>
internal static class TakeOver
{
    /// <exception cref="LogHaltedException">What is stored contradicts itself or what was signed.</exception>
    public static async Task<SealedTree> RunAsync(
        LogStore store, IReadOnlyList<LogRecord> logs, LocalCheckpoint file, CancellationToken cancellation)
    {
        try
        {
            return await AdoptAsync(store, logs, file, cancellation);
        }
        catch (LogDamagedException damaged)
        {
            throw new LogHaltedException(damaged.Message);
        }
    }

    private static async Task<SealedTree> AdoptAsync(
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

        var reader = new TreeReader(tiles, size);
        var local = Local(logs, file);
        if (local is not null && local.Checkpoint.Size <= size)
        {
            await CheckExtendsAsync(reader, local.Checkpoint, size, cancellation);
        }

        if (signed is not null && size > (local?.Checkpoint.Size ?? 0))
        {
            file.Write(signed);
        }

        return new SealedTree
        {
            Tree = tree,
            LastPosition = stored?.LastPosition ?? 0,
            LastLeaf = size == 0 ? new byte[TreeHash.Size] : await reader.LeafAsync(size - 1, cancellation),
            SignedSize = size,
            Ahead = local is not null && local.Checkpoint.Size > size ? local.Checkpoint : null,
        };
    }

    private static SignedCheckpoint CheckSignature(LogRecord log, StoredCheckpoint stored)
    {
        try
        {
            var signed = SignedCheckpoint.Parse(stored.Note);
            if (signed.IsSignedBy(log.Key) && signed.Checkpoint.Size == stored.Size)
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

    // A file of a log that was ended is history. A file of a log that the store has never heard of is a contradiction.
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
                ?? throw new LogHaltedException(
                    $"This node last saw the log \"{local.Checkpoint.Origin}\" signed, which the store does not know; "
                    + $"the store's log is \"{log.Origin}\".");
            file.KeepAside(old.Number);
            return null;
        }
        return local.IsSignedBy(log.Key)
            ? local
            : throw new LogHaltedException("The checkpoint in this node's file is not signed by the log's key.");
    }

    private static async Task CheckExtendsAsync(
        TreeReader reader, Checkpoint local, long size, CancellationToken cancellation)
    {
        var root = await reader.RootAsync(local.Size, cancellation);
        if (!local.HasRoot(root))
        {
            throw new LogHaltedException(
                $"The stored log of {size} entries does not begin with the {local.Size} entries "
                + "that this node saw signed.");
        }
    }
}
