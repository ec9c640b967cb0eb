namespace Audit.Projections.Postgres;

/// <summary>Asks PostgreSQL's text search.</summary>
internal sealed class PostgresIndexReader : IIndexReader
{
    private const string NewestSql = """
        SELECT position, call, at FROM docs WHERE words @@ $1::tsquery AND position < $2 ORDER BY position DESC LIMIT $3
        """;

    private const string AmongSql = """
        SELECT position, call, at FROM docs
        WHERE position = ANY (string_to_array($2, ',')::bigint[]) AND words @@ $1::tsquery ORDER BY position DESC
        """;

    private const string OfCallsSql = """
        SELECT position, call, at FROM docs
        WHERE call = ANY (string_to_array($1, ',')::bigint[]) AND position >= $2 AND position < $3 ORDER BY position DESC
        """;

    private const string RestSql = "SELECT gin_clean_pending_list('docs_by_words')";

    public Task<List<Candidate>> NewestAsync(
        IReadSession session, IReadOnlyList<IndexClause> clauses, long before, int limit, CancellationToken cancellation) =>
        session.QueryAsync(NewestSql, [Match(clauses), before, (long)limit], Candidate.Read, cancellation);

    public Task<List<Candidate>> AmongAsync(
        IReadSession session, IReadOnlyList<IndexClause> clauses, IReadOnlyList<Candidate> events, CancellationToken cancellation) =>
        session.QueryAsync(
            AmongSql, [Match(clauses), string.Join(',', events.Select(one => one.Position))], Candidate.Read, cancellation);

    public Task<List<Candidate>> OfCallsAsync(
        IReadSession session, IEnumerable<long> calls, long from, long before, CancellationToken cancellation) =>
        session.QueryAsync(OfCallsSql, [string.Join(',', calls), from, before], Candidate.Read, cancellation);

    /// <summary>A search reads through all that waits to be worked into the index.</summary>
    public Task RestAsync(IReadStore store, CancellationToken cancellation) => store.ExecuteAsync(RestSql, [], cancellation);

    /// <summary>The clauses as tsquery reads them. In quotes nothing means anything to it, and a word holds no quotes.</summary>
    private static string Match(IReadOnlyList<IndexClause> clauses) => string.Join(
        " & ", clauses.DefaultIfEmpty(IndexClause.One(Marks.Everything)).Select(clause => (clause.IsNegated ? "!" : "") + Any(clause)));

    private static string Any(IndexClause clause) => $"({string.Join(" | ", clause.Any.Select(Row))})";

    /// <summary>A crowded document does not know where all its words stand, so that it has them is enough.</summary>
    private static string Row(string[] words)
    {
        var quoted = words.Select(word => $"'{word}'").ToList();
        return quoted.Count == 1
            ? quoted[0]
            : $"{string.Join(" <-> ", quoted)} | ({string.Join(" & ", quoted)} & '{Marks.Crowded}')";
    }
}
