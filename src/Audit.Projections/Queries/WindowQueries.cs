namespace Audit.Projections.Queries;

/// <summary>
/// Finds what was done in the time of a window, oldest first: each call once, at its first message in that time, so
/// that a page need not know the pages before it.
/// </summary>
internal static class WindowCalls
{
    private static string SqlOf(SqlConditions asked) => $"""
        SELECT t.doc, c.doc FROM transitions t JOIN calls c ON c.id = t.call
        WHERE t.task_id = $1 AND t.agent = $2 AND (t.at, t.position) > ($3, $4) AND t.at < $5
          AND NOT EXISTS (
            SELECT 1 FROM transitions e
            WHERE e.call = t.call AND e.task_id = t.task_id AND e.agent = t.agent AND e.at >= $6
              AND (e.at, e.position) < (t.at, t.position)){asked.Sql}
        ORDER BY t.at, t.position LIMIT $7
        """;

    public static async Task<Page<WindowCall>> ReadAsync(
        IReadSession reader, ReadScope scope, WindowModel window, PageRequest page, CancellationToken cancellation)
    {
        if (window.Until is not { } until)
        {
            return new Page<WindowCall>([], null);
        }

        var opens = Instants.ToNumber(window.OpensAt!.Value);
        var after = scope.ReadCursor(page.Cursor, 2, opens, 0);
        var asked = new SqlConditions(
            window.Task!, window.Agent!, after[0], after[1], Instants.ToNumber(until), opens, page.Limit + 1L)
            .And(scope.Conditions("c."));
        var found = await reader.QueryAsync(
            SqlOf(asked),
            asked.Values,
            row => (
                Message: row.Document(0, ReadTables.Transitions.Json), Call: row.Document(1, ReadTables.Calls.Json)),
            cancellation);
        var cut = Pages.Of(
            found, page.Limit, last => scope.WriteCursor(Instants.ToNumber(last.Message.At), last.Message.Position));
        return new Page<WindowCall>(
            [.. cut.Items.Select(done => new WindowCall(done.Message.At, done.Message.Judgement, scope.Of(done.Call)))],
            cut.Next);
    }
}
