namespace Audit.Projections.Stores;

/// <summary>
/// Asks the index of one database. It may name an event too many where a phrase is looked for, and never one too few.
/// </summary>
internal interface IIndexReader
{
    /// <summary>Events that have what the clauses ask for, newest first.</summary>
    Task<List<Candidate>> NewestAsync(
        IReadSession session, IReadOnlyList<IndexClause> clauses, long before, int limit,
        CancellationToken cancellation);

    /// <summary>Those of some events that have what the clauses ask for.</summary>
    Task<List<Candidate>> AmongAsync(
        IReadSession session, IReadOnlyList<IndexClause> clauses, IReadOnlyList<Candidate> events,
        CancellationToken cancellation);

    /// <summary>The events of some calls in a stretch of the journal, newest first.</summary>
    Task<List<Candidate>> OfCallsAsync(
        IReadSession session, IEnumerable<long> calls, long from, long before, CancellationToken cancellation);

    /// <summary>Tidies up what a long stretch of indexing left, now that there is time.</summary>
    Task RestAsync(IReadStore store, CancellationToken cancellation);
}

/// <summary>An event that the index names.</summary>
internal readonly record struct Candidate(long Position, long Call, long At)
{
    public static Candidate Read(IStoredRow row) => new(row.Number(0), row.Number(1), row.Number(2));
}

/// <summary>What a document must have, or must not: one of some words, marks, or words in a row.</summary>
internal sealed record IndexClause(bool IsNegated, IReadOnlyList<string[]> Any)
{
    public static IndexClause One(string mark) => new(false, [[mark]]);
}
