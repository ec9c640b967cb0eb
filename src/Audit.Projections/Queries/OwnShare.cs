using Audit.Projections.Folding;

namespace Audit.Projections.Queries;

/// <summary>
/// Sessions as somebody sees them who sees some of their calls: counted from those, for the whole counts would show
/// the others. Notes and numbers of a host are of the whole session, and so are left out.
/// </summary>
internal static class OwnSessions
{
    public static async Task<Page<SessionModel>> ListAsync(
        IReadSession reader, ReadScope scope, PageRequest page, CancellationToken cancellation)
    {
        var asked = new SqlConditions(scope.ReadCursor(page.Cursor, 1, long.MaxValue)[0], page.Limit + 1L)
            .And(scope.Conditions());
        // Where a session begins follows from the first call that may be seen of it, and so is its place in the list.
        var found = await reader.QueryAsync(
            $"""
            SELECT session, min(id) FROM calls WHERE id > 0{asked.Sql}
            GROUP BY session HAVING min(id) < $1 ORDER BY min(id) DESC LIMIT $2
            """,
            asked.Values, row => (row.Number(0), row.Number(1)), cancellation);
        return await OwnShares.PageAsync(
            found, scope, page.Limit, session => FindAsync(reader, scope, session, cancellation), scope.Of);
    }

    /// <summary>What may be seen of a session, with the positions of the journal; null where that is nothing.</summary>
    public static async Task<SessionModel?> FindAsync(
        IReadSession reader, ReadScope scope, long session, CancellationToken cancellation)
    {
        var asked = new SqlConditions(session).And(scope.Conditions());
        var calls = await reader.QueryAsync(
            $"SELECT doc FROM calls WHERE session = $1{asked.Sql} ORDER BY id", asked.Values,
            row => row.Document(0, ReadTables.Calls.Json), cancellation);
        return calls.Aggregate((SessionModel?)null, Add);
    }

    public static async Task<bool> AnyAsync(
        IReadSession reader, ReadScope scope, long session, CancellationToken cancellation)
    {
        var asked = new SqlConditions(session).And(scope.Conditions());
        var found = await reader.QueryAsync(
            $"SELECT id FROM calls WHERE session = $1{asked.Sql} LIMIT 1", asked.Values, row => row.Number(0),
            cancellation);
        return found.Count > 0;
    }

    /// <summary>The same of the past, whose calls were folded from the journal.</summary>
    public static SessionModel Add(SessionModel? share, CallModel call)
    {
        var known = share ?? new SessionModel
        {
            Id = call.Id, SessionId = call.SessionId, Source = call.Source, IsShare = true,
        };
        return SessionFold.Count(known, null, call) with
        {
            Id = Math.Min(known.Id, call.Id),
            LastPosition = Math.Max(known.LastPosition, call.LastPosition),
            Messages = known.Messages + call.Messages,
            ReportedLate = known.ReportedLate + call.ReportedLate,
            FirstAt = Instants.Earlier(known.FirstAt, call.FirstAt),
            LastAt = Instants.Later(known.LastAt, call.LastAt),
            Agents = known.Agents.Add(call.Agent),
            Tasks = known.Tasks.Add(call.Task),
            Tokens = known.Tokens.Add(call.Token),
        };
    }
}

/// <summary>Tasks as somebody sees them who sees some of their calls and windows.</summary>
internal static class OwnTasks
{
    public static async Task<Page<TaskModel>> ListAsync(
        IReadSession reader, ReadScope scope, PageRequest page, CancellationToken cancellation)
    {
        var asked = new SqlConditions(scope.ReadCursor(page.Cursor, 1, long.MaxValue)[0], page.Limit + 1L);
        asked.And(scope.Conditions());
        var found = await reader.QueryAsync(
            $"""
            SELECT task_id, min(id) FROM (
                SELECT task_id, id FROM calls WHERE task_id IS NOT NULL{asked.Sql}
                UNION ALL SELECT task_id, id FROM windows WHERE task_id IS NOT NULL{asked.Sql}) own
            GROUP BY task_id HAVING min(id) < $1 ORDER BY min(id) DESC LIMIT $2
            """,
            asked.Values, row => (row.Text(0), row.Number(1)), cancellation);
        return await OwnShares.PageAsync(
            found, scope, page.Limit, task => FindAsync(reader, scope, task, cancellation), scope.Of);
    }

    /// <summary>What may be seen of a task, with the positions of the journal; null where that is nothing.</summary>
    public static async Task<TaskModel?> FindAsync(
        IReadSession reader, ReadScope scope, string task, CancellationToken cancellation)
    {
        var asked = new SqlConditions(task).And(scope.Conditions());
        var calls = await reader.QueryAsync(
            $"SELECT doc FROM calls WHERE task_id = $1{asked.Sql} ORDER BY id", asked.Values,
            row => row.Document(0, ReadTables.Calls.Json), cancellation);
        var windows = await reader.QueryAsync(
            $"SELECT doc FROM windows WHERE task_id = $1{asked.Sql} ORDER BY id", asked.Values,
            row => row.Document(0, ReadTables.Windows.Json), cancellation);
        return windows.Aggregate(calls.Aggregate((TaskModel?)null, Add), Add) is { } share
            ? share with { TaskId = task }
            : null;
    }

    private static TaskModel Add(TaskModel? share, CallModel call)
    {
        var known = share ?? new TaskModel(call.Id, call.Task ?? "", NameSet.Empty);
        return TaskFold.Count(known, null, call) with
        {
            Id = Math.Min(known.Id, call.Id),
            LastPosition = Math.Max(known.LastPosition, call.LastPosition),
            Agents = known.Agents.Add(call.Agent),
            FirstAt = Instants.Earlier(known.FirstAt, call.FirstAt),
            LastAt = Instants.Later(known.LastAt, call.LastAt),
        };
    }

    private static TaskModel Add(TaskModel? share, WindowModel window)
    {
        var known = share ?? new TaskModel(window.Id, window.Task ?? "", NameSet.Empty);
        return known with
        {
            Id = Math.Min(known.Id, window.Id),
            LastPosition = Math.Max(known.LastPosition, window.LastPosition),
            Agents = known.Agents.Add(window.Agent),
            Windows = known.Windows + 1,
        };
    }
}

/// <summary>What lists of shares have in common: each is counted from what may be seen of it.</summary>
internal static class OwnShares
{
    /// <param name="found">What is in the list, each with its place there, and one more where it goes on.</param>
    public static async Task<Page<TShare>> PageAsync<TName, TShare>(
        List<(TName Name, long First)> found, ReadScope scope, int limit, Func<TName, Task<TShare?>> find,
        Func<TShare, TShare> show)
        where TShare : class
    {
        var (own, next) = Pages.Of(found, limit, one => scope.WriteCursor(one.First));
        var shown = new List<TShare>();
        foreach (var (name, _) in own)
        {
            if (await find(name) is { } share)
            {
                shown.Add(show(share));
            }
        }

        return new Page<TShare>(shown, next);
    }
}
