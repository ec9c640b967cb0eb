namespace Audit.Api.Reading;

/// <summary>The read models as the wire shows them.</summary>
internal static class WireOf
{
    public static string Of(WindowJudgement judgement) => judgement switch
    {
        WindowJudgement.NoTask => "no_task",
        WindowJudgement.InWindow => "in_window",
        WindowJudgement.WindowUnproven => "window_unproven",
        WindowJudgement.OutOfScope => "out_of_scope",
        _ => "outside_window",
    };

    public static IReadOnlyList<string> Of(WindowMarks marks) =>
    [
        .. Enum.GetValues<WindowMarks>().Where(mark => (mark & marks) != 0)
            .Select(mark => Words.SnakeCase(mark.ToString())),
    ];

    /// <summary>A time without the zeros that say nothing.</summary>
    public static string Of(Timestamp time) =>
        time.ToString() is var text && text.Contains('.') ? text.TrimEnd('Z').TrimEnd('0').TrimEnd('.') + "Z" : text;

    public static ItemPage<TShown> Page<T, TShown>(Page<T> page, Func<T, TShown> show) =>
        new([.. page.Items.Select(show)], page.Next, page.Total);

    public static CallAnswer Of(CallModel call) => new(
        call.SessionId, call.Source, call.CallId, call.Tool, Words.Of(call.State), call.Attempt, call.Turn,
        Texts(Words.Of(call.Anomalies)), call.Violations, call.Lifted, call.Task, call.Agent, call.Token,
        call.Provider, call.Model, call.Command, call.Remark, call.Decision, call.DecidedBy, call.ClaimedBy,
        call.Success,
        Judgement: Of(call.Judgement), Judged: Of(call.Judged), FirstAt: Time(call.FirstAt), LastAt: Time(call.LastAt),
        AskedAt: Time(call.AskedAt), DecidedAt: Time(call.DecidedAt), StartedAt: Time(call.StartedAt),
        SettledAt: Time(call.SettledAt), WaitedMs: Milliseconds(call.Waited), RanMs: Milliseconds(call.Ran),
        call.Messages, call.Flooded, call.ReportedLate, Position: call.Id, call.LastPosition, call.Sequence,
        call is { Asked: > 0, Question: { } question } ? new QuestionAnswer(call.Asked, question, call.NotSeenWhole)
            : null)
    {
        Parent = call.Parent,
        WindowMarks = Of(call.Judged.Marks),
        Unreviewed = call.Unreviewed,
        Waiting = call.IsWaiting,
    };

    /// <summary>A call that waits, by who asks what stands, as far as that may be seen.</summary>
    public static CallAnswer OfWaiting(CallModel call, ReadScope scope) =>
        scope.Sees(call.AskedAgent ?? call.Agent, call.AskedTask ?? call.Task, call.Source)
            ? Of(call) with { Agent = call.AskedAgent ?? call.Agent, TaskId = call.AskedTask ?? call.Task }
            : Of(call) with { Command = null, Remark = null };

    public static CallDetailAnswer Of(CallModel call, IEnumerable<TransitionModel> transitions, long? asOf) =>
        new(Of(call)) { Transitions = [.. transitions.Select(Of)], AsOf = asOf };

    public static SentenceAnswer Of(Sentence sentence) => new(sentence.Text,
    [
        .. sentence.Clauses.Select(clause => new ClauseAnswer(
            clause.Text, Time(clause.At), clause.Position, clause.Window, clause.Query, clause.IsGrave)),
    ]);

    public static DeedAnswer Of(WindowCall done) =>
        new(Of(done.Call))
        {
            At = Time(done.At), AtJudgement = Of(done.Judgement), AtMarks = Of(done.Marks),
            LateByMs = LateBy(done.LateByMs),
        };

    public static LateSessionAnswer Of(LateSession late) => new(
        late.Session.Source, late.Session.Id, late.Messages, Of(late.FirstAt), Of(late.LastAt),
        (long)late.LateBy.TotalMilliseconds, late.Through, late.IsGapless, late.IsNumberedBefore)
    {
        Calls =
        [
            .. late.Calls.Select(call => new LateCallAnswer(
                call.CallId, Of(call.At), Of(call.ReceivedAt), (long)call.LateBy.TotalMilliseconds,
                Time(call.DecidedAt), call.Away is { } away ? Words.SnakeCase(away.ToString()) : null)),
        ],
        NodePauses =
            [.. late.Pauses.Select(pause => new PauseAnswer(Of(pause.From), Time(pause.Until), pause.Stopped))],
    };

    public static MarkedAnswer Marked(JudgementCounts counts) =>
        new(counts.WindowUnproven, counts.GrantedAfter, counts.DecidedInTime, counts.Accepted);

    public static SessionAnswer Of(SessionModel session, long? asOf = null)
    {
        var (agents, tasks, tokens) = (session.Agents, session.Tasks, session.Tokens);
        return new(
            session.SessionId, session.Source, session.Calls, States(session.States), session.OpenCalls, session.Violations,
            session.Lifted, session.Messages, session.Notes, Texts(Words.Of(session.Anomalies)),
            Texts(agents.Names), agents.HasMore, Texts(tasks.Names), tasks.HasMore, Texts(tokens.Names), tokens.HasMore,
            Of(session.Judged), FirstAt: Time(session.FirstAt), LastAt: Time(session.LastAt),
            StartedAt: Time(session.StartedAt), EndedAt: Time(session.HasEnded ? session.NotedEndAt : null),
            session.Id, session.LastPosition, session.IsShare ? null : Of(session.Completeness), asOf)
        {
            Failed = session.Failed,
        };
    }

