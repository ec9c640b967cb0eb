namespace Audit.Projections.Sqlite;

/// <summary>Asks FTS5, which walks from the newest document to older ones by itself.</summary>
internal sealed class SqliteIndexReader : IIndexReader
{
    private const string NewestSql = """
        SELECT d.position, d.call, d.at FROM words CROSS JOIN docs d ON d.position = words.rowid
        WHERE words MATCH $1 AND words.rowid < $2 AND words.rowid >= $3 ORDER BY words.rowid DESC LIMIT $4
        """;

    private const string OneSql = "SELECT rowid FROM words WHERE words MATCH $1 AND rowid = $2";

    private const string OfCallsSql = """
        SELECT d.position, d.call, d.at FROM json_each($1) c CROSS JOIN docs d ON d.call = c.value
        WHERE d.position >= $2 AND d.position < $3 ORDER BY d.position DESC
        """;

    public Task<List<Candidate>> NewestAsync(
        IReadSession session, IReadOnlyList<IndexClause> clauses, long from, long before, int limit,
        CancellationToken cancellation) =>
        session.QueryAsync(NewestSql, [Match(clauses), before, from, (long)limit], Candidate.Read, cancellation);

    public async Task<List<Candidate>> AmongAsync(
        IReadSession session, IReadOnlyList<IndexClause> clauses, IReadOnlyList<Candidate> events,
        CancellationToken cancellation)
    {
        var match = Match(clauses);
        var found = new List<Candidate>();
        foreach (var one in events)
        {
            var rows = await session.QueryAsync(OneSql, [match, one.Position], row => row.Number(0), cancellation);
            found.AddRange(rows.Select(_ => one));
        }

        return found;
    }

    public Task<List<Candidate>> OfCallsAsync(
        IReadSession session, IEnumerable<long> calls, long from, long before, CancellationToken cancellation) =>
        session.QueryAsync(OfCallsSql, [$"[{string.Join(',', calls)}]", from, before], Candidate.Read, cancellation);

    /// <summary>FTS5 tidies up as it goes.</summary>
    public Task RestAsync(IReadStore store, CancellationToken cancellation) => Task.CompletedTask;

    /// <summary>
    /// The clauses as FTS5 reads them. In quotes nothing means anything to it, and a word holds no quotes.
    /// </summary>
    private static string Match(IReadOnlyList<IndexClause> clauses)
    {
        var asked = clauses.Where(clause => !clause.IsNegated).DefaultIfEmpty(IndexClause.One(Marks.Everything));
        return string.Join(" AND ", asked.Select(Any)) + string.Concat(
            clauses.Where(clause => clause.IsNegated).Select(clause => $" NOT {Any(clause)}"));
    }

    private static string Any(IndexClause clause) =>
        $"({string.Join(" OR ", clause.Any.Select(words => $"\"{string.Join(' ', words)}\""))})";
}

/// <summary>Adds a batch to the index.</summary>
internal static class SqliteIndexWriter
{
    public static void Write(SqliteDatabase database, IndexBatch batch)
    {
        foreach (var document in batch.Documents)
        {
            database.Statement("INSERT INTO docs (position, call, at) VALUES ($1, $2, $3)")
                .Bind(1, document.Position).Bind(2, document.Call).Bind(3, document.At).Run();
            database.Statement("INSERT INTO words (rowid, said, marks) VALUES ($1, $2, $3)")
                .Bind(1, document.Position)
                .BindText(2, batch.WordsOf(document))
                .BindText(3, batch.MarksOf(document))
                .Run();
        }

        foreach (var (key, name) in batch.Names)
        {
            database.Statement("INSERT INTO names (key, name) VALUES ($1, $2) ON CONFLICT DO NOTHING")
                .Bind(1, (long)key).Bind(2, name).Run();
        }

        foreach (var (position, sentence) in batch.Unread)
        {
            database.Statement("INSERT INTO unread (position, sentence) VALUES ($1, $2) ON CONFLICT DO NOTHING")
                .Bind(1, position).Bind(2, sentence).Run();
        }
    }
}
