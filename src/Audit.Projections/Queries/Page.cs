using System.Buffers.Text;

namespace Audit.Projections.Queries;

/// <param name="Next">Where the list goes on; null at its end.</param>
public sealed record Page<T>(IReadOnlyList<T> Items, string? Next)
{
    /// <summary>How many there are, up to <see cref="PageRequest.MostCounted"/>; null where nobody asked.</summary>
    public long? Total { get; init; }
}

/// <summary>How much of a list is asked for, and from where on.</summary>
public sealed record PageRequest
{
    public const int MostItems = 1000;
    public const int MostCounted = 100_000;

    public static readonly PageRequest First = new();

    public PageRequest(int limit = 100, string? cursor = null)
    {
        Limit = Math.Clamp(limit, 1, MostItems);
        Cursor = cursor;
    }

    public int Limit { get; }

    /// <summary>The <see cref="Page{T}.Next"/> of the page before.</summary>
    public string? Cursor { get; }

    /// <summary>Whoever asks wants to know how many there are of all.</summary>
    public bool Counts { get; init; }
}

/// <summary>By what a list is ordered, the newest first: columns, and what an item has in them.</summary>
internal sealed record ListOrder<T>(string Time, string Key, Func<T, long> TimeOf, Func<T, long> KeyOf);

/// <summary>Makes a page of what was read, one item more than the page has showing that there is another.</summary>
internal static class Pages
{
    public static Page<T> Of<T>(List<T> items, int limit, Func<T, string> cursorAfter)
    {
        if (items.Count <= limit)
        {
            return new Page<T>(items, null);
        }

        items.RemoveRange(limit, items.Count - limit);
        return new Page<T>(items, cursorAfter(items[^1]));
    }
}

/// <summary>Places in lists as texts, opaque to clients, so that what a place is may change.</summary>
public static class PageCursor
{
    private const int Longest = 100;

    public static string Write(params long[] place) => Base64Url.EncodeToString(
        Encoding.ASCII.GetBytes(string.Join(' ', place.Select(part => part.ToString(CultureInfo.InvariantCulture)))));

    /// <param name="parts">How many numbers a place of the list has.</param>
    /// <param name="start">The place before the list's first item.</param>
    /// <exception cref="CursorException">It is none of such a list.</exception>
    public static long[] Read(string? cursor, int parts, params long[] start) =>
        cursor is null ? start : TryRead(cursor, parts) ?? throw new CursorException(cursor);

    /// <returns>Null where it is none of such a list.</returns>
    public static long[]? TryRead(string cursor, int parts)
    {
        if (cursor.Length <= Longest && Base64Url.IsValid(cursor))
        {
            var words = Encoding.ASCII.GetString(Base64Url.DecodeFromChars(cursor)).Split(' ');
            var place = new long[parts];
            if (words.Length == parts && words.Select((word, index) =>
                long.TryParse(word, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out place[index]))
                .All(read => read))
            {
                return place;
            }
        }

        return null;
    }
}

/// <summary>A cursor that no page of this list gave.</summary>
public sealed class CursorException(string cursor) : Exception($"\"{cursor}\" is no cursor of this list.");
