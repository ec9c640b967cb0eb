using Audit.Integrity.Entries;

namespace Audit.Integrity.Sealing;

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
