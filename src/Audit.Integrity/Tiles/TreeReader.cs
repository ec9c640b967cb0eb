using System.Numerics;

namespace Audit.Integrity.Tiles;

/// <summary>
/// Roots and proofs of trees up to a size, read from tiles. It serves one question: what it read it keeps.
/// </summary>
internal sealed class TreeReader(ITileSource source, long size)
{
    private readonly Dictionary<(int Level, long Number), byte[]> tiles = [];

    public Task<byte[]> RootAsync(long of, CancellationToken cancellation)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(of, size);
        return HashAsync(new LeafRange(0, of), cancellation);
    }

    public async Task<byte[]> LeafAsync(long index, CancellationToken cancellation) =>
        await HashAsync(new LeafRange(index, index + 1), cancellation);

    public Task<List<byte[]>> InclusionAsync(long index, CancellationToken cancellation) =>
        HashesAsync(ProofRanges.Inclusion(index, size), cancellation);

    public Task<List<byte[]>> ConsistencyAsync(long older, CancellationToken cancellation) =>
        HashesAsync(ProofRanges.Consistency(older, size), cancellation);

    private async Task<List<byte[]>> HashesAsync(List<LeafRange> ranges, CancellationToken cancellation)
    {
        var hashes = new List<byte[]>(ranges.Count);
        foreach (var range in ranges)
        {
            hashes.Add(await HashAsync(range, cancellation));
        }

        return hashes;
    }

    private async Task<byte[]> HashAsync(LeafRange range, CancellationToken cancellation)
    {
        var subtrees = new List<byte>();
        for (var at = range.Start; at < range.End;)
        {
            var alignment = at == 0 ? 62 : BitOperations.TrailingZeroCount(at);
            var height = Math.Min(alignment, BitOperations.Log2((ulong)(range.End - at)));
            subtrees.AddRange(await SubtreeAsync(height, at >> height, cancellation));
            at += 1L << height;
        }
        return TreeHash.Fold(subtrees.ToArray());
    }

    private async Task<byte[]> SubtreeAsync(int height, long index, CancellationToken cancellation)
    {
        var level = height / TileShape.Height;
        var within = height % TileShape.Height;
        var first = index << within;
        var tile = await TileAsync(level, first / TileShape.Width, cancellation);
        var hash = new byte[TreeHash.Size];
        var at = (int)(first % TileShape.Width) * TreeHash.Size;
        TreeHash.Perfect(tile.AsSpan(at, TreeHash.Size << within), hash);
        return hash;
    }

    private async Task<byte[]> TileAsync(int level, long number, CancellationToken cancellation)
    {
        if (tiles.TryGetValue((level, number), out var known))
        {
            return known;
        }

        var expected = TileShape.CountIn(size, level, number) * TreeHash.Size;
        var tile = await source.ReadAsync(level, number, cancellation);
        if (tile is null || tile.Length < expected)
        {
            throw new LogDamagedException($"The log's tile {number} of level {level} is missing or too short.");
        }

        tiles.Add((level, number), tile);
        return tile;
    }
}

/// <summary>Where tiles of one log are kept.</summary>
internal interface ITileSource
{
    /// <summary>
    /// The hashes that a tile has so far, which may be more than a reader's tree has; null where there is none.
    /// </summary>
    Task<byte[]?> ReadAsync(int level, long number, CancellationToken cancellation);
}

/// <summary>What is stored of the log is not what the log made; the message is a sentence that says what.</summary>
public sealed class LogDamagedException(string message) : Exception(message);
