using Audit.Integrity.Entries;

namespace Audit.Integrity.Verification;

/// <summary>Finds words for the first row whose hash is not the stored one, by what lies around it.</summary>
internal static class RowDifference
{
    /// <param name="before">The position of the row before, 0 for the first.</param>
    public static IntegrityFault Of(RowBatch batch, int row, long before, StoredLeaves leaves, long index)
    {
        var position = batch[row].Position;
        return Marked(batch, row, leaves, index)
            ?? Missing(batch, row, before, leaves, index)
            ?? Inserted(batch, row, leaves, index)
            ?? new IntegrityFault(
                IntegrityFaultKind.RowChanged, position, null,
                $"The row at position {position} is not the one that was sealed: "
                + "its message, stream, sequence number, manifest or time was changed.");
    }

    private static IntegrityFault? Marked(RowBatch batch, int row, StoredLeaves leaves, long index)
    {
        var slot = batch[row];
        Span<byte> leaf = stackalloc byte[TreeHash.Size];
        LogEntry.HashLeaf(
            batch.Fields(row) with { Identifier = JournalTable.SerializerId, Deleted = false }, leaf);
        if (!leaf.SequenceEqual(leaves.Leaf(index)))
        {
            return null;
        }

        var identifier = slot.Identifier?.ToString() ?? "null";
        return slot.Deleted
            ? new IntegrityFault(
                IntegrityFaultKind.RowDeleted, slot.Position, null,
                $"The row at position {slot.Position} was marked deleted after it was sealed.")
            : new IntegrityFault(
                IntegrityFaultKind.RowChanged, slot.Position, null,
                $"The identifier of the row at position {slot.Position} was changed to {identifier} "
                + "after it was sealed.");
    }

    // The row belongs further down the log: those before it are gone.
    private static IntegrityFault? Missing(RowBatch batch, int row, long before, StoredLeaves leaves, long index)
    {
        for (var later = index + 1; leaves.Has(later); later++)
        {
            if (!batch.Leaf(row).SequenceEqual(leaves.Leaf(later)))
            {
                continue;
            }

            var count = later - index;
            var position = batch[row].Position;
            return new IntegrityFault(
                IntegrityFaultKind.RowsMissing, before + 1, position - 1,
                $"{Rows(count)} sealed before position {position} {(count == 1 ? "is" : "are")} not there any more.");
        }
        return null;
    }

    // The stored hash belongs to a row further down: those before it came later.
    private static IntegrityFault? Inserted(RowBatch batch, int row, StoredLeaves leaves, long index)
    {
        for (var later = row + 1; later < batch.Count; later++)
        {
            if (!batch.Leaf(later).SequenceEqual(leaves.Leaf(index)))
            {
                continue;
            }

            var position = batch[row].Position;
            var last = batch[later - 1].Position;
            return new IntegrityFault(
                IntegrityFaultKind.RowsInserted, position, last,
                $"{Rows(later - row)} at position {position} {(later - row == 1 ? "was" : "were")} "
                + $"not there when position {batch[later].Position} was sealed.");
        }
        return null;
    }

    private static string Rows(long count) => count == 1 ? "1 row" : $"{count} rows";
}
