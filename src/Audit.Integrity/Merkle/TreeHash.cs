using System.Security.Cryptography;

namespace Audit.Integrity.Merkle;

/// <summary>
/// The hashes of RFC 6962: a leaf and a node differ in their first byte, so that neither can pass for the other.
/// </summary>
public static class TreeHash
{
    /// <summary>Bytes in a hash.</summary>
    public const int Size = SHA256.HashSizeInBytes;

    internal const byte LeafPrefix = 0;
    private const byte NodePrefix = 1;

    /// <summary>The root of the tree without leaves.</summary>
    public static byte[] Empty => SHA256.HashData([]);

    public static byte[] Leaf(ReadOnlySpan<byte> entry)
    {
        var leaf = new byte[Size];
        Leaf(entry, leaf);
        return leaf;
    }

    public static void Leaf(ReadOnlySpan<byte> entry, Span<byte> leaf)
    {
        byte[] prefixed = [LeafPrefix, .. entry];
        SHA256.HashData(prefixed, leaf);
    }

    public static byte[] Node(ReadOnlySpan<byte> left, ReadOnlySpan<byte> right)
    {
        var hash = new byte[Size];
        Node(left, right, hash);
        return hash;
    }

    /// <param name="node">May be where one of the children is.</param>
    public static void Node(ReadOnlySpan<byte> left, ReadOnlySpan<byte> right, Span<byte> node)
    {
        Span<byte> content = stackalloc byte[1 + 2 * Size];
        content[0] = NodePrefix;
        left.CopyTo(content[1..]);
        right.CopyTo(content[(1 + Size)..]);
        SHA256.HashData(content, node);
    }

    /// <summary>The root over hashes that lie one after the other; their count must be a power of two.</summary>
    internal static void Perfect(ReadOnlySpan<byte> hashes, Span<byte> root)
    {
        Span<byte> row = stackalloc byte[hashes.Length];
        hashes.CopyTo(row);
        for (var length = row.Length; length > Size; length /= 2)
        {
            for (var at = 0; at < length; at += 2 * Size)
            {
                Node(row.Slice(at, Size), row.Slice(at + Size, Size), row.Slice(at / 2, Size));
            }
        }
        row[..Size].CopyTo(root);
    }

    /// <summary>The root over perfect subtrees that lie one after the other, the largest first.</summary>
    internal static byte[] Fold(ReadOnlySpan<byte> subtrees)
    {
        if (subtrees.IsEmpty)
        {
            return Empty;
        }

        var root = subtrees[^Size..].ToArray();
        for (var at = subtrees.Length - 2 * Size; at >= 0; at -= Size)
        {
            Node(subtrees.Slice(at, Size), root, root);
        }

        return root;
    }
}
