using System.Numerics;

namespace Audit.Integrity.Merkle;

/// <summary>Checks proofs as RFC 9162 (2.1.3.2 and 2.1.4.2) describes it, from the hashes alone.</summary>
public static class MerkleProof
{
    /// <summary>Whether a leaf is at an index of the tree.</summary>
    public static bool IsIncluded(
        long index, long size, ReadOnlySpan<byte> leaf, IReadOnlyList<byte[]> proof, ReadOnlySpan<byte> root)
    {
        if (index < 0 || index >= size)
        {
            return false;
        }

        var (at, last) = (index, size - 1);
        var hash = leaf.ToArray();
        foreach (var sibling in proof)
        {
            if (last == 0)
            {
                return false;
            }

            if (IsRight(at) || at == last)
            {
                TreeHash.Node(sibling, hash, hash);
                SkipLevelsWithoutSibling(ref at, ref last);
            }
            else
            {
                TreeHash.Node(hash, sibling, hash);
            }
            (at, last) = (at >> 1, last >> 1);
        }
        return last == 0 && root.SequenceEqual(hash);
    }

    /// <summary>Whether the later tree begins with the older one.</summary>
    public static bool IsConsistent(
        long older, long later, IReadOnlyList<byte[]> proof, ReadOnlySpan<byte> olderRoot, ReadOnlySpan<byte> laterRoot)
    {
        if (older < 0 || older > later)
        {
            return false;
        }

        if (older == later)
        {
            return proof.Count == 0 && olderRoot.SequenceEqual(laterRoot);
        }

        if (older == 0)
        {
            return proof.Count == 0 && olderRoot.SequenceEqual(TreeHash.Empty);
        }

        var path = BitOperations.IsPow2(older) ? [olderRoot.ToArray(), .. proof] : proof;
        return path.Count > 0 && LeadsToBoth(older, later, path, olderRoot, laterRoot);
    }

    private static bool LeadsToBoth(
        long older, long later, IReadOnlyList<byte[]> path, ReadOnlySpan<byte> olderRoot, ReadOnlySpan<byte> laterRoot)
    {
        var (at, last) = (older - 1, later - 1);
        while (IsRight(at))
        {
            (at, last) = (at >> 1, last >> 1);
        }

        byte[] first = [.. path[0]], second = [.. path[0]];
        foreach (var other in path.Skip(1))
        {
            if (last == 0)
            {
                return false;
            }

            if (IsRight(at) || at == last)
            {
                TreeHash.Node(other, first, first);
                TreeHash.Node(other, second, second);
                SkipLevelsWithoutSibling(ref at, ref last);
            }
            else
            {
                TreeHash.Node(second, other, second);
            }
            (at, last) = (at >> 1, last >> 1);
        }
        return last == 0 && olderRoot.SequenceEqual(first) && laterRoot.SequenceEqual(second);
    }

    private static void SkipLevelsWithoutSibling(ref long at, ref long last)
    {
        while (at != 0 && !IsRight(at))
        {
            (at, last) = (at >> 1, last >> 1);
        }
    }

    private static bool IsRight(long index) => (index & 1) == 1;
}
