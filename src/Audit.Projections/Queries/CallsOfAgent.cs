using Audit.Projections.Models;
using Audit.Projections.Stores;

namespace Audit.Projections.Queries;

/// <summary>Finds the calls of an agent among those of a task with a judgement. A task has few agents, so they are looked through.</summary>
internal static class CallsOfAgent
{
    private const int MostLookedAt = 2_000;

    private const string Sql =
        "SELECT doc FROM calls WHERE task_id = $1 AND judgement = $2 AND id < $3 ORDER BY id DESC LIMIT $4";

    public static async Task<Page<CallModel>> ReadAsync(
        IReadSession reader, string task, string agent, WindowJudgement judgement, PageRequest page, CancellationToken cancellation)
    {
        var looked = await reader.QueryAsync(
            Sql,
            [task, (long)judgement, Cursor.Read(page.Cursor, 1, long.MaxValue)[0], (long)MostLookedAt],
            row => row.Document(0, ReadTables.Calls.Json),
            cancellation);
        var found = Pages.Of(looked.Where(call => call.Agent == agent).ToList(), page.Limit, last => Cursor.Write(last.Id));
        return found.Next is null && looked.Count == MostLookedAt ? found with { Next = Cursor.Write(looked[^1].Id) } : found;
    }
}
