namespace Audit.Projections.Queries;

/// <summary>
/// Finds what was done in the time of a window, oldest first: each call once, at its first message in that time, so
/// that a page need not know the pages before it.
/// </summary>
internal static class WindowDeeds
{
    private const string Sql = """
        SELECT t.doc, c.doc FROM transitions t JOIN calls c ON c.id = t.call
        WHERE t.task_id = $1 AND t.agent = $2 AND (t.at, t.position) > ($3, $4) AND t.at < $5
          AND NOT EXISTS (
            SELECT 1 FROM transitions e
            WHERE e.call = t.call AND e.task_id = t.task_id AND e.agent = t.agent AND e.at >= $6
              AND (e.at, e.position) < (t.at, t.position))
        ORDER BY t.at, t.position LIMIT $7
        """;

    public static async Task<Page<WindowDeed>> ReadAsync(
        IReadSession reader, WindowModel window, PageRequest page, CancellationToken cancellation)
    {
        if (window.Until is not { } until)
        {
            return new Page<WindowDeed>([], null);
        }

        var opens = Instants.ToNumber(window.OpensAt!.Value);
        var after = PageCursor.Read(page.Cursor, 2, opens, 0);
        var found = await reader.QueryAsync(
            Sql,
            [window.Task!, window.Agent!, after[0], after[1], Instants.ToNumber(until), opens, page.Limit + 1L],
            row => (
                Message: row.Document(0, ReadTables.Transitions.Json), Call: row.Document(1, ReadTables.Calls.Json)),
            cancellation);
        var cut = Pages.Of(
            found, page.Limit, last => PageCursor.Write(Instants.ToNumber(last.Message.At), last.Message.Position));
        return new Page<WindowDeed>(
            [.. cut.Items.Select(deed => new WindowDeed(deed.Message.At, deed.Message.Judgement, deed.Call))],
            cut.Next);
    }
}

/// <summary>
/// Finds the calls of an agent among those of a task with a judgement. A task has few agents, so they are looked
/// through.
/// </summary>
internal static class CallsOfAgent
{
    private const int MostLookedAt = 2_000;

    private const string Sql =
        "SELECT doc FROM calls WHERE task_id = $1 AND judgement = $2 AND id < $3 ORDER BY id DESC LIMIT $4";

    public static async Task<Page<CallModel>> ReadAsync(
        IReadSession reader, string task, string agent, WindowJudgement judgement, PageRequest page,
        CancellationToken cancellation)
    {
        var looked = await reader.QueryAsync(
            Sql,
            [task, (long)judgement, PageCursor.Read(page.Cursor, 1, long.MaxValue)[0], (long)MostLookedAt],
            row => row.Document(0, ReadTables.Calls.Json),
            cancellation);
        var found = Pages.Of(
            looked.Where(call => call.Agent == agent).ToList(), page.Limit, last => PageCursor.Write(last.Id));
        return found.Next is null && looked.Count == MostLookedAt
            ? found with { Next = PageCursor.Write(looked[^1].Id) }
            : found;
    }
}
