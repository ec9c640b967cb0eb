namespace Audit.Integrity.Tests.Support;

/// <summary>Tiles in memory, filled by a growing tree.</summary>
internal sealed class MemoryTiles : ITileSource
{
    private readonly Dictionary<(int, long), byte[]> tiles = [];

    public IReadOnlyDictionary<(int Level, long Number), byte[]> All => tiles;

    public static MemoryTiles Of(GrowingTree tree, IEnumerable<LogTile> completed)
    {
        var tiles = new MemoryTiles();
        foreach (var tile in completed.Concat(tree.Edge()))
        {
            tiles.tiles[(tile.Level, tile.Number)] = tile.Hashes;
        }

        return tiles;
    }

    public Task<byte[]?> ReadAsync(int level, long number, CancellationToken cancellation) =>
        Task.FromResult(tiles.GetValueOrDefault((level, number)));
}
