using Audit.Integrity.Entries;

namespace Audit.Integrity.Sealing;

/// <summary>
/// Compares the journal with what the log, this node's file and the checkpoints kept elsewhere remember of it.
/// </summary>
public sealed class LogMemory
{
    private const int PageRows = 1_000;
    private const long PageBytes = 4L << 20;

    /// <summary>Of more rows than this only the positions are looked at, and the rest is left to the sealer.</summary>
    private const long MostCounted = 200_000;

    private readonly IJournal journal;
    private readonly LogStore store;
    private readonly SealerOptions options;
    private readonly LocalCheckpoint file;
    private readonly RowLook look;

    internal LogMemory(
        string address, IJournal journal, LogStore store, EntryKeys entries, SealerOptions options)
    {
        this.journal = journal;
        this.store = store;
        this.options = options;
        file = new LocalCheckpoint(options.CheckpointFile);
        look = new RowLook(address, store, entries);
    }

    /// <returns>Who remembers what the journal does not have, and up to where.</returns>
    public async Task<IReadOnlyList<Remembered>> FindLostAsync(CancellationToken cancellation)
    {
        var logs = await store.ReadLogsAsync(cancellation);
        var log = logs.Count == 0 ? null : logs[^1];
        var stored = log is null ? null : await store.ReadLastCheckpointAsync(log.Number, cancellation);
        var lost = new List<Remembered>();
        if (log is not null && stored is { Size: > 0 } && !await HasLastAsync(log, stored, cancellation))
        {
            lost.Add(new Remembered("log", stored.LastPosition));
        }

        if (await KeptAsync(log, cancellation) is { } kept
            && !await HasRowsAsync(stored, kept.Size, cancellation))
        {
            lost.Add(new Remembered(kept.By, kept.Size));
        }

        return lost;
    }

    private async Task<bool> HasLastAsync(LogRecord log, StoredCheckpoint stored, CancellationToken cancellation)
    {
        try
        {
            var sealedLeaf = await new TreeReader(new StoreTiles(store, log.Number), stored.Size)
                .LeafAsync(stored.Size - 1, cancellation);
            return await look.LeafAsync(stored.LastPosition, cancellation) is { } leaf
                && leaf.AsSpan().SequenceEqual(sealedLeaf);
        }
        catch (LogDamagedException)
        {
            // That is a fault of the log, which says nothing of the journal.
            return true;
        }
    }

    /// <summary>The larger of the checkpoints that lie outside the store.</summary>
    private async Task<(string By, long Size)?> KeptAsync(LogRecord? log, CancellationToken cancellation)
    {
        var outside = log is null || options.Outlet is null
            ? null
            : await options.Outlet.FindLastAsync(log.Chain, cancellation);
        var own = ReadFile();
        // A file of another log is history, or says that the store is another one: the sealer tells them apart.
        var size = own is null || (log is not null && own.Checkpoint.Origin != log.Origin) ? 0 : own.Checkpoint.Size;
        return size == 0 && outside is null ? null
            : outside is not null && outside.Checkpoint.Size > size ? ("checkpoint-to", outside.Checkpoint.Size)
            : ("log.checkpoint", size);
    }

    private SignedCheckpoint? ReadFile()
    {
        try
        {
            return file.Read();
        }
        catch (LogMemoryException)
        {
            return null;
        }
    }

    /// <summary>Whether the journal has as many rows as were sealed, beyond those that the store's log has.</summary>
    private async Task<bool> HasRowsAsync(StoredCheckpoint? stored, long size, CancellationToken cancellation)
    {
        var missing = size - (stored?.Size ?? 0);
        if (missing > MostCounted)
        {
            return await journal.LastPositionAsync(cancellation) >= size;
        }

        var position = stored?.LastPosition ?? 0;
        while (missing > 0
            && await journal.ReadAfterAsync(position, PageRows, PageBytes, cancellation) is { Count: > 0 } rows)
        {
            (missing, position) = (missing - rows.Count, rows[^1].Position);
        }

        return missing <= 0;
    }
}

/// <summary>Something beside the journal that remembers more of it than it has.</summary>
/// <param name="By">What remembers: the log, a kept checkpoint, or what is made for reading.</param>
/// <param name="Position">The last position that it remembers; of a kept checkpoint the number of rows.</param>
public sealed record Remembered(string By, long Position);

/// <summary>Looks at one row over a connection of its own, whether it is what was sealed.</summary>
internal sealed class RowLook(string address, LogStore store, EntryKeys entries)
{
    /// <summary>The leaf of the row at a position; null where there is none.</summary>
    public async Task<byte[]?> LeafAsync(long position, CancellationToken cancellation)
    {
        await using var rows = await RowSource.OpenAsync(address, cancellation);
        var batch = new RowBatch(most: 1);
        await rows.SeekAsync(position, cancellation);
        await rows.FillAsync(batch, cancellation);
        batch.Hash(entries);
        return batch.Count > 0 && batch[0].Position == position ? batch.Leaf(0).ToArray() : null;
    }

    /// <summary>Whether the row is one of those that were sealed with its neighbours.</summary>
    public async Task<bool> IsSealedAsync(LogRecord log, long position, CancellationToken cancellation)
    {
        if (await LeafAsync(position, cancellation) is not { } leaf
            || await store.FindBundleAsync(log.Number, position, cancellation) is not { } bundle
            || await new StoreTiles(store, log.Number).ReadAsync(0, bundle.Number, cancellation) is not { } hashes)
        {
            return false;
        }

        return Enumerable.Range(0, hashes.Length / TreeHash.Size)
            .Any(index => hashes.AsSpan(index * TreeHash.Size, TreeHash.Size).SequenceEqual(leaf));
    }
}

/// <summary>
/// The last checkpoint that this node signed or adopted, in a file outside the database: whoever sets the database back
/// does not set back this memory.
/// </summary>
internal sealed class LocalCheckpoint(string path)
{
    /// <returns>Null where there is no file.</returns>
    /// <exception cref="LogMemoryException">The file is no checkpoint.</exception>
    public SignedCheckpoint? Read()
    {
        if (!File.Exists(path))
        {
            return null;
        }

        try
        {
            return SignedCheckpoint.Parse(File.ReadAllBytes(path));
        }
        catch (NoteFormatException failure)
        {
            throw new LogMemoryException(
                $"The file {path} is not the checkpoint that this node signed last: {failure.Message}");
        }
    }

    public void Write(SignedCheckpoint checkpoint) =>
        OwnerOnly.Replace(path, Encoding.UTF8.GetBytes(checkpoint.ToString()));

    /// <summary>
    /// Remembers a log that has nothing yet: who has its key and not even that has forgotten something.
    /// </summary>
    public async Task BeginAsync(ILogSigner signer, CancellationToken cancellation) => Write(
        await SignedCheckpoint.SignAsync(new Checkpoint(signer.Key.Name, 0, TreeHash.Empty), signer, cancellation));

    /// <summary>Keeps the last checkpoint of a log that was ended under the log's number.</summary>
    public void KeepAside(int log)
    {
        if (File.Exists(path))
        {
            OwnerOnly.Move(path, string.Create(CultureInfo.InvariantCulture, $"{path}.{log}"));
        }
    }
}
