namespace Audit.Projections.Queries;

/// <summary>
/// The questions that the read models answer. Lists are newest first, by the time at which each item began, which is
/// the time that they show; a place in a list is a key, so that pages neither repeat nor miss an item while the list
/// grows. All are asked of what the scope lets be seen, and of nothing else.
/// </summary>
public sealed class ReadModels
{
    private const int MostTransitions = 1000;
    private const int WindowsWithTask = 100;
    private static readonly long[] Newest = [long.MaxValue, long.MaxValue];

    private static readonly ListOrder<CallModel> CallsByTime =
        new("first_at", "id", call => Instants.ToNumber(call.FirstAt), call => call.Id);

    private static readonly ListOrder<SessionModel> SessionsByTime =
        new("first_at", "id", session => Instants.ToNumber(session.FirstAt) ?? 0, session => session.Id);

    private static readonly ListOrder<TaskModel> TasksByTime =
        new("first_at", "id", task => Instants.ToNumber(task.FirstAt) ?? 0, task => task.Id);

    // The node itself dates what is asked for, so that positions are in the order of these times.
    private static readonly ListOrder<WindowModel> WindowsByTime =
        new("id", "id", window => window.Id, window => window.Id);

    private static readonly ListOrder<ViolationModel> ViolationsByTime =
        new("at", "position", violation => Instants.ToNumber(violation.At), violation => violation.Position);

    private readonly IReadStore store;
    private readonly ReadScope scope;

    internal ReadModels(IReadStore store, ReadScope? scope = null) =>
        (this.store, this.scope) = (store, scope ?? ReadScope.All);

    /// <summary>Everything up to here is in what is read.</summary>
    public async Task<long> PositionAsync(CancellationToken cancellation) =>
        (await store.ReadAsync(session => OffsetRow.ReadAsync(session, cancellation), cancellation)).Offset.Position;

    public Task<Page<SessionModel>> SessionsAsync(PageRequest page, CancellationToken cancellation) => scope.IsAll
        ? ListAsync(ReadTables.Sessions, SessionsByTime, [], page, scope.Of, cancellation)
        : store.ReadAsync(reader => OwnSessions.ListAsync(reader, scope, page, cancellation), cancellation);

    public Task<SessionModel?> SessionAsync(SessionName session, CancellationToken cancellation) =>
        store.ReadAsync(
            async reader =>
            {
                var known = await OneAsync(reader, session, cancellation);
                known = known is null || scope.IsAll ? known
                    : await OwnSessions.FindAsync(reader, scope, known.Id, cancellation);
                return known is null ? null : scope.Of(known);
            },
            cancellation);

    /// <summary>The sources that report a session of this id, by name.</summary>
    public Task<IReadOnlyList<string>> SourcesOfAsync(string sessionId, CancellationToken cancellation) =>
        store.ReadAsync(
            async reader =>
            {
                // No other id begins with this one and a "|", behind which "}" is next.
                var asked = new SqlConditions($"{sessionId}|", $"{sessionId}}}")
                    .And(scope.Sources.Count > 0 ? [("source IN ({0})", scope.Sources)] : []);
                var found = await reader.QueryAsync(
                    $"SELECT id, source FROM sessions WHERE session_id >= $1 AND session_id < $2{asked.Sql} "
                    + "ORDER BY session_id",
                    asked.Values, row => (Id: row.Number(0), Source: row.Text(1)), cancellation);
                var seen = new List<string>();
                foreach (var (id, source) in found)
                {
                    if (scope.IsAll || await OwnSessions.AnyAsync(reader, scope, id, cancellation))
                    {
                        seen.Add(source);
                    }
                }

                return (IReadOnlyList<string>)seen;
            },
            cancellation);

    /// <summary>The calls of a session; null where there is no such session.</summary>
    public Task<Page<CallModel>?> CallsAsync(SessionName session, PageRequest page, CancellationToken cancellation) =>
        CallsAsync(session, CallFilter.All, page, cancellation);

    /// <summary>Those of the calls of a session that pass; null where there is no such session.</summary>
    public Task<Page<CallModel>?> CallsAsync(
        SessionName session, CallFilter filter, PageRequest page, CancellationToken cancellation)
    {
        var conditions = CallCounts.ConditionsOf(filter);
        return store.ReadAsync(
            async reader =>
                await OneAsync(reader, session, cancellation) is { } known
                && (scope.IsAll || await OwnSessions.AnyAsync(reader, scope, known.Id, cancellation))
                ? await ListCallsAsync(reader, [("session = {0}", known.Id), .. conditions], page, cancellation)
                : null,
            cancellation);
    }

