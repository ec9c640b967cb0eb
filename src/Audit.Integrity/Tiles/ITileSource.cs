namespace Audit.Integrity.Tiles;

/// <summary>Where tiles of one log are kept.</summary>
internal interface ITileSource
{
    /// <summary>The hashes that a tile has so far, which may be more than a reader's tree has; null where there is none.</summary>
    Task<byte[]?> ReadAsync(int level, long number, CancellationToken cancellation);
}
