namespace Audit.Projections.Queries;

/// <summary>
/// The questions that the read models answer. Lists are newest first, by the first event of each item where nothing
/// else is noted; a place in a list is a key, so that pages neither repeat nor miss an item while the list grows.
/// </summary>
public sealed class ReadModels
{
    private const int MostTransitions = 1000;
    private const int WindowsWithTask = 100;
    private static readonly long[] Newest = [long.MaxValue];

    private readonly IReadStore store;

    internal ReadModels(IReadStore store) => this.store = store;

    /// <summary>Everything up to here is in what is read.</summary>
    public async Task<long> PositionAsync(CancellationToken cancellation) =>
        (await store.ReadAsync(session => OffsetRow.ReadAsync(session, cancellation), cancellation)).Offset.Position;

    public Task<Page<SessionModel>> SessionsAsync(PageRequest page, CancellationToken cancellation) =>
        ListAsync(ReadTables.Sessions, "id", [], page, session => session.Id, cancellation);

    public Task<SessionModel?> SessionAsync(string session, CancellationToken cancellation) =>
        store.ReadAsync(
            reader => OneAsync(reader, ReadTables.Sessions, "session_id", session, cancellation), cancellation);

    /// <summary>The calls of a session; null where there is no such session.</summary>
    public Task<Page<CallModel>?> CallsAsync(string session, PageRequest page, CancellationToken cancellation) =>
        OfAsync(
            ReadTables.Sessions, "session_id", session,
            (reader, known) => ListAsync(
                reader, ReadTables.Calls, "id", [("session = {0}", known.Id)], page, call => call.Id, cancellation),
            cancellation);

    /// <summary>
    /// The calls of a session of which something was reported in a time; null where there is no such session.
    /// </summary>
    /// <param name="through">Only calls that had begun by this position.</param>
    public Task<Page<CallModel>?> CallsAsync(
        string session, Timestamp? from, Timestamp? until, long? through, PageRequest page,
        CancellationToken cancellation) =>
        OfAsync(
            ReadTables.Sessions, "session_id", session,
            (reader, known) => ListAsync(
                reader, ReadTables.Calls, "id",
                [
                    ("session = {0}", known.Id),
                    ("last_at >= {0}", NumberOf(from) ?? long.MinValue),
                    ("first_at <= {0}", NumberOf(until) ?? long.MaxValue),
                    ("id <= {0}", through ?? long.MaxValue),
                ],
                page, call => call.Id, cancellation),
            cancellation);

    /// <summary>The calls that are in one of the states of <see cref="Attention.States"/>.</summary>
    public Task<Page<CallModel>> CallsInStateAsync(CallState state, PageRequest page, CancellationToken cancellation) =>
        ListAsync(ReadTables.Calls, "id", [("attention = {0}", (long)state)], page, call => call.Id, cancellation);

    /// <summary>The calls outside of their windows, or out of their scope.</summary>
    public Task<Page<CallModel>> StrayedCallsAsync(
        WindowJudgement judgement, PageRequest page, CancellationToken cancellation) =>
        ListAsync(ReadTables.Calls, "id", [("strayed = {0}", (long)judgement)], page, call => call.Id, cancellation);

    /// <summary>Where the messages of some calls lie, in order.</summary>
    public Task<List<long>> PositionsAsync(IReadOnlyCollection<CallModel> calls, CancellationToken cancellation) =>
        store.ReadAsync(
            async reader =>
            {
                var found = await reader.FindAsync(
                    ReadTables.Transitions, [new KeyColumn("call", calls.Select(call => call.Id))], cancellation);
                return found.Select(message => message.Position).Order().ToList();
            },
            cancellation);

    /// <summary>Calls by state and by the hour in which they began.</summary>
    public Task<HourTotals> HoursAsync(long from, long until, CancellationToken cancellation) =>
        store.ReadAsync(
            async reader =>
            {
                var found = await reader.QueryAsync(
                    "SELECT doc FROM hours WHERE hour = $1 OR (hour >= $2 AND hour < $3) ORDER BY hour",
                    [HourModel.AllHours, from, until],
                    row => row.Document(0, ReadTables.Hours.Json),
                    cancellation);
                var all = found.Find(hour => hour.Hour == HourModel.AllHours);
                return new HourTotals(
                    all ?? new HourModel { Hour = HourModel.AllHours },
                    [.. found.Where(hour => hour.Hour != HourModel.AllHours)]);
            },
            cancellation);

    public Task<CallView?> CallAsync(string session, string call, CancellationToken cancellation) =>
        store.ReadAsync(reader => CallAsync(reader, session, call, cancellation), cancellation);

    public Task<Page<TaskModel>> TasksAsync(PageRequest page, CancellationToken cancellation) =>
        ListAsync(ReadTables.Tasks, "id", [], page, task => task.Id, cancellation);

    public Task<TaskView?> TaskAsync(string task, CancellationToken cancellation) =>
        OfAsync(
            ReadTables.Tasks, "task_id", task,
            async (reader, known) =>
            {
                var windows = await ListAsync(
                    reader, ReadTables.Windows, "id", [("task_id = {0}", task)], new PageRequest(WindowsWithTask),
                    window => window.Id, cancellation);
                return new TaskView(known, windows.Items);
            },
            cancellation);

    /// <summary>The calls of a task whose gravest judgement is this one.</summary>
    public Task<Page<CallModel>> CallsOfTaskAsync(
        string task, WindowJudgement judgement, PageRequest page, CancellationToken cancellation) =>
        ListAsync(
            ReadTables.Calls, "id", [("task_id = {0}", task), ("judgement = {0}", (long)judgement)], page,
            call => call.Id, cancellation);

