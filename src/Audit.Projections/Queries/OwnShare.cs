using Audit.Projections.Folding;

namespace Audit.Projections.Queries;

/// <summary>
/// Sessions as somebody sees them who sees some of their calls: counted from those, for the whole counts would show
/// the others. Notes and numbers of a host are of the whole session, and so are left out.
/// </summary>
internal static class OwnSessions
{
    public static Task<Page<SessionModel>> ListAsync(
        IReadSession reader, ReadScope scope, PageRequest page, CancellationToken cancellation) =>
        OwnShares.ListAsync(
            reader, scope, page, own => $"SELECT session AS name, id FROM calls WHERE id > 0{own}",
            row => row.Number(0), session => FindAsync(reader, scope, session, cancellation), scope.Of, cancellation);

    /// <summary>What may be seen of a session, with the positions of the journal; null where that is nothing.</summary>
    public static async Task<SessionModel?> FindAsync(
        IReadSession reader, ReadScope scope, long session, CancellationToken cancellation)
    {
        var calls = await OwnShares.ReadAsync(
            reader, scope, ReadTables.Calls, "session", session, cancellation);
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

/// <summary>
/// The calls of a session with one tool that the node decided, a person or a policy through it: refusals by persons
/// first, then others, then what was approved, each the latest first. What a host says of decisions counts for nothing.
/// </summary>
/// <param name="HasMore">There are more than were asked for.</param>
public sealed record DecidedCalls(IReadOnlyList<CallModel> Items, bool HasMore)
{
    internal static async Task<DecidedCalls> ReadAsync(
        IReadSession reader, ReadScope scope, SessionName session, string tool, int most,
        CancellationToken cancellation)
    {
        var asked = new SqlConditions(session.Key, tool, most + 1L).And(scope.Conditions("calls."));
        var found = await reader.QueryAsync(
            $"""
            SELECT {ReadTables.Calls.Selected("calls.")} FROM calls JOIN sessions ON calls.session = sessions.id
            WHERE sessions.session_id = $1 AND calls.tool = $2 AND calls.decided IS NOT NULL{asked.Sql}
            ORDER BY calls.decided DESC, calls.decided_at DESC, calls.id DESC LIMIT $3
            """,
            asked.Values, row => ReadTables.Calls.Of(row), cancellation);
        return new DecidedCalls([.. found.Take(most).Select(scope.Of)], found.Count > most);
    }
}

/// <summary>Tasks as somebody sees them who sees some of their calls and windows.</summary>
internal static class OwnTasks
{
    public static Task<Page<TaskModel>> ListAsync(
        IReadSession reader, ReadScope scope, PageRequest page, CancellationToken cancellation) =>
        OwnShares.ListAsync(
            reader, scope, page,
            own => $"""
                SELECT task_id AS name, id FROM calls WHERE task_id IS NOT NULL{own}
                UNION ALL SELECT task_id, id FROM windows WHERE task_id IS NOT NULL{own}
                """,
            row => row.Text(0), task => FindAsync(reader, scope, task, cancellation), scope.Of, cancellation);

    /// <summary>What may be seen of a task, with the positions of the journal; null where that is nothing.</summary>
    public static async Task<TaskModel?> FindAsync(
        IReadSession reader, ReadScope scope, string task, CancellationToken cancellation)
    {
        var calls = await OwnShares.ReadAsync(reader, scope, ReadTables.Calls, "task_id", task, cancellation);
        var windows = await OwnShares.ReadAsync(reader, scope, ReadTables.Windows, "task_id", task, cancellation);
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

/// <summary>What shares have in common: each is counted from what may be seen of it.</summary>
internal static class OwnShares
{
    /// <summary>
    /// A page of a list. Where a thing begins follows from the first that may be seen of it, and so does its place.
    /// </summary>
    /// <param name="names">Selects names and ids, given the conditions on what may be seen.</param>
    public static async Task<Page<TShare>> ListAsync<TName, TShare>(
        IReadSession reader, ReadScope scope, PageRequest page, Func<string, string> names,
        Func<IStoredRow, TName> nameOf, Func<TName, Task<TShare?>> find, Func<TShare, TShare> show,
        CancellationToken cancellation)
        where TShare : class
    {
        var asked = new SqlConditions(scope.ReadCursor(page.Cursor, 1, long.MaxValue)[0], page.Limit + 1L)
            .And(scope.Conditions());
        var found = await reader.QueryAsync(
            $"""
            SELECT name, min(id) FROM ({names(asked.Sql)}) own
            GROUP BY name HAVING min(id) < $1 ORDER BY min(id) DESC LIMIT $2
            """,
            asked.Values, row => (Name: nameOf(row), First: row.Number(1)), cancellation);
        var (own, next) = Pages.Of(found, page.Limit, one => scope.WriteCursor(one.First));
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

    /// <summary>What may be seen of the rows with a value.</summary>
    public static Task<List<T>> ReadAsync<T>(
        IReadSession reader, ReadScope scope, Table<T> table, string column, object value,
        CancellationToken cancellation)
    {
        var asked = new SqlConditions(value).And(scope.Conditions());
        return reader.QueryAsync(
            $"SELECT {table.Selected()} FROM {table.Name} WHERE {column} = $1{asked.Sql} ORDER BY id", asked.Values,
            row => table.Of(row), cancellation);
    }
}
