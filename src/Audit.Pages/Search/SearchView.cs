using Audit.Pages.Shared;

namespace Audit.Pages.Search;

/// <param name="Query">As it was written; empty before anything is asked.</param>
public sealed record SearchView(string Query)
{
    /// <summary>What is wrong with the query; null where nothing is.</summary>
    public SearchQueryException? Fault { get; init; }

    /// <summary>Null before anything is asked.</summary>
    public ListView<SearchHit>? Hits { get; init; }

    /// <summary>Null for a token that does not see all.</summary>
    public SearchCounts? Counts { get; init; }

    /// <summary>How many positions of the journal are not searched yet.</summary>
    public long NotSearched { get; init; }

    /// <summary>The same on a command line of a POSIX shell.</summary>
    public string CommandLine => $"audit search '{Query.Replace("'", "'\\''", StringComparison.Ordinal)}'";
}