    public Task<Page<WindowModel>> WindowsAsync(WindowFilter filter, PageRequest page, CancellationToken cancellation)
    {
        var conditions = new List<(string, object)>();
        if (filter.Task is not null)
        {
            conditions.Add(("task_id = {0}", filter.Task));
        }

        if (filter.Agent is not null)
        {
            conditions.Add(("agent = {0}", filter.Agent));
        }

        if (filter.Requested)
        {
            conditions.Add(("requested = {0}", 1L));
        }

        if (filter.OpenAt is { } open)
        {
            var at = Instants.ToNumber(Instants.Clamp(open));
            conditions.Add(("opens_at <= {0}", at));
            conditions.Add(("until > {0}", at));
        }

        return ListAsync(ReadTables.Windows, "id", conditions, page, window => window.Id, cancellation);
    }

    /// <summary>A window with a page of its commands and the first page of each of its other lists.</summary>
    public Task<WindowView?> WindowAsync(string window, PageRequest page, CancellationToken cancellation) =>
        OfAsync(
            ReadTables.Windows, "window_id", window,
            async (reader, known) =>
            {
                var first = new PageRequest(page.Limit);
                return new WindowView(
                    known,
                    await WindowDeeds.ReadAsync(reader, known, page, cancellation),
                    await OfWindowAsync(reader, known, WindowJudgement.OutsideWindow, first, cancellation),
                    await OfWindowAsync(reader, known, WindowJudgement.OutOfScope, first, cancellation));
            },
            cancellation);

    /// <param name="lifted">Only those that stand, or only those that were lifted; null for both.</param>
    public Task<Page<ViolationModel>> ViolationsAsync(bool? lifted, PageRequest page, CancellationToken cancellation) =>
        ListAsync(
            ReadTables.Violations, "position", lifted is { } which ? [("lifted = {0}", which ? 1L : 0L)] : [], page,
            violation => violation.Position, cancellation);

    private static long? NumberOf(Timestamp? time) =>
        time is { } known ? Instants.ToNumber(Instants.Clamp(known)) : null;

    private static async Task<CallView?> CallAsync(
        IReadSession reader, string session, string call, CancellationToken cancellation)
    {
        var found = await reader.QueryAsync(
            """
            SELECT calls.doc FROM calls JOIN sessions ON calls.session = sessions.id
            WHERE sessions.session_id = $1 AND calls.call_id = $2
            """,
            [session, call],
            row => row.Document(0, ReadTables.Calls.Json),
            cancellation);
        if (found.Count == 0)
        {
            return null;
        }

        var transitions = await reader.QueryAsync(
            "SELECT doc FROM transitions WHERE call = $1 ORDER BY sequence LIMIT $2",
            [found[0].Id, (long)MostTransitions],
            row => row.Document(0, ReadTables.Transitions.Json),
            cancellation);
        return new CallView(found[0], transitions);
    }

    private static Task<Page<CallModel>> OfWindowAsync(
        IReadSession reader, WindowModel window, WindowJudgement judgement, PageRequest page,
        CancellationToken cancellation) =>
        window.Task is null || window.Agent is null
            ? Task.FromResult(new Page<CallModel>([], null))
            : CallsOfAgent.ReadAsync(reader, window.Task, window.Agent, judgement, page, cancellation);

    /// <summary>Asks for something of one model; null where there is no such model.</summary>
    private Task<TAnswer?> OfAsync<T, TAnswer>(
        Table<T> table, string column, string value, Func<IReadSession, T, Task<TAnswer>> ask,
        CancellationToken cancellation)
        where T : class
        where TAnswer : class =>
        store.ReadAsync(
            async reader => await OneAsync(reader, table, column, value, cancellation) is { } known
                ? await ask(reader, known)
                : null,
            cancellation);

    private static async Task<T?> OneAsync<T>(
        IReadSession reader, Table<T> table, string column, string value, CancellationToken cancellation)
        where T : class =>
        (await reader.FindAsync(table, [new KeyColumn(column, [value])], cancellation)).SingleOrDefault();

    private Task<Page<T>> ListAsync<T>(
        Table<T> table, string key, IReadOnlyList<(string Sql, object Value)> conditions, PageRequest page,
        Func<T, long> keyOf, CancellationToken cancellation) =>
        store.ReadAsync(reader => ListAsync(reader, table, key, conditions, page, keyOf, cancellation), cancellation);

    private static async Task<Page<T>> ListAsync<T>(
        IReadSession reader, Table<T> table, string key, IReadOnlyList<(string Sql, object Value)> conditions,
        PageRequest page, Func<T, long> keyOf, CancellationToken cancellation)
    {
        var where = string.Concat(conditions.Select((condition, index) =>
            string.Format(CultureInfo.InvariantCulture, $" AND {condition.Sql}", $"${index + 3}")));
        var items = await reader.QueryAsync(
            $"SELECT doc FROM {table.Name} WHERE {key} < $1{where} ORDER BY {key} DESC LIMIT $2",
            [
                PageCursor.Read(page.Cursor, 1, Newest)[0], page.Limit + 1L,
                .. conditions.Select(condition => condition.Value),
            ],
            row => row.Document(0, table.Json),
            cancellation);
        return Pages.Of(items, page.Limit, item => PageCursor.Write(keyOf(item)));
    }
}
