using Audit.Integrity.Merkle;

namespace Audit.Integrity.Tiles;

/// <summary>How a tree is cut into tiles: 256 hashes each, and each full tile is one hash of the level above.</summary>
public static class TileShape
{
    public const int Height = 8;

    /// <summary>Hashes in a full tile, and entries in a full bundle.</summary>
    public const int Width = 1 << Height;

    public const int FullBytes = Width * TreeHash.Size;

    /// <summary>Levels that a tree of any size can have.</summary>
    public const int Levels = 8;

    /// <summary>How many hashes a tree of this size has at a level: each over a full tile of the level below.</summary>
    public static long HashesAt(long size, int level) => size >> (Height * level);

    /// <summary>How many hashes a tile has in a tree of this size, 0 where there is no such tile.</summary>
    public static int CountIn(long size, int level, long number)
    {
        var hashes = HashesAt(size, level);
        return (int)Math.Clamp(hashes - Math.Min(number, hashes / Width + 1) * Width, 0, Width);
    }
}
