namespace Audit.Projections.Queries;

/// <summary>
/// Finds what was done in the time of a window, oldest first: each call once, at its first message in that time, so
/// that a page need not know the pages before it.
/// </summary>
internal static class WindowCalls
{
    private static string SqlOf(SqlConditions asked) => $"""
        SELECT {ReadTables.Transitions.Selected("t.")}, {ReadTables.Calls.Selected("c.")}
        FROM transitions t JOIN calls c ON c.id = t.call
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
                Message: ReadTables.Transitions.Of(row), Call: ReadTables.Calls.Of(row, ReadTables.Transitions.Read)),
            cancellation);
        var cut = Pages.Of(
            found, page.Limit, last => scope.WriteCursor(Instants.ToNumber(last.Message.At), last.Message.Position));
        return new Page<WindowCall>(
            [.. cut.Items.Select(done => WindowCall.Of(done.Message, scope.Of(done.Call)))],
            cut.Next);
    }
}

/// <summary>Finds what is in a window by more than its date and arrival, and what is not known to be in it.</summary>
internal static class WindowMarked
{
    private const int MostSessions = 100;
    private const int MostCalls = 100;
    private const int MostPauses = 100;

    public static async Task<JudgementCounts> CountAsync(
        IReadSession reader, ReadScope scope, WindowModel window, CancellationToken cancellation)
    {
        var asked = new SqlConditions(window.WindowId).And(scope.Conditions("c."));
        var found = await reader.QueryAsync(
            $"""
            SELECT t.marks, count(*) FROM transitions t JOIN calls c ON c.id = t.call
            WHERE t.marked = $1{asked.Sql} GROUP BY t.marks
            """,
            asked.Values, row => (Bits: row.Number(0), Count: (int)row.Number(1)), cancellation);
        return found.Aggregate(default(JudgementCounts), (counts, one) => one.Bits == TransitionModel.UnprovenBit
            ? counts.Add(WindowJudgement.WindowUnproven, WindowMarks.None, one.Count)
            : counts.Add(WindowJudgement.InWindow, (WindowMarks)one.Bits, one.Count));
    }

    /// <summary>Whose messages are not known to be in it, by session, with what speaks for them.</summary>
    public static async Task<IReadOnlyList<LateSession>> LateAsync(
        IReadSession reader, ReadScope scope, WindowModel window, CancellationToken cancellation)
    {
        if (window.Until is not { } until)
        {
            return [];
        }

        var asked = new SqlConditions(window.WindowId, TransitionModel.UnprovenBit, (long)MostSessions)
            .And(scope.Conditions("c."));
        var found = await reader.QueryAsync(
            $"""
            SELECT c.session, count(*), min(t.at), max(t.at), max(t.received_at), max(t.position)
            FROM transitions t JOIN calls c ON c.id = t.call
            WHERE t.marked = $1 AND t.marks = $2{asked.Sql} GROUP BY c.session ORDER BY min(t.at), c.session LIMIT $3
            """,
            asked.Values,
            row => (
                Session: row.Number(0), Messages: (int)row.Number(1), First: Instants.FromNumber(row.Number(2)),
                Last: Instants.FromNumber(row.Number(3)), Received: Instants.FromNumber(row.Number(4)),
                Through: row.Number(5)),
            cancellation);
        var pauses = scope.IsAll && found.Count > 0
            ? await PausesAsync(reader, found.Min(one => one.First), until, long.MaxValue, cancellation)
            : null;
        var calls = (await CallsAsync(reader, scope, window, until, pauses, cancellation)).ToLookup(
            call => call.Session, call => call.Late);
        var sessions = (await reader.FindAsync(
            ReadTables.Sessions, [new KeyColumn("id", found.Select(one => one.Session))], cancellation))
            .ToDictionary(session => session.Id);
        return [.. found.Select(one => LateSession.Of(
            sessions[one.Session].Name, one.Messages, one.First, one.Last, one.Received, until) with
        {
            Through = scope.Veil is null ? one.Through : null,
            IsGapless = scope.IsAll ? sessions[one.Session].IsGapless : null,
            IsNumberedBefore = scope.IsAll ? sessions[one.Session].NumberedSince < until : null,
            Calls = [.. calls[one.Session]],
            Pauses = [.. (pauses ?? []).Where(pause => pause.Until > one.First)],
        })];
    }

    /// <summary>When the book took nothing before a node started, of what overlaps a time.</summary>
    /// <param name="through">As the book was at this position.</param>
    public static Task<List<PauseModel>> PausesAsync(
        IReadSession reader, Timestamp from, Timestamp until, long through, CancellationToken cancellation) =>
        reader.QueryAsync(
            "SELECT doc FROM pauses WHERE ended > $1 AND begun < $2 AND position <= $3 ORDER BY position LIMIT $4",
            [Instants.ToNumber(from), Instants.ToNumber(until), through, (long)MostPauses],
            row => ReadTables.Pauses.Of(row), cancellation);

    private static async Task<IEnumerable<(long Session, LateCall Late)>> CallsAsync(
        IReadSession reader, ReadScope scope, WindowModel window, Timestamp until, IReadOnlyList<PauseModel>? pauses,
        CancellationToken cancellation)
    {
        var asked = new SqlConditions(window.WindowId, TransitionModel.UnprovenBit, (long)MostCalls)
            .And(scope.Conditions("c."));
        var found = await reader.QueryAsync(
            $"""
            SELECT late.first_at, late.last_received, {ReadTables.Calls.Selected("c.")} FROM calls c JOIN (
                SELECT t.call AS call, min(t.at) AS first_at, max(t.received_at) AS last_received
                FROM transitions t WHERE t.marked = $1 AND t.marks = $2 GROUP BY t.call) late ON late.call = c.id
            WHERE c.id > 0{asked.Sql} ORDER BY late.first_at, c.id LIMIT $3
            """,
            asked.Values,
            row => (
                At: Instants.FromNumber(row.Number(0)), Received: Instants.FromNumber(row.Number(1)),
                Call: ReadTables.Calls.Of(row, 2)),
            cancellation);
        return found.Select(one => (one.Call.Session, LateCall.Of(one.Call, one.At, one.Received, until, pauses)));
    }
}

/// <summary>Counts calls without reading them.</summary>
internal static class CallCounts
{
    /// <summary>No more of a list are counted.</summary>
    private const long Most = 10_000;

    private const int MostTools = 40;

    public static async Task<AttentionCounts> OfAttentionAsync(
        IReadSession reader, ReadScope scope, CancellationToken cancellation)
    {
        return new AttentionCounts(Most)
        {
            Awaiting = await OfAsync("calls", "waits", 1),
            Running = await OfAsync("calls", "attention", (long)CallState.Running),
            Forgotten = await OfAsync("calls", "attention", (long)CallState.PersistenceFailed),
            Outside = await OfAsync("calls", "strayed", (long)WindowJudgement.OutsideWindow),
            OutOfScope = await OfAsync("calls", "strayed", (long)WindowJudgement.OutOfScope),
            Unproven = await OfAsync("calls", "strayed", (long)WindowJudgement.WindowUnproven),
            Requested = await OfAsync("windows", "requested", 1),
            Violations = await OfAsync("violations", "lifted", 0),
            Unreviewed = await OfAsync("violations", "waits", 1),
        };

        async Task<long> OfAsync(string table, string column, long value)
        {
            var asked = new SqlConditions(value, Most + 1).And(scope.Conditions());
            var found = await reader.QueryAsync(
                $"SELECT count(*) FROM (SELECT 1 FROM {table} WHERE {column} = $1{asked.Sql} LIMIT $2) one",
                asked.Values, row => row.Number(0), cancellation);
            return found[0];
        }
    }

    /// <returns>Null where none of the calls passes.</returns>
    public static async Task<SessionShape?> ShapeAsync(
        IReadSession reader, ReadScope scope, long session, CallFilter filter, int parts,
        CancellationToken cancellation)
    {
        List<(string, object)> conditions = [.. ConditionsOf(filter), .. scope.Conditions()];
        var passing = new SqlConditions(session).And(conditions);
        var bounds = (await reader.QueryAsync(
            "SELECT count(*), coalesce(min(first_at), 0), coalesce(max(last_at), 0) FROM calls "
            + $"WHERE session = $1{passing.Sql}",
            passing.Values, row => (Calls: row.Number(0), From: row.Number(1), Until: row.Number(2)),
            cancellation))[0];
        if (bounds.Calls == 0)
        {
            return null;
        }

        var tools = await reader.QueryAsync(
            $"SELECT tool, count(*) FROM calls WHERE session = $1{passing.Sql} "
            + $"GROUP BY tool ORDER BY 2 DESC, 1 LIMIT {MostTools}",
            passing.Values, row => (ToolOf(row, 0), row.Number(1)), cancellation);
        var from = Math.Max(bounds.From, NumberOf(filter.From) ?? long.MinValue);
        var until = Math.Min(bounds.Until, NumberOf(filter.Until) ?? long.MaxValue);

        // In ticks: the nanoseconds from 1700 to today are more than a number holds.
        var (first, last) = (from / Instants.NanosPerTick, until / Instants.NanosPerTick);
        var asked = new SqlConditions(session, first, Math.Max(1, ((last - first) / parts) + 1)).And(conditions);
        var named = asked.Add(tools.Select(one => one.Item1).OfType<string>());
        var tool = named.Length == 0 ? "NULL" : $"CASE WHEN tool IN ({named}) THEN tool END";
        var groups = await reader.QueryAsync(
            $"""
            SELECT part, tool, state, mark, count(*) FROM (
                SELECT CASE WHEN first_at / {Instants.NanosPerTick} < $2 THEN 0
                    ELSE (first_at / {Instants.NanosPerTick} - $2) / $3 END AS part,
                    {tool} AS tool, state, coalesce(mark, 0) AS mark
                FROM calls WHERE session = $1{asked.Sql}) one
            GROUP BY part, tool, state, mark
            """,
            asked.Values,
            row => new CallGroup(
                (int)Math.Min(parts - 1, row.Number(0)), ToolOf(row, 1), (CallState)row.Number(2),
                [.. CallMarks.NamesOf(row.Number(3))], row.Number(4)),
            cancellation);
        return new SessionShape(Instants.FromNumber(from), Instants.FromNumber(until), groups, tools);
    }

    public static List<(string Sql, object Value)> ConditionsOf(CallFilter filter)
    {
        var conditions = new List<(string, object)>();
        if (filter.From is not null || filter.Until is not null)
        {
            conditions.Add(("last_at >= {0}", NumberOf(filter.From) ?? long.MinValue));
            conditions.Add(("first_at <= {0}", NumberOf(filter.Until) ?? long.MaxValue));
        }

        void Add(string sql, object? value)
        {
            if (value is not null)
            {
                conditions.Add((sql, value));
            }
        }

        Add("id <= {0}", filter.Through);
        Add("parent = {0}", filter.Parent);
        Add("tool = {0}", filter.Tool);
        Add("state = {0}", (long?)filter.State);
        Add("(mark & {0}) <> 0", filter.Mark is null ? null : CallMarks.OfFlag(filter.Mark));
        return conditions;
    }

    private static string? ToolOf(IStoredRow row, int column) => row.IsNull(column) ? null : row.Text(column);

    private static long? NumberOf(Timestamp? time) =>
        time is { } known ? Instants.ToNumber(Instants.Clamp(known)) : null;
}
