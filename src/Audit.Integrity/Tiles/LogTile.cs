using Audit.Integrity.Merkle;

namespace Audit.Integrity.Tiles;

/// <summary>A tile with the hashes it has so far; a full one has <see cref="TileShape.Width"/>.</summary>
public readonly record struct LogTile(int Level, long Number, byte[] Hashes)
{
    /// <summary>How many hashes it has.</summary>
    public int Count => Hashes.Length / TreeHash.Size;
}
