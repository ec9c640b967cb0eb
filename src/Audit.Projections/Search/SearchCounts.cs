namespace Audit.Projections.Search;

/// <summary>How many calls a query finds, by tool and by state.</summary>
/// <param name="IsCut">Only the newest were counted; there are more.</param>
public sealed record SearchCounts(
    int Calls, int Notes, IReadOnlyDictionary<string, int> ByTool, IReadOnlyDictionary<string, int> ByState, bool IsCut);
