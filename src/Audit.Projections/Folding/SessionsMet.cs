namespace Audit.Projections.Folding;

/// <summary>
/// Knows of a store that is being filled from the journal's beginning which sessions are certainly not in it, so that nobody
/// has to look. Of each it keeps a hash: two that share one cost a look, and no more.
/// </summary>
internal sealed class SessionsMet
{
    /// <summary>Beyond so many, those that come are looked for again.</summary>
    private const int Most = 1_000_000;

    private readonly HashSet<int> hashes = [];

    public bool IsNew(string session) => hashes.Count < Most && hashes.Add(session.GetHashCode(StringComparison.Ordinal));
}
