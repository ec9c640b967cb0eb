using Audit.Integrity.Entries;

namespace Audit.Integrity.Verification;

/// <summary>Draws from two trees and the signed roots what was tampered with.</summary>
internal sealed class IntegrityConclusion(IntegrityCheck check, Checkpoint signed)
{
    private readonly List<IntegrityFault> faults = [];

    public IReadOnlyList<IntegrityFault> Faults()
    {
        var rowsAreSealed = IsSealed(check.RowTree);
        if (rowsAreSealed)
        {
            JudgeTiles();
        }
        else
        {
            JudgeRows();
        }

        JudgeDeleted();
        // Whichever of the two is what was signed shows whether that is what others saw signed before.
        if (rowsAreSealed || IsSealed(check.StoredTree))
        {
            JudgeKnown(rowsAreSealed ? check.MissedByRows : check.MissedByStored);
        }

        JudgeForged();
        return faults;
    }

    // The rows lead to the signed root, so whatever differs from them is wrong in the log.
    private void JudgeTiles()
    {
        if (check.FirstDifference is { } difference)
        {
            Add(IntegrityFaultKind.TileChanged, difference.Position, null,
                $"The stored hash of the row at position {difference.Position} was changed; "
                + "the row is as it was sealed.");
        }
        else if (check.FirstLeafMissing is { } missing)
        {
            var position = check.PositionBefore(missing);
            Add(IntegrityFaultKind.TileChanged, position, null,
                $"The log's tiles end before the row of index {missing}; the rows are as they were sealed.");
        }
        if (check.FirstTileDifference is { } range && check.FirstDifference is null)
        {
            Add(IntegrityFaultKind.TileChanged, check.PositionBefore(range.Start), check.PositionAfter(range.End - 1),
                "A stored hash above these positions was changed; the rows are as they were sealed.");
        }
    }

    private void JudgeRows()
    {
        if (check.FirstDifference is { } difference)
        {
            faults.Add(difference);
        }
        else if (check.RowTree.Size < signed.Size)
        {
            Add(IntegrityFaultKind.RowsMissing, check.LastPosition + 1, null,
                $"The journal ends at position {check.LastPosition} with {check.RowTree.Size} rows; "
                + $"{signed.Size} were sealed.");
        }
        if (!IsSealed(check.StoredTree))
        {
            JudgeRewritten();
        }
    }

    private bool IsSealed(TreeTrial tree) => tree.Size == signed.Size && tree.HasRoot(signed.Root);

    // Rows and hashes were changed together. Where, is shown by the tiles above that were forgotten, or else by the
    // checkpoints between which it happened.
    private void JudgeRewritten()
    {
        var tree = check.StoredTree;
        var (start, end) = (tree.GoodUpTo, (tree.BadFrom ?? signed.Size) - 1);
        if (check.FirstTileDifference is { } tile && tile.Start <= end && tile.End > start)
        {
            (start, end) = (Math.Max(start, tile.Start), Math.Min(end, tile.End - 1));
        }

        var (first, last) = (check.PositionBefore(start), check.PositionAfter(end));
        var sentence = tree.Size < signed.Size
            ? $"The log's tiles end after {tree.Size} of {signed.Size} entries."
            : $"A row between the positions {first} and {last} and its stored hash were changed together: "
                + "they do not lead to the signed root.";
        Add(IntegrityFaultKind.Rewritten, first, last, sentence);
    }

    private void JudgeDeleted()
    {
        if (check.FirstDeleted is not { } first || faults.Any(fault => fault.Kind == IntegrityFaultKind.RowDeleted))
        {
            return;
        }

        Add(IntegrityFaultKind.RowDeleted, first, null,
            $"The row at position {first} is marked deleted, the first of {check.DeletedRows}: "
            + "nothing is ever deleted from this journal.");
    }

    private void JudgeKnown(IReadOnlyList<KnownRoot> missed)
    {
        if (missed.FirstOrDefault(known => known.Origin == KnownRootOrigin.Kept) is { } kept)
        {
            Add(IntegrityFaultKind.SetBack, null, null,
                $"The log does not begin with the {kept.Size} entries of a checkpoint that its own key signed before.");
        }
        foreach (var known in missed.Where(
            known => known.Origin is not (KnownRootOrigin.Kept or KnownRootOrigin.Ended)))
        {
            var who = known.Origin switch
            {
                KnownRootOrigin.Auditor => "of the checkpoint that was given",
                KnownRootOrigin.Witnesses => "of the checkpoint that the witnesses cosigned",
                _ => "that the node last saw signed",
            };
            Add(IntegrityFaultKind.SetBack, check.PositionBefore(0), check.PositionAfter(Math.Max(known.Size - 1, 0)),
                $"The log does not begin with the {known.Size} entries {who}: "
                + "it was rewritten since, and signed anew.");
        }
    }

    private void JudgeForged()
    {
        if (check.ForgedCheckpoints is [var size, ..])
        {
            Add(IntegrityFaultKind.NotSigned, null, null,
                $"The checkpoint of {size} entries that the store keeps is not what the log signed.");
        }
    }

    private void Add(IntegrityFaultKind kind, long? first, long? last, string sentence) =>
        faults.Add(new IntegrityFault(kind, first, last, sentence));
}

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