    /// <summary>How many of the calls of a session lie where along time; null where none of them passes.</summary>
    /// <param name="parts">So many equal parts of the time are counted apart.</param>
    public Task<SessionShape?> ShapeAsync(
        SessionName session, CallFilter filter, int parts, CancellationToken cancellation) =>
        store.ReadAsync(
            async reader => await OneAsync(reader, session, cancellation) is { } known
                ? await CallCounts.ShapeAsync(reader, scope, known.Id, filter, parts, cancellation)
                : null,
            cancellation);

    /// <summary>The calls that are in one of the states of <see cref="Attention.States"/>.</summary>
    public Task<Page<CallModel>> CallsInStateAsync(CallState state, PageRequest page, CancellationToken cancellation) =>
        ListCallsAsync([("attention = {0}", (long)state)], page, cancellation);

    /// <summary>The calls whose question a person may still answer, whatever their host says of them.</summary>
    public Task<Page<CallModel>> WaitingCallsAsync(PageRequest page, CancellationToken cancellation) =>
        ListCallsAsync([("waits = {0}", 1L)], page, cancellation);

    /// <summary>Those of them that wait with this question, the latest first.</summary>
    public async Task<IReadOnlyList<CallModel>> WaitingOnAsync(
        string question, int most, CancellationToken cancellation) =>
        (await ListCallsAsync([("question = {0}", question)], new PageRequest(most), cancellation)).Items;

    /// <inheritdoc cref="DecidedCalls"/>
    public Task<DecidedCalls> DecidedAsync(
        SessionName session, string tool, int most, CancellationToken cancellation) => store.ReadAsync(
            reader => DecidedCalls.ReadAsync(reader, scope, session, tool, most, cancellation), cancellation);

    /// <summary>The calls outside of their windows, or out of their scope.</summary>
    public Task<Page<CallModel>> StrayedCallsAsync(
        WindowJudgement judgement, PageRequest page, CancellationToken cancellation) =>
        ListCallsAsync([("strayed = {0}", (long)judgement)], page, cancellation);

    /// <summary>How many there are of what somebody may have to look at.</summary>
    public Task<AttentionCounts> CountAsync(CancellationToken cancellation) =>
        store.ReadAsync(reader => CallCounts.OfAttentionAsync(reader, scope, cancellation), cancellation);

    /// <summary>
    /// Where the messages of some calls lie, in order; nothing for a reader who is shown no positions.
    /// </summary>
    public Task<List<long>> PositionsAsync(IReadOnlyCollection<CallModel> calls, CancellationToken cancellation) =>
        scope.Veil is not null ? Task.FromResult(new List<long>()) : store.ReadAsync(
            async reader =>
            {
                var found = await reader.FindAsync(
                    ReadTables.Transitions, [new KeyColumn("call", calls.Select(call => call.Id))], cancellation);
                return found.Select(message => message.Position).Order().ToList();
            },
            cancellation);

    /// <summary>Calls by state and by the hour in which they began; null for who does not see all.</summary>
    public async Task<HourTotals?> HoursAsync(long from, long until, CancellationToken cancellation) =>
        !scope.IsAll ? null : await store.ReadAsync(
            async reader =>
            {
                var found = await reader.QueryAsync(
                    "SELECT doc FROM hours WHERE hour = $1 OR (hour >= $2 AND hour < $3) ORDER BY hour",
                    [HourModel.AllHours, from, until],
                    row => ReadTables.Hours.Of(row),
                    cancellation);
                var all = found.Find(hour => hour.Hour == HourModel.AllHours);
                return new HourTotals(
                    all ?? new HourModel { Hour = HourModel.AllHours },
                    [.. found.Where(hour => hour.Hour != HourModel.AllHours)]);
            },
            cancellation);

    public Task<CallView?> CallAsync(SessionName session, string call, CancellationToken cancellation) =>
        store.ReadAsync(reader => CallAsync(reader, session, call, cancellation), cancellation);

    public Task<Page<TaskModel>> TasksAsync(PageRequest page, CancellationToken cancellation) => scope.IsAll
        ? ListAsync(ReadTables.Tasks, TasksByTime, [], page, scope.Of, cancellation)
        : store.ReadAsync(reader => OwnTasks.ListAsync(reader, scope, page, cancellation), cancellation);

    public Task<TaskView?> TaskAsync(string task, CancellationToken cancellation) =>
        store.ReadAsync(
            async reader =>
            {
                var known = scope.IsAll
                    ? await OneAsync(reader, ReadTables.Tasks, new KeyColumn("task_id", [task]), cancellation)
                    : await OwnTasks.FindAsync(reader, scope, task, cancellation);
                return known is null ? null : new TaskView(scope.Of(known), (await ListWindowsAsync(
                    reader, [("task_id = {0}", task)], new PageRequest(WindowsWithTask), cancellation)).Items);
            },
            cancellation);

