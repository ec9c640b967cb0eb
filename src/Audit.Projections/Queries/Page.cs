namespace Audit.Projections.Queries;

/// <param name="Next">Where the list goes on; null at its end.</param>
public sealed record Page<T>(IReadOnlyList<T> Items, string? Next);

/// <summary>How much of a list is asked for, and from where on.</summary>
public sealed record PageRequest
{
    public const int MostItems = 1000;

    public static readonly PageRequest First = new();

    public PageRequest(int limit = 100, string? cursor = null)
    {
        Limit = Math.Clamp(limit, 1, MostItems);
        Cursor = cursor;
    }

    public int Limit { get; }

    /// <summary>The <see cref="Page{T}.Next"/> of the page before.</summary>
    public string? Cursor { get; }
}

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
