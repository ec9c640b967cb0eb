namespace Audit.Projections.Postgres;

/// <summary>Asks PostgreSQL's text search.</summary>
internal sealed class PostgresIndexReader : IIndexReader
{
    private const int FewWalked = 2_000;
    private const int MostWalked = 16_000;
    private const int MostStretches = 4;

    private const string WalkSql = """
        SELECT position, call, at
        FROM (SELECT * FROM docs WHERE position < $2 AND position >= $5 ORDER BY position DESC LIMIT $4) newest
        WHERE words @@ $1::tsquery ORDER BY position DESC LIMIT $3
        """;

    private const string FloorSql = """
        SELECT count(*), coalesce(min(position), 0)
        FROM (
            SELECT position FROM docs WHERE position < $1 AND position >= $3 ORDER BY position DESC LIMIT $2) newest
        """;

    // Nothing but the index of words can answer this one, whatever the planner believes of the table.
    private const string StretchSql = """
        WITH found AS MATERIALIZED (
            SELECT position, call, at FROM docs
            WHERE words @@ $1::tsquery AND position + 0 < $2 AND position + 0 >= $4)
        SELECT position, call, at FROM found ORDER BY position DESC LIMIT $3
        """;

    private const string AmongSql = """
        SELECT position, call, at FROM docs
        WHERE position = ANY (string_to_array($2, ',')::bigint[]) AND words @@ $1::tsquery ORDER BY position DESC
        """;

    private const string OfCallsSql = """
        SELECT position, call, at FROM docs
        WHERE call = ANY (string_to_array($1, ',')::bigint[]) AND position >= $2 AND position < $3
        ORDER BY position DESC
        """;

    private const string RestSql = "SELECT gin_clean_pending_list('docs_by_words')";

    /// <summary>
    /// The index of words has no order, so whoever asked it for a common word would get a million answers to sort. What
    /// is common is found among the newest documents, which are walked; what is not is asked for in one stretch of the
    /// journal after the other, in ever more of them at a time.
    /// </summary>
    public async Task<List<Candidate>> NewestAsync(
        IReadSession session, IReadOnlyList<IndexClause> clauses, long from, long before, int limit,
        CancellationToken cancellation)
    {
        var (match, found) = (Match(clauses), new List<Candidate>());
        var floor = before;
        for (var walked = FewWalked; walked <= MostWalked && found.Count < limit; walked *= 2)
        {
            var (start, known) = (floor, found.Count);
            found.AddRange(await session.QueryAsync(
                WalkSql, [match, start, (long)(limit - known), (long)walked, from], Candidate.Read, cancellation));
            var (count, lowest) = (await session.QueryAsync(
                FloorSql, [start, (long)walked, from], row => (row.Number(0), row.Number(1)), cancellation))[0];
            floor = lowest;
            if (count < walked)
            {
                return found;
            }

            if (found.Count - known < walked / 100)
            {
                break;
            }
        }

        var (last, stretches) = ((floor - 1) >> Marks.StretchBits, 1);
        while (last >= Math.Max(0, from >> Marks.StretchBits) && found.Count < limit)
        {
            var marks = Enumerable.Range(0, stretches).Select(back => new[] { Marks.Stretch(last - back) });
            var within = Match([.. clauses, new IndexClause(false, [.. marks])]);
            found.AddRange(await session.QueryAsync(
                StretchSql, [within, floor, (long)(limit - found.Count), from], Candidate.Read, cancellation));
            last -= stretches;
            stretches = Math.Min(2 * stretches, MostStretches);
        }

        return found;
    }

    public Task<List<Candidate>> AmongAsync(
        IReadSession session, IReadOnlyList<IndexClause> clauses, IReadOnlyList<Candidate> events,
        CancellationToken cancellation) =>
        session.QueryAsync(
            AmongSql, [Match(clauses), string.Join(',', events.Select(one => one.Position))], Candidate.Read,
            cancellation);

    public Task<List<Candidate>> OfCallsAsync(
        IReadSession session, IEnumerable<long> calls, long from, long before, CancellationToken cancellation) =>
        session.QueryAsync(OfCallsSql, [string.Join(',', calls), from, before], Candidate.Read, cancellation);

    /// <summary>A search reads through all that waits to be worked into the index.</summary>
    public Task RestAsync(IReadStore store, CancellationToken cancellation) =>
        store.ExecuteAsync(RestSql, [], cancellation);

    /// <summary>
    /// The clauses as tsquery reads them. In quotes nothing means anything to it, and a word holds no quotes.
    /// </summary>
    private static string Match(IReadOnlyList<IndexClause> clauses) => string.Join(
        " & ",
        clauses.DefaultIfEmpty(IndexClause.One(Marks.Everything))
            .Select(clause => (clause.IsNegated ? "!" : "") + Any(clause)));

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