    /// <summary>The calls of a task whose gravest judgement is this one.</summary>
    public Task<Page<CallModel>> CallsOfTaskAsync(
        string task, WindowJudgement judgement, PageRequest page, CancellationToken cancellation) =>
        ListCallsAsync([("task_id = {0}", task), ("judgement = {0}", (long)judgement)], page, cancellation);

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

        return store.ReadAsync(reader => ListWindowsAsync(reader, conditions, page, cancellation), cancellation);
    }

    /// <summary>The windows that were called so, newest first, as far as they may be seen.</summary>
    /// <param name="source">Only that of this source; null for all.</param>
    public async Task<IReadOnlyList<WindowModel>> WindowsCalledAsync(
        string alias, string? source, CancellationToken cancellation)
    {
        var conditions = new List<(string, object)> { ("alias = {0}", alias) };
        if (source is not null)
        {
            conditions.Add(("source = {0}", source));
        }

        return (await store.ReadAsync(
            reader => ListWindowsAsync(reader, conditions, new PageRequest(WindowsWithTask), cancellation),
            cancellation)).Items;
    }

    /// <summary>The windows that calls were in, or out of whose scope, each with what people call it.</summary>
    public Task<ILookup<long, (string Id, string Name)>> WindowsOfAsync(
        IReadOnlyCollection<CallModel> calls, CancellationToken cancellation) => store.ReadAsync(
            async reader =>
            {
                // Whoever is shown no positions has no ids of calls to ask by.
                var messages = scope.Veil is not null ? [] : await reader.FindAsync(
                    ReadTables.Transitions, [new KeyColumn("call", calls.Select(call => call.Id))], cancellation);
                var names = await NamesAsync(reader, messages, cancellation);
                return messages.Where(message => message.Window is not null).DistinctBy(one => (one.Call, one.Window))
                    .ToLookup(one => one.Call, one => (one.Window!, names(one.Window!)));
            },
            cancellation);

    /// <summary>What a call comes to.</summary>
    public Task<Sentence> SentenceAsync(
        CallModel call, IReadOnlyList<TransitionModel> messages, CancellationToken cancellation) => store.ReadAsync(
            async reader => Sentence.Of(call, messages, await NamesAsync(reader, messages, cancellation)),
            cancellation);

    /// <summary>A window with a page of its commands and the first page of each of its other lists.</summary>
    public Task<WindowView?> WindowAsync(string window, PageRequest page, CancellationToken cancellation) =>
        store.ReadAsync(
            async reader =>
            {
                var first = new PageRequest(page.Limit);
                return await OneAsync(reader, ReadTables.Windows, new KeyColumn("window_id", [window]), cancellation)
                    is { } known
                    && scope.Sees(known)
                    ? new WindowView(
                        scope.Of(known),
                        await WindowCalls.ReadAsync(reader, scope, known, page, cancellation),
                        await OfWindowAsync(reader, known, WindowJudgement.OutsideWindow, first, cancellation),
                        await OfWindowAsync(reader, known, WindowJudgement.OutOfScope, first, cancellation),
                        await WindowMarked.LateAsync(reader, scope, known, cancellation),
                        await WindowMarked.CountAsync(reader, scope, known, cancellation))
                    : null;
            },
            cancellation);

    public Task<Page<ViolationModel>> ViolationsAsync(
        ViolationFilter filter, PageRequest page, CancellationToken cancellation)
    {
        var conditions = new List<(string, object)>(scope.Conditions());
        if (filter.Lifted is { } lifted)
        {
            conditions.Add(("lifted = {0}", lifted ? 1L : 0L));
        }

        if (filter.Review is { } review)
        {
            // What was reviewed and judged anew since waits like the others.
            conditions.Add(review == ReviewState.Waiting ? ("waits = {0}", 1L) : ("review = {0}", (long)review));
        }

        return ListAsync(ReadTables.Violations, ViolationsByTime, conditions, page, scope.Of, cancellation);
    }

    private async Task<Func<string, string>> NamesAsync(
        IReadSession reader, IEnumerable<TransitionModel> messages, CancellationToken cancellation)
    {
        var ids = messages.Select(message => message.Window).OfType<string>().Distinct();
        var windows = await reader.FindAsync(ReadTables.Windows, [new KeyColumn("window_id", ids)], cancellation);
        var names = windows.Where(scope.Sees).ToDictionary(
            window => window.WindowId, window => window.Alias ?? window.WindowId);
        return id => names.GetValueOrDefault(id, id);
    }

    private async Task<CallView?> CallAsync(
        IReadSession reader, SessionName session, string call, CancellationToken cancellation)
    {
        var asked = new SqlConditions(session.Key, call).And(scope.Conditions("calls."));
        var found = await reader.QueryAsync(
            $"""
            SELECT {ReadTables.Calls.Selected("calls.")} FROM calls JOIN sessions ON calls.session = sessions.id
            WHERE sessions.session_id = $1 AND calls.call_id = $2{asked.Sql}
            """,
            asked.Values,
            row => ReadTables.Calls.Of(row),
            cancellation);
        if (found.Count == 0)
        {
            return null;
        }

        var messages = new SqlConditions(found[0].Id, (long)MostTransitions)
            .And(scope.Agents.Count > 0 ? [("(agent IS NULL OR agent IN ({0}))", scope.Agents)] : []);
        var transitions = await reader.QueryAsync(
            $"SELECT {ReadTables.Transitions.Selected()} FROM transitions WHERE call = $1{messages.Sql} "
            + "ORDER BY sequence LIMIT $2",
            messages.Values,
            row => scope.Of(ReadTables.Transitions.Of(row)),
            cancellation);
        return new CallView(scope.Of(found[0]), transitions);
    }

    private Task<Page<CallModel>> OfWindowAsync(
        IReadSession reader, WindowModel window, WindowJudgement judgement, PageRequest page,
        CancellationToken cancellation) =>
        window.Task is null || window.Agent is null
            ? Task.FromResult(new Page<CallModel>([], null))
            : ListCallsAsync(
                reader,
                [("task_id = {0}", window.Task), ("judgement = {0}", (long)judgement), ("agent = {0}", window.Agent)],
                page, cancellation);

    private static Task<SessionModel?> OneAsync(
        IReadSession reader, SessionName session, CancellationToken cancellation) =>
        OneAsync(reader, ReadTables.Sessions, ReadTables.SessionKey(session), cancellation);

    private static async Task<T?> OneAsync<T>(
        IReadSession reader, Table<T> table, KeyColumn key, CancellationToken cancellation)
        where T : class =>
        (await reader.FindAsync(table, [key], cancellation)).SingleOrDefault();

    private Task<Page<CallModel>> ListCallsAsync(
        IReadOnlyList<(string Sql, object Value)> conditions, PageRequest page, CancellationToken cancellation) =>
        store.ReadAsync(reader => ListCallsAsync(reader, conditions, page, cancellation), cancellation);

    private Task<Page<CallModel>> ListCallsAsync(
        IReadSession reader, IReadOnlyList<(string Sql, object Value)> conditions, PageRequest page,
        CancellationToken cancellation) =>
        ListAsync(
            reader, ReadTables.Calls, CallsByTime, [.. conditions, .. scope.Conditions()], page, scope.Of,
            cancellation);

    private Task<Page<WindowModel>> ListWindowsAsync(
        IReadSession reader, IReadOnlyList<(string Sql, object Value)> conditions, PageRequest page,
        CancellationToken cancellation) =>
        ListAsync(
            reader, ReadTables.Windows, WindowsByTime, [.. conditions, .. scope.Conditions()], page, scope.Of,
            cancellation);

    private Task<Page<T>> ListAsync<T>(
        Table<T> table, ListOrder<T> order, IReadOnlyList<(string Sql, object Value)> conditions, PageRequest page,
        Func<T, T> show, CancellationToken cancellation) =>
        store.ReadAsync(
            reader => ListAsync(reader, table, order, conditions, page, show, cancellation), cancellation);

    private async Task<Page<T>> ListAsync<T>(
        IReadSession reader, Table<T> table, ListOrder<T> order, IReadOnlyList<(string Sql, object Value)> conditions,
        PageRequest page, Func<T, T> show, CancellationToken cancellation)
    {
        var place = scope.ReadCursor(page.Cursor, 2, Newest);
        var asked = new SqlConditions(place[0], place[1], page.Limit + 1L).And(conditions);
        var (time, key) = (order.Time, order.Key);
        var items = await reader.QueryAsync(
            $"SELECT {table.Selected()} FROM {table.Name} WHERE ({time}, {key}) < ($1, $2){asked.Sql} "
            + $"ORDER BY {time} DESC, {key} DESC LIMIT $3",
            asked.Values,
            row => table.Of(row),
            cancellation);
        var shown = scope.Of(
            Pages.Of(items, page.Limit, item => scope.WriteCursor(order.TimeOf(item), order.KeyOf(item))), show);
        if (!page.Counts)
        {
            return shown;
        }

        var all = new SqlConditions((long)PageRequest.MostCounted).And(conditions);
        var counted = await reader.QueryAsync(
            $"SELECT count(*) FROM (SELECT 1 FROM {table.Name} WHERE {key} > 0{all.Sql} LIMIT $1) counted",
            all.Values, row => row.Number(0), cancellation);
        return shown with { Total = counted[0] };
    }
}
