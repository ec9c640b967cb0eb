namespace Audit.Projections.Tests;

/// <summary>Every row of a read store as text, so that two of them can be compared row by row.</summary>
internal static class Dump
{
    private static readonly (string Table, string Order, string[] Columns)[] Tables =
    [
        ("sessions", "id", ["id", "session_id", "doc"]),
        ("calls", "id", ["id", "session", "call_id", "task_id", "judgement", "mark", "attention", "strayed", "first_at", "last_at", "waits", "question", "decided", "decided_at", "doc"]),
        ("transitions", "call, sequence", ["call", "sequence", "position", "task_id", "agent", "at", "received_at", "marked", "marks", "doc"]),
        ("tasks", "id", ["id", "task_id", "doc"]),
        ("windows", "id", ["id", "window_id", "task_id", "agent", "opens_at", "until", "requested", "alias", "doc"]),
        ("violations", "position", ["position", "lifted", "review", "waits", "doc"]),
        ("copies", "position", ["position"]),
        ("pauses", "position", ["position", "begun", "ended", "doc"]),
        ("hours", "hour", ["hour", "calls", "doc"]),
        ("named", "task_id, call", ["task_id", "call"]),
        ("moments", "second", ["second", "position"]),
        ("offsets", "name", ["name", "position", "digest"]),
    ];

    internal static Task<string[]> OfAsync(IReadStore store) => store.ReadAsync(
        async session =>
        {
            var rows = new List<string>();
            foreach (var (table, order, columns) in Tables)
            {
                var texts = columns.Select(column => $"coalesce(CAST({column} AS TEXT), '-')");
                rows.AddRange(await session.QueryAsync(
                    $"SELECT {string.Join(" || ' ' || ", texts)} FROM {table} ORDER BY {order}", [], row => $"{table}: {row.Text(0)}", default));
            }

            return rows.ToArray();
        },
        CancellationToken.None);

    public static async Task<string[]> OfAsync(string address)
    {
        await using var store = ReadSide.StoreOf(address);
        return await OfAsync(store);
    }
}