    private static CompletenessAnswer Of(Completeness whole) => new(
        whole.IsComplete, whole.MissingMessages, [
            .. whole.Gaps.Select(gap => new GapAnswer(gap.Token, gap.From, gap.To))],
        whole.OpenAfterEnd, whole.ReportedLate);

    /// <summary>The position of the past, as the reader sees positions.</summary>
    public static long? Position<T>(ReadScope scope, Past<T>? past) => past is null ? null : scope.Hide(past.Position);

    public static TaskAnswer Of(TaskModel task) => new(
        task.TaskId, Texts(task.Agents.Names), task.Windows, task.Calls, task.OpenCalls, task.Violations,
        Of(task.Judged), Time(task.FirstAt), Time(task.LastAt), task.Id, task.LastPosition);

    public static TaskDetailAnswer Of(
        TaskModel task, IEnumerable<WindowModel> windows, TaskCallsAnswer calls, Timestamp now, long? asOf) =>
        new(Of(task)) { Windows = [.. windows.Select(window => Of(window, now))], Calls = calls, AsOf = asOf };

    public static ViolationAnswer Of(ViolationModel violation) => Reviewed(violation.Review, new ViolationAnswer(
        violation.Position, violation.SessionId, violation.Source, violation.CallId, violation.WindowId, violation.Tool,
        violation.Message, violation.From, violation.Cause, violation.Reason, Time(violation.At),
        Time(violation.ReceivedAt), violation.Token, violation.Task, violation.Agent, violation.IsLifted,
        violation.LiftedBy, violation.Sequence, VerdictOf(violation)));

    /// <summary>What a review of the violation sends back.</summary>
    public static string? VerdictOf(ViolationModel violation) =>
        violation.IsLifted ? SeenVerdict.WordOf(ViolationCause.None) : violation.Cause;

    public static string Of(ReviewState state) => state.ToString().ToLowerInvariant();

    public static WindowAnswer Of(WindowModel window, Timestamp now) => new(
        window.WindowId, window.StateAt(now), window.Task, window.Agent, window.Scope, window.Reason,
        OpensAt: Time(window.OpensAt), ClosesAt: Time(window.ClosesAt), EndedAt: Time(window.EndedAt), window.EndedBy,
        window.RequestedBy, Time(window.RequestedAt), window.ApprovedBy, Time(window.ApprovedAt), window.SelfGranted,
        window.GrantedAfter, window.Violations, window.Id, window.LastPosition)
    {
        Alias = window.Alias,
        Source = window.Source,
        Sources = window.Sources,
        MintedByParty = window.MintedByParty,
        Unreviewed = window.Refusals.Count(one => one.Review.Waits),
    };

    public static SearchHitAnswer Of(SearchHit hit) => new(
        hit.Position, hit.SessionId, hit.Source, hit.CallId, hit.Tool, hit.State is { } state ? Words.Of(state) : null,
        hit.Message, At: Time(hit.At), FirstAt: Time(hit.FirstAt), LastAt: Time(hit.LastAt), hit.Task, hit.Agent,
        hit.Token, hit.Command, hit.Call?.Success, hit.Call?.Decision, hit.Call?.DecidedBy, hit.Call?.ClaimedBy,
        hit.Call is { } call ? Of(call.Judgement) : null, hit.Call?.Violations,
        hit.Call is { } model ? Texts(Words.Of(model.Anomalies)) : null,
        hit.Excerpt is not { } excerpt ? null : new ExcerptAnswer(
            excerpt.Place.ToString().ToLowerInvariant(), excerpt.Text,
            [.. excerpt.Marks.Select(mark => new[] { mark.Offset, mark.Length })],
            excerpt.IsCutBefore, excerpt.IsCutAfter));

    public static SearchCountsAnswer Of(SearchCounts counts) => new(
        counts.Calls, counts.Notes, counts.IsCut, MostFirst(counts.ByTool), MostFirst(counts.ByState));

    public static JudgedAnswer Of(JudgementCounts judged) =>
        new(
            judged.InWindow, judged.OutsideWindow, judged.OutOfScope, judged.NoTask, judged.WindowUnproven,
            judged.GrantedAfter, judged.DecidedInTime, judged.Accepted);

    private static T Reviewed<T>(ReviewModel? review, T answer) where T : ReviewedAnswer => review is null ? answer
        : answer with
        {
            Review = Of(review.State), ReviewedBy = review.By, ReviewedAt = Time(review.At),
            ReviewReason = review.Reason, Finding = review.By is null ? null : Words.Of(review.Finding),
            LiftedAfter = review.LiftedAfter?.TotalSeconds,
        };

    private static TransitionAnswer Of(TransitionModel transition) => Reviewed(transition.Review, new TransitionAnswer(
        transition.Position, transition.Sequence, Words.Of(transition.Message), From: Words.Of(transition.From),
        To: Words.Of(transition.To), transition.Attempt, Texts(Words.Of(transition.Anomalies)),
        transition is { Cause: not ViolationCause.None, Lifted: false } ? Words.Of(transition.Cause) : null,
        transition.Lifted, transition.Late, transition.ReportedLate, At: Time(transition.At),
        RecordedAt: Time(transition.RecordedAt), ReceivedAt: Time(transition.ReceivedAt), Of(transition.Judgement),
        transition.Window, transition.Task, transition.Agent, transition.Token, transition.Remark, transition.By,
        transition.Success, Of(transition.Marks), LateBy(transition.LateByMs)));

    private static long? LateBy(long milliseconds) => milliseconds > 0 ? milliseconds : null;

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
