using Audit.Api.Answers;

namespace Audit.Api.Reading;

/// <summary>The read models as the wire shows them.</summary>
internal static class WireOf
{
    public static string Of(WindowJudgement judgement) => judgement switch
    {
        WindowJudgement.NoTask => "no_task",
        WindowJudgement.InWindow => "in_window",
        WindowJudgement.OutOfScope => "out_of_scope",
        _ => "outside_window",
    };

    /// <summary>A time without the zeros that say nothing.</summary>
    public static string Of(Timestamp time) =>
        time.ToString() is var text && text.Contains('.') ? text.TrimEnd('Z').TrimEnd('0').TrimEnd('.') + "Z" : text;

    public static ItemPage<TShown> Page<T, TShown>(Page<T> page, Func<T, bool> sees, Func<T, TShown> show) =>
        new([.. page.Items.Where(sees).Select(show)], page.Next);

    public static CallAnswer Of(CallModel call) => Fill(call, new CallAnswer
    {
        SessionId = call.SessionId, ToolCallId = call.CallId, State = Words.Of(call.State),
    });

    public static CallDetailAnswer Of(CallModel call, IEnumerable<TransitionModel> transitions, long? asOf) =>
        Fill(call, new CallDetailAnswer
        {
            SessionId = call.SessionId, ToolCallId = call.CallId, State = Words.Of(call.State),
            Transitions = [.. transitions.Select(Of)],
            AsOf = asOf,
        });

    public static DeedAnswer Of(WindowDeed deed) => Fill(deed.Call, new DeedAnswer
    {
        SessionId = deed.Call.SessionId, ToolCallId = deed.Call.CallId, State = Words.Of(deed.Call.State),
        At = Time(deed.At),
        AtJudgement = Of(deed.Judgement),
    });

    public static SessionAnswer Of(SessionModel session, long? asOf = null) => new()
    {
        SessionId = session.SessionId,
        Calls = session.Calls,
        States = States(session.States),
        OpenCalls = session.OpenCalls,
        Violations = session.Violations,
        Lifted = session.Lifted,
        Messages = session.Messages,
        Notes = session.Notes,
        Anomalies = Texts(Words.Of(session.Anomalies)),
        Agents = Texts(session.Agents.Names),
        MoreAgents = session.Agents.HasMore,
        Tasks = Texts(session.Tasks.Names),
        MoreTasks = session.Tasks.HasMore,
        Hosts = Texts(session.Hosts.Names),
        MoreHosts = session.Hosts.HasMore,
        Judged = Of(session.Judged),
        FirstAt = Time(session.FirstAt),
        LastAt = Time(session.LastAt),
        StartedAt = Time(session.StartedAt),
        EndedAt = Time(session.HasEnded ? session.NotedEndAt : null),
        Position = session.Id,
        LastPosition = session.LastPosition,
        Completeness = new CompletenessAnswer(
            session.Completeness.IsComplete, session.Completeness.MissingMessages,
            [.. session.Completeness.Gaps.Select(gap => new GapAnswer(gap.Host, gap.From, gap.To))],
            session.Completeness.OpenAfterEnd, session.Completeness.ReportedLate),
        AsOf = asOf,
    };

    public static TaskAnswer Of(TaskModel task) => Fill(task, new TaskAnswer { TaskId = task.TaskId });

    public static TaskDetailAnswer Of(
        TaskModel task, IEnumerable<WindowModel> windows, TaskCallsAnswer calls, Timestamp now, long? asOf) =>
        Fill(task, new TaskDetailAnswer
        {
            TaskId = task.TaskId, Windows = [.. windows.Select(window => Of(window, now))], Calls = calls, AsOf = asOf,
        });

    public static ViolationAnswer Of(ViolationModel violation) => new()
    {
        Position = violation.Position,
        SessionId = violation.SessionId,
        ToolCallId = violation.CallId,
        WindowId = violation.WindowId,
        ToolName = violation.Tool,
        Message = violation.Message,
        From = violation.From,
        Cause = violation.Cause,
        Reason = violation.Reason,
        At = Time(violation.At),
        ReceivedAt = Time(violation.ReceivedAt),
        Host = violation.Host,
        TaskId = violation.Task,
        Agent = violation.Agent,
        Lifted = violation.IsLifted,
        LiftedBy = violation.LiftedBy,
    };

    public static WindowAnswer Of(WindowModel window, Timestamp now) => new()
    {
        WindowId = window.WindowId,
        State = window.StateAt(now),
        TaskId = window.Task,
        Agent = window.Agent,
        Scope = window.Scope,
        Reason = window.Reason,
        OpensAt = Time(window.OpensAt),
        ClosesAt = Time(window.ClosesAt),
        EndedAt = Time(window.EndedAt),
        EndedBy = window.EndedBy,
        RequestedBy = window.RequestedBy,
        RequestedAt = Time(window.RequestedAt),
        ApprovedBy = window.ApprovedBy,
        ApprovedAt = Time(window.ApprovedAt),
        SelfGranted = window.SelfGranted,
        Violations = window.Violations,
        Position = window.Id,
        LastPosition = window.LastPosition,
    };

