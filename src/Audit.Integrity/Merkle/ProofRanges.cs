using System.Numerics;

namespace Audit.Integrity.Merkle;

/// <summary>Of which ranges of leaves a proof has the hashes, in the order of RFC 6962.</summary>
internal static class ProofRanges
{
    /// <summary>That the leaf at an index is in the tree of a size.</summary>
    public static List<LeafRange> Inclusion(long index, long size)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(index);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(index, size);
        var ranges = new List<LeafRange>();
        var tree = new LeafRange(0, size);
        while (tree.Length > 1)
        {
            var middle = Middle(tree);
            (tree, var sibling) = index < middle
                ? (new LeafRange(tree.Start, middle), new LeafRange(middle, tree.End))
                : (new LeafRange(middle, tree.End), new LeafRange(tree.Start, middle));
            ranges.Add(sibling);
        }
        ranges.Reverse();
        return ranges;
    }

    /// <summary>That the tree of an older size is what the tree of a later size began with.</summary>
    public static List<LeafRange> Consistency(long older, long later)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(older);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(older, later);
        var ranges = new List<LeafRange>();
        if (older == 0 || older == later)
        {
            return ranges;
        }

        var tree = new LeafRange(0, later);
        while (tree.End != older)
        {
            var middle = Middle(tree);
            (tree, var other) = older <= middle
                ? (new LeafRange(tree.Start, middle), new LeafRange(middle, tree.End))
                : (new LeafRange(middle, tree.End), new LeafRange(tree.Start, middle));
            ranges.Add(other);
        }
        // The whole older tree is known to whoever asks.
        if (tree.Start != 0)
        {
            ranges.Add(tree);
        }

        ranges.Reverse();
        return ranges;
    }

    private static long Middle(LeafRange tree) =>
        tree.Start + (1L << BitOperations.Log2((ulong)(tree.Length - 1)));
}

/// <summary>The leaves from <paramref name="Start"/> up to, not including, <paramref name="End"/>.</summary>
internal readonly record struct LeafRange(long Start, long End)
{
    public long Length => End - Start;
}
