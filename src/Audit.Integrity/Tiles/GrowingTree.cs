using System.Numerics;

namespace Audit.Integrity.Tiles;

/// <summary>
/// A tree that grows at its right edge and keeps nothing but that edge: of each level the tile that is not yet full. A
/// leaf costs one hash of a node, on the average, however large the tree is.
/// </summary>
internal sealed class GrowingTree
{
    private readonly byte[]?[] edge = new byte[]?[TileShape.Levels];

    /// <summary>Up to which level tiles changed since the last time they were taken; -1 for none.</summary>
    private int changedUpTo = -1;

    public long Size { get; private set; }

    /// <summary>Takes up a tree whose tiles are kept elsewhere.</summary>
    /// <exception cref="LogDamagedException">A tile of the edge is missing or too short.</exception>
    public static async Task<GrowingTree> LoadAsync(ITileSource source, long size, CancellationToken cancellation)
    {
        var tree = new GrowingTree { Size = size };
        for (var level = 0; level < TileShape.Levels; level++)
        {
            var hashes = TileShape.HashesAt(size, level);
            if (hashes % TileShape.Width == 0)
            {
                continue;
            }

            var number = hashes / TileShape.Width;
            var length = tree.Used(level);
            var stored = await source.ReadAsync(level, number, cancellation);
            if (stored is null || stored.Length < length)
            {
                throw new LogDamagedException($"The log's tile {number} of level {level} is missing or too short.");
            }

            stored.AsSpan(0, length).CopyTo(tree.TileAt(level));
        }
        return tree;
    }

    public GrowingTree Clone()
    {
        var clone = new GrowingTree { Size = Size };
        for (var level = 0; level < edge.Length; level++)
        {
            clone.edge[level] = (byte[]?)edge[level]?.Clone();
        }

        return clone;
    }

    /// <param name="completed">Receives the tiles that this leaf makes full, the lowest first.</param>
    public void Append(ReadOnlySpan<byte> leaf, List<LogTile>? completed)
    {
        Span<byte> hash = stackalloc byte[TreeHash.Size];
        leaf.CopyTo(hash);
        Size++;
        for (var level = 0; ; level++)
        {
            changedUpTo = Math.Max(changedUpTo, level);
            var hashes = TileShape.HashesAt(Size, level);
            var at = (int)((hashes - 1) % TileShape.Width);
            var tile = TileAt(level);
            hash.CopyTo(tile.AsSpan(at * TreeHash.Size));
            if (at < TileShape.Width - 1)
            {
                return;
            }

            TreeHash.Perfect(tile, hash);
            if (completed is null)
            {
                continue;
            }

            completed.Add(new LogTile(level, hashes / TileShape.Width - 1, tile));
            edge[level] = null;
        }
    }

    /// <summary>The tiles that are not full and changed since this was last asked.</summary>
    public IEnumerable<LogTile> TakeChangedEdge()
    {
        for (var level = 0; level <= changedUpTo; level++)
        {
            if (Used(level) > 0)
            {
                yield return EdgeTile(level);
            }
        }
        changedUpTo = -1;
    }

    /// <summary>The tiles that are not full, of the levels that have any.</summary>
    public IEnumerable<LogTile> Edge() =>
        Enumerable.Range(0, TileShape.Levels).Where(level => Used(level) > 0).Select(EdgeTile);

    public byte[] Root()
    {
        Span<byte> subtrees = stackalloc byte[64 * TreeHash.Size];
        var count = 0;
        for (var level = TileShape.Levels - 1; level >= 0; level--)
        {
            var used = Used(level) / TreeHash.Size;
            for (int rest = used, at = 0; rest > 0;)
            {
                var width = 1 << BitOperations.Log2((uint)rest);
                var hashes = edge[level].AsSpan(at * TreeHash.Size, width * TreeHash.Size);
                TreeHash.Perfect(hashes, subtrees.Slice(count++ * TreeHash.Size, TreeHash.Size));
                (at, rest) = (at + width, rest - width);
            }
        }
        return TreeHash.Fold(subtrees[..(count * TreeHash.Size)]);
    }

    private LogTile EdgeTile(int level) => new(
        level, TileShape.HashesAt(Size, level) / TileShape.Width, edge[level].AsSpan(0, Used(level)).ToArray());

    private int Used(int level) => (int)(TileShape.HashesAt(Size, level) % TileShape.Width) * TreeHash.Size;

    private byte[] TileAt(int level) => edge[level] ??= new byte[TileShape.FullBytes];
}

/// <summary>A tile with the hashes it has so far; a full one has <see cref="TileShape.Width"/>.</summary>
public readonly record struct LogTile(int Level, long Number, byte[] Hashes)
{
    /// <summary>How many hashes it has.</summary>
    public int Count => Hashes.Length / TreeHash.Size;
}