    public static SearchHitAnswer Of(SearchHit hit) => new()
    {
        Position = hit.Position,
        SessionId = hit.SessionId,
        ToolCallId = hit.CallId,
        ToolName = hit.Tool,
        State = hit.State is { } state ? Words.Of(state) : null,
        Message = hit.Message,
        At = Time(hit.At),
        FirstAt = Time(hit.FirstAt),
        LastAt = Time(hit.LastAt),
        TaskId = hit.Task,
        Agent = hit.Agent,
        Host = hit.Host,
        Command = hit.Command,
        Success = hit.Call?.Success,
        Decision = hit.Call?.Decision,
        DecidedBy = hit.Call?.DecidedBy,
        Judgement = hit.Call is { } call ? Of(call.Judgement) : null,
        Violations = hit.Call?.Violations,
        Anomalies = hit.Call is { } model ? Texts(Words.Of(model.Anomalies)) : null,
        Excerpt = hit.Excerpt is not { } excerpt ? null : new ExcerptAnswer(
            excerpt.Place.ToString().ToLowerInvariant(), excerpt.Text,
            [.. excerpt.Marks.Select(mark => new[] { mark.Offset, mark.Length })], excerpt.IsCutBefore, excerpt.IsCutAfter),
    };

    public static SearchCountsAnswer Of(SearchCounts counts) => new(
        counts.Calls, counts.Notes, counts.IsCut, MostFirst(counts.ByTool), MostFirst(counts.ByState));

    public static JudgedAnswer Of(JudgementCounts judged) =>
        new(judged.InWindow, judged.OutsideWindow, judged.OutOfScope, judged.NoTask);

    private static TransitionAnswer Of(TransitionModel transition) => new()
    {
        Position = transition.Position,
        Sequence = transition.Sequence,
        Message = Words.Of(transition.Message),
        From = Words.Of(transition.From),
        To = Words.Of(transition.To),
        Attempt = transition.Attempt,
        Anomalies = Texts(Words.Of(transition.Anomalies)),
        Violation = transition is { Cause: not ViolationCause.None, Lifted: false } ? Words.Of(transition.Cause) : null,
        Lifted = transition.Lifted,
        Late = transition.Late,
        ReportedLate = transition.ReportedLate,
        At = Time(transition.At),
        RecordedAt = Time(transition.RecordedAt),
        ReceivedAt = Time(transition.ReceivedAt),
        Judgement = Of(transition.Judgement),
        WindowId = transition.Window,
        TaskId = transition.Task,
        Agent = transition.Agent,
        Host = transition.Host,
        Said = transition.Remark,
        By = transition.By,
        Success = transition.Success,
    };

    private static T Fill<T>(CallModel call, T answer) where T : CallAnswer => (T)(answer with
    {
        ToolName = call.Tool,
        Attempt = call.Attempt,
        Turn = call.Turn,
        Anomalies = Texts(Words.Of(call.Anomalies)),
        Violations = call.Violations,
        Lifted = call.Lifted,
        TaskId = call.Task,
        Agent = call.Agent,
        Host = call.Host,
        Provider = call.Provider,
        Model = call.Model,
        Command = call.Command,
        Said = call.Remark,
        Decision = call.Decision,
        DecidedBy = call.DecidedBy,
        Success = call.Success,
        Judgement = Of(call.Judgement),
        Judged = Of(call.Judged),
        FirstAt = Time(call.FirstAt),
        LastAt = Time(call.LastAt),
        AskedAt = Time(call.AskedAt),
        DecidedAt = Time(call.DecidedAt),
        StartedAt = Time(call.StartedAt),
        SettledAt = Time(call.SettledAt),
        WaitedMs = Milliseconds(call.Waited),
        RanMs = Milliseconds(call.Ran),
        Messages = call.Messages,
        Flooded = call.Flooded,
        ReportedLate = call.ReportedLate,
        Position = call.Id,
        LastPosition = call.LastPosition,
        Sequence = call.Sequence,
    });

    private static T Fill<T>(TaskModel task, T answer) where T : TaskAnswer => (T)(answer with
    {
        Agents = Texts(task.Agents.Names),
        WindowsCount = task.Windows,
        CallsCount = task.Calls,
        OpenCalls = task.OpenCalls,
        Violations = task.Violations,
        Judged = Of(task.Judged),
        FirstAt = Time(task.FirstAt),
        LastAt = Time(task.LastAt),
        Position = task.Id,
        LastPosition = task.LastPosition,
    });

    public static string? Time(Timestamp? time) => time is { Ticks: > 0 } known ? Of(known) : null;

    private static double? Milliseconds(TimeSpan? time) =>
        time is { } known ? Math.Round(known.TotalMilliseconds, 3) : null;

    private static IReadOnlyList<string> Texts(IEnumerable<string> texts) => [.. texts];

    /// <summary>Only the states that there are.</summary>
    private static Dictionary<string, int> States(StateCounts states) => states.ByState.Index()
        .Where(state => state.Item > 0)
        .ToDictionary(state => Words.Of((CallState)state.Index), state => state.Item);

    private static Dictionary<string, int> MostFirst(IReadOnlyDictionary<string, int> counts) => counts
        .OrderByDescending(pair => pair.Value).ThenBy(pair => pair.Key, StringComparer.Ordinal)
        .ToDictionary(pair => pair.Key, pair => pair.Value);
}
