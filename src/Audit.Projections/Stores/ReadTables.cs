namespace Audit.Projections.Stores;

/// <summary>The tables of the read models, as the scripts of both stores make them.</summary>
internal static class ReadTables
{
    public static readonly Table<SessionModel> Sessions = new(
        "sessions", ["id"], ReadJson.Of<SessionModel>(), session => session.Id,
    [
        Column<SessionModel>.Fixed("id", session => session.Id),
        Column<SessionModel>.Fixed("session_id", session => session.Name.Key),
        Column<SessionModel>.Fixed("source", session => session.Source),
        Column<SessionModel>.Changing("first_at", session => Instants.ToNumber(session.FirstAt) ?? 0),
    ]);

    public static readonly Table<CallModel> Calls = new("calls", ["id"], ReadJson.Of<CallModel>(), call => call.Id,
    [
        Column<CallModel>.Fixed("id", call => call.Id),
        Column<CallModel>.Fixed("session", call => call.Session),
        Column<CallModel>.Fixed("call_id", call => call.CallId),
        Column<CallModel>.Changing("task_id", call => call.Task),
        Column<CallModel>.Changing("judgement", call => (long)call.Judgement),
        Column<CallModel>.Changing("mark", CallMarks.Noteworthy),
        Column<CallModel>.Changing("attention", Attention.OfState),
        Column<CallModel>.Changing("strayed", Attention.OfJudgement),
        Column<CallModel>.Changing("first_at", call => Instants.ToNumber(call.FirstAt)),
        Column<CallModel>.Changing("last_at", call => Instants.ToNumber(call.LastAt)),
        Column<CallModel>.Changing("agent", call => call.Agent),
        Column<CallModel>.Fixed("source", call => call.Source),
        Column<CallModel>.Changing("parent", call => call.Parent),
        Column<CallModel>.Changing("tool", call => call.Tool),
        Column<CallModel>.Changing("state", call => (long)call.State),
        Column<CallModel>.Changing("waits", call => call.IsWaiting ? 1 : null),
        Column<CallModel>.Changing("question", call => call.IsWaiting ? call.Question : null),
        Column<CallModel>.Changing("decided", call => call.NodeDecision?.Weight),
        Column<CallModel>.Changing("decided_at", call => Instants.ToNumber(call.NodeDecision?.At)),
    ])
    {
        Beside = (
            [
                "id", "session", "source", "call_id", "parent", "state", "tool", "task_id", "agent", "first_at",
                "last_at",
            ],
            (call, row, at) => call with
            {
                Id = row.Number(at), Session = row.Number(at + 1), Source = row.Text(at + 2), CallId = row.Text(at + 3),
                Parent = TextOrNull(row, at + 4), State = (CallState)row.Number(at + 5), Tool = TextOrNull(row, at + 6),
                Task = TextOrNull(row, at + 7), Agent = TextOrNull(row, at + 8),
                FirstAt = Instants.FromNumber(row.Number(at + 9)), LastAt = Instants.FromNumber(row.Number(at + 10)),
            }),
    };

    public static readonly Table<TransitionModel> Transitions = new(
        "transitions", ["call", "sequence"], ReadJson.Of<TransitionModel>(), transition => transition.Position,
    [
        Column<TransitionModel>.Fixed("call", transition => transition.Call),
        Column<TransitionModel>.Fixed("sequence", transition => transition.Sequence),
        Column<TransitionModel>.Fixed("position", transition => transition.Position),
        Column<TransitionModel>.Changing("task_id", transition => transition.Task),
        Column<TransitionModel>.Changing("agent", transition => transition.Agent),
        Column<TransitionModel>.Fixed("at", transition => Instants.ToNumber(transition.At)),
        Column<TransitionModel>.Fixed("received_at", transition => Instants.ToNumber(transition.ReceivedAt)),
        Column<TransitionModel>.Changing(
            "marked", transition => transition.MarkBits is null ? null : transition.Window),
        Column<TransitionModel>.Changing("marks", transition => transition.MarkBits),
    ])
    {
        Beside = (
            ["call", "sequence", "position", "task_id", "agent", "at", "received_at"],
            PutBack),
    };

