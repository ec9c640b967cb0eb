namespace Audit.Projections.Search;

/// <summary>A page of hits, newest first.</summary>
/// <param name="Next">
/// Where the list goes on; null at its end. A page may be short, or empty, and still have one: the search took long.
/// </param>
/// <param name="IndexedTo">Everything up to this position is searched.</param>
/// <param name="JournalEnd">The journal's last position: what lies between is not searched yet.</param>
public sealed record SearchAnswer(IReadOnlyList<SearchHit> Items, string? Next, long IndexedTo, long JournalEnd);

/// <summary>How many calls a query finds, by tool and by state.</summary>
/// <param name="IsCut">Only the newest were counted; there are more.</param>
public sealed record SearchCounts(
    int Calls, int Notes, IReadOnlyDictionary<string, int> ByTool, IReadOnlyDictionary<string, int> ByState,
    bool IsCut);
