namespace Audit.Projections.Queries;

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
