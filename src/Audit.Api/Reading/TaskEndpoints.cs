namespace Audit.Api.Reading;

/// <summary>`/v1/tasks`: tasks, their windows, and what was done in their name.</summary>
internal sealed class TaskEndpoints(Questions questions, TimeProvider clock) : IEndpointGroup
{
    private static readonly WindowJudgement[] Judged =
    [
        WindowJudgement.InWindow, WindowJudgement.OutsideWindow, WindowJudgement.OutOfScope,
        WindowJudgement.WindowUnproven,
    ];

    public void Map(IEndpointRouteBuilder routes)
    {
        QueryParameter task = new("task", "The task.", Required: true);
        routes.Get(
            "/v1/tasks", ListAsync, Roles.Read, "Lists the tasks, newest first.", "", QueryParameter.Limit,
            QueryParameter.Cursor, QueryParameter.Counts)
            .Produces<ItemPage<TaskAnswer>>().Scoped(Scope.Binding);
        routes.Get(
            new ById("/v1/tasks/{task}", "/v1/task", task), GetAsync, Roles.Read,
            "Shows a task: its windows, and its calls in a window, outside of one, out of scope and not proven.", "",
            QueryParameter.At,
            new("limit", "At most so many calls of each kind, up to 1000."))
            .Produces<TaskDetailAnswer>().Scoped(Scope.Binding);
        routes.Get(
            "/v1/task/calls", CallsAsync, Roles.Read, "Lists the calls of a task with one judgement, newest first.",
            "", task,
            new("judgement", "in_window, outside_window, out_of_scope or window_unproven.", Required: true),
            QueryParameter.Limit, QueryParameter.Cursor)
            .Produces<ItemPage<CallAnswer>>().Scoped(Scope.Binding);
        routes.Get(
            "/v1/windows", WindowsAsync, Roles.Read, "Lists task windows, newest first.", "",
            new("task", "Only of this task."), new("agent", "Only of this agent."),
            new("open_at", "Only those open at this time, or now."), QueryParameter.Limit, QueryParameter.Cursor,
            QueryParameter.Counts)
            .Produces<ItemPage<WindowAnswer>>().Scoped(Scope.Binding);
    }

    private Task<IResult> ListAsync(HttpContext context) => questions.ListAsync(
        context, (models, page, cancellation) => models.TasksAsync(page, cancellation), WireOf.Of);

    private Task<IResult> WindowsAsync(HttpContext context)
    {
        var (query, now) = (context.Query(), Timestamp.From(clock.GetUtcNow()));
        var filter = new WindowFilter
        {
            Task = query.Text("task"),
            Agent = query.Text("agent"),
            OpenAt = query.Text("open_at") == "now" ? now : query.Time("open_at"),
        };
        return questions.ListAsync(
            context, (models, page, cancellation) => models.WindowsAsync(filter, page, cancellation), window =>
                WireOf.Of(window, now));
    }

    private Task<IResult> CallsAsync(HttpContext context)
    {
        var query = context.Query();
        var (task, word) = (query.RequiredId("task"), query.Text("judgement"));
        var judgement = Judged.FirstOrDefault(one => WireOf.Of(one) == word);
        if (judgement == default)
        {
            query.Refuse(
                "judgement",
                $"in_window, outside_window, out_of_scope or window_unproven is expected, not \"{word}\".");
        }

        return questions.ListAsync(
            context, (models, page, cancellation) =>
                models.CallsOfTaskAsync(task, judgement, page, cancellation), WireOf.Of);
    }

    private async Task<IResult> GetAsync(HttpContext context)
    {
        var (id, query) = (context.Id("task"), context.Query());
        var reads = context.Reads();
        var (asOf, page) = (query.AsOf(reads.Scope), new PageRequest(query.Limit()));
        await questions.BeginAsync(context);
        var answer = asOf is { } moment
            ? await PastAsync(reads, id, moment, context.RequestAborted)
            : await NowAsync(reads, id, page, context.RequestAborted);
        return answer is null
            ? Problem.NotFound($"There is no task \"{id}\" that this token may see.")
            : Reply.Json(answer);
    }

    private async Task<TaskDetailAnswer?> NowAsync(
        ScopedReads reads, string id, PageRequest page, CancellationToken cancellation)
    {
        if (await reads.Models.TaskAsync(id, cancellation) is not { } view)
        {
            return null;
        }

        var calls = new ItemPage<CallAnswer>[Judged.Length];
        for (var kind = 0; kind < calls.Length; kind++)
        {
            calls[kind] = WireOf.Page(
                await reads.Models.CallsOfTaskAsync(id, Judged[kind], page, cancellation), WireOf.Of);
        }

        return WireOf.Of(
            view.Task, view.Windows, new TaskCallsAnswer(calls[0], calls[1], calls[2], calls[3]),
            Timestamp.From(clock.GetUtcNow()), asOf: null);
    }

    private async Task<TaskDetailAnswer?> PastAsync(
        ScopedReads reads, string id, AsOf moment, CancellationToken cancellation)
    {
        if (await reads.TimeTravel.TaskAsync(id, moment, cancellation) is not { } past)
        {
            return null;
        }

        var calls = Judged.Select(judgement => WireOf.Page(
            new Page<CallModel>([.. past.Item.Calls.Where(call => call.Judgement == judgement)], null), WireOf.Of))
                .ToList();
        return WireOf.Of(
            ModelOf(past.Item), past.Item.Windows, new TaskCallsAnswer(calls[0], calls[1], calls[2], calls[3]),
            moment.Time ?? Timestamp.From(clock.GetUtcNow()), WireOf.Position(reads.Scope, past));
    }

    /// <summary>What the read models keep of a task, of what it was then.</summary>
    private static TaskModel ModelOf(PastTask past) => new(
        past.Windows.Select(window => window.Id).Concat(past.Calls.Select(call => call.Id)).Min(), past.TaskId,
        past.Calls.Select(call => call.Agent).Concat(past.Windows.Select(window => window.Agent))
            .OfType<string>()
            .Aggregate(NameSet.Empty, (names, name) => names.Add(name)),
        past.Windows.Count, past.Calls.Count,
        OpenCalls: past.Calls.Count(call => call.IsOpen), Violations: past.Calls.Sum(call => call.Violations),
        past.Judged,
        FirstAt: past.Calls.Count == 0 ? null : past.Calls.Min(call => call.FirstAt),
        LastAt: past.Calls.Count == 0 ? null : past.Calls.Max(call => call.LastAt),
        LastPosition: past.Windows.Select(window => window.LastPosition)
            .Concat(past.Calls.Select(call => call.LastPosition)).Max());
}