    public static readonly Table<TaskModel> Tasks = new("tasks", ["id"], ReadJson.Of<TaskModel>(), task => task.Id,
    [
        Column<TaskModel>.Fixed("id", task => task.Id),
        Column<TaskModel>.Fixed("task_id", task => task.TaskId),
        Column<TaskModel>.Changing("first_at", task => Instants.ToNumber(task.FirstAt) ?? 0),
    ]);

    public static readonly Table<WindowModel> Windows = new(
        "windows", ["id"], ReadJson.Of<WindowModel>(), window => window.Id,
    [
        Column<WindowModel>.Fixed("id", window => window.Id),
        Column<WindowModel>.Fixed("window_id", window => window.WindowId),
        Column<WindowModel>.Changing("task_id", window => window.Task),
        Column<WindowModel>.Changing("agent", window => window.Agent),
        Column<WindowModel>.Changing("opens_at", window => Instants.ToNumber(window.OpensAt)),
        Column<WindowModel>.Changing("until", window => Instants.ToNumber(window.Until)),
        Column<WindowModel>.Changing("requested", window => window.State == WindowState.Requested ? 1 : null),
        Column<WindowModel>.Changing("source", window => window.Source),
        Column<WindowModel>.Changing("alias", window => window.Alias),
    ]);

    public static readonly Table<ViolationModel> Violations = new(
        "violations", ["position"], ReadJson.Of<ViolationModel>(), violation => violation.Position,
    [
        Column<ViolationModel>.Fixed("position", violation => violation.Position),
        Column<ViolationModel>.Changing("at", violation => Instants.ToNumber(violation.At)),
        Column<ViolationModel>.Changing("lifted", violation => violation.IsLifted ? 1 : 0),
        Column<ViolationModel>.Changing("task_id", violation => violation.Task),
        Column<ViolationModel>.Changing("agent", violation => violation.Agent),
        Column<ViolationModel>.Fixed("source", violation => violation.Source),
        Column<ViolationModel>.Changing("review", violation => (long?)violation.Review?.State),
        Column<ViolationModel>.Changing("waits", violation => violation.Review is { Waits: true } ? 1 : null),
    ]);

    public static readonly Table<CopyModel> Copies = new(
        "copies", ["position"], ReadJson.Of<CopyModel>(), copy => copy.Position,
        [Column<CopyModel>.Fixed("position", copy => copy.Position)]);

    public static readonly Table<PauseModel> Pauses = new(
        "pauses", ["position"], ReadJson.Of<PauseModel>(), pause => pause.Position,
    [
        Column<PauseModel>.Fixed("position", pause => pause.Position),
        Column<PauseModel>.Fixed("begun", pause => Instants.ToNumber(pause.From)),
        Column<PauseModel>.Changing("ended", pause => Instants.ToNumber(pause.Until)),
    ]);

    private static TransitionModel PutBack(TransitionModel transition, IStoredRow row, int at)
    {
        var (call, sequence, position) = (row.Number(at), row.Number(at + 1), row.Number(at + 2));
        var (task, agent) = (TextOrNull(row, at + 3), TextOrNull(row, at + 4));
        var happened = Instants.FromNumber(row.Number(at + 5));
        return transition with
        {
            Call = call, Sequence = sequence, Position = position, Task = task, Agent = agent, At = happened,
            RecordedAt = transition.RecordedAt == ShortMembers.AsAt ? happened : transition.RecordedAt,
            ReceivedAt = Instants.FromNumber(row.Number(at + 6)),
        };
    }

    private static string? TextOrNull(IStoredRow row, int column) => row.IsNull(column) ? null : row.Text(column);

    public static KeyColumn SessionKey(params IEnumerable<SessionName> names) =>
        new("session_id", names.Select(name => name.Key));

    public const string DeleteEmptyHours = "DELETE FROM hours WHERE calls = 0";

    /// <summary>No event makes such a row: calls that move from hour to hour do.</summary>
    public static readonly Table<HourModel> Hours = new("hours", ["hour"], ReadJson.Of<HourModel>(), _ => 0,
    [
        Column<HourModel>.Fixed("hour", hour => hour.Hour),
        Column<HourModel>.Changing("calls", hour => hour.Calls + hour.Unreviewed),
    ]);
}
