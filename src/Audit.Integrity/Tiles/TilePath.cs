namespace Audit.Integrity.Tiles;

/// <summary>
/// Where C2SP tlog-tiles puts a tile or a bundle of entries: `tile/0/x001/x234/067`, partial ones with `.p/WIDTH`
/// behind.
/// </summary>
/// <param name="Level">The level of a tile of hashes, <see cref="Entries"/> for a bundle of entries.</param>
public readonly record struct TilePath(int Level, long Number, int Count)
{
    public const int Entries = -1;

    private const string Prefix = "tile/";
    private const int LastLevel = 63;
    private const int LongestPath = 64;

    public bool IsPartial => Count < TileShape.Width;

    /// <summary>Reads a path strictly: what is not written as we would write it is no path.</summary>
    public static bool TryParse(string text, out TilePath path)
    {
        path = default;
        if (text.Length > LongestPath || !text.StartsWith(Prefix, StringComparison.Ordinal))
        {
            return false;
        }

        var parts = text[Prefix.Length..].Split('/');
        var count = TileShape.Width;
        if (parts is [.., var last, var width] && last.EndsWith(".p", StringComparison.Ordinal))
        {
            if (!TryNumber(width, out var partial))
            {
                return false;
            }

            count = (int)Math.Min(partial, int.MaxValue);
            parts = [.. parts[..^2], last[..^2]];
        }
        long level = Entries;
        if (parts.Length < 2 || (parts[0] != "entries" && !TryNumber(parts[0], out level)) || level > LastLevel
            || !TryNumber(string.Concat(parts[1..]).Replace("x", ""), out var number))
        {
            return false;
        }

        path = new TilePath((int)level, number, count);
        return count is > 0 and <= TileShape.Width && path.ToString() == text;
    }

    public override string ToString()
    {
        var level = Level == Entries ? "entries" : Level.ToString(CultureInfo.InvariantCulture);
        var partial = IsPartial ? string.Create(CultureInfo.InvariantCulture, $".p/{Count}") : "";
        return $"{Prefix}{level}/{Groups(Number)}{partial}";
    }

    // Groups of three digits keep directories small; the x says that another group follows.
    private static string Groups(long number)
    {
        var text = (number % 1000).ToString("000", CultureInfo.InvariantCulture);
        for (var rest = number / 1000; rest > 0; rest /= 1000)
        {
            text = string.Create(CultureInfo.InvariantCulture, $"x{rest % 1000:000}/{text}");
        }

        return text;
    }

    private static bool TryNumber(string text, out long number) =>
        long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out number);
}

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

    /// <summary>How long so many hashes are.</summary>
    public static int BytesOf(int hashes) => hashes * TreeHash.Size;

    /// <summary>How many hashes a tile has in a tree of this size, 0 where there is no such tile.</summary>
    public static int CountIn(long size, int level, long number)
    {
        var hashes = HashesAt(size, level);
        return (int)Math.Clamp(hashes - Math.Min(number, hashes / Width + 1) * Width, 0, Width);
    }
}
