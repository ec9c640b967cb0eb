using Audit.Integrity.Tiles;

namespace Audit.Integrity.Storage;

/// <summary>The tiles of one log of a store.</summary>
internal sealed class StoreTiles(ILogStore store, int log) : ITileSource
{
    public async Task<byte[]?> ReadAsync(int level, long number, CancellationToken cancellation)
    {
        var found = await store.ReadTilesAsync(log, level, number, 1, cancellation);
        return found.Count == 0 ? null : found[0];
    }
}
