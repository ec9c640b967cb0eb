namespace Audit.Projections.Queries;

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
