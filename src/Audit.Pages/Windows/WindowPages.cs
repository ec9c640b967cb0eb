using Audit.Pages.Access;

namespace Audit.Pages.Windows;

/// <summary>`/windows` and `/window?id=`, with the forms by which a window is requested and decided on.</summary>
internal sealed class WindowPages(WindowActs acts) : IPageGroup
{
    public void Map(PageMap pages)
    {
        pages.Get("/windows", Roles.Read, ListAsync).Scoped(Scope.Binding);
        pages.Get("/window", Roles.Read, ShowAsync).Scoped(Scope.Binding);
        pages.Post("/windows", Roles.Ingest | Roles.Approve, RequestAsync).Scoped(Scope.Own);
        foreach (var act in WindowPosting.Acts)
        {
            pages.Post($"/window/{act.Name}", act.AnyOf, visit => ActAsync(visit, act)).Scoped(Scope.Own);
        }
    }

    private async Task<PageAnswer> ListAsync(Visit visit)
    {
        var filter = new WindowFilter
        {
            Task = visit.Query.Text("task"), Agent = visit.Query.Text("agent"),
            OpenAt = visit.Query.Flag("open") is true ? visit.Now : null,
        };
        var windows = await visit.ListAsync(
            (page, cancellation) => visit.Reads.Models.WindowsAsync(filter, page, cancellation));
        var view = new WindowListView(windows, filter.Task, filter.Agent, filter.OpenAt is not null, visit.Now);
        return PageAnswer.Show<WindowListPage>("Windows", "windows", view);
    }

    private async Task<PageAnswer> ShowAsync(Visit visit)
    {
        var id = await visit.Context.WindowAsync("id");
        var page = new PageRequest(50, visit.Query.Text("cursor"));
        await visit.CatchUpAsync();
        if (await visit.Reads.Models.WindowAsync(id, page, visit.Cancellation) is not { } found)
        {
            return PageAnswer.Wrong(WindowOfRequest.NoWindow(visit.Query.RequiredId("id")));
        }

        var few = found with { Outside = Few(found.Outside), OutOfScope = Few(found.OutOfScope) };
        var view = new WindowPageView(few, visit.Now, visit.Recorded)
        {
            WhyNot = await WhyNotAsync(visit, acts, found.Window),
        };
        return PageAnswer.Show<WindowPage>($"Window {found.Window.Alias ?? id}", "windows", view);
    }

    /// <summary>The acts that are of no use to whoever looks, and why: no button is to make a violation.</summary>
    public static async Task<IReadOnlyDictionary<string, string>> WhyNotAsync(
        Visit visit, WindowActs acts, WindowModel window)
    {
        var state = window.StateAt(visit.Now);
        WindowVerb[] verbs = !visit.Bearer.HasAny(Roles.Ingest | Roles.Approve) ? []
            : state == "requested" ? [WindowVerb.Approve, WindowVerb.Close]
            : state is "open" or "upcoming" ? [WindowVerb.Extend, WindowVerb.Close]
            : [];
        var found = new Dictionary<string, string>();
        foreach (var verb in verbs)
        {
            if (await acts.WhyNotAsync(window, verb, visit.Bearer, visit.Cancellation) is { } sentence)
            {
                found[verb.ToString().ToLowerInvariant()] = sentence;
            }
        }

        return found;
    }

    private static Page<CallModel> Few(Page<CallModel> calls) => new([.. calls.Items.Take(15)], calls.Next);

    private async Task<PageAnswer> RequestAsync(Visit visit)
    {
        var form = visit.Form;
        const StringSplitOptions Trimmed = StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries;
        var body = PageForm.Body(
            ("alias", form.Text("alias")), ("task_id", form.Text("task")), ("agent", form.Text("agent")),
            ("reason", form.Text("reason")),
            ("duration", form.Text("duration")), ("scope", form.Required("scope").Split(',', Trimmed)),
            ("sources", form.Text("sources")?.Split(',', Trimmed)));
        var verb = form.Text("grant") == "true" ? WindowVerb.Grant : WindowVerb.Request;
        var submission = await acts.AskAsync(body, verb, visit.Bearer, visit.Cancellation);
        return await visit.SubmitAsync(submission, Links.Window(submission.WindowId));
    }

    private async Task<PageAnswer> ActAsync(Visit visit, WindowPosting act)
    {
        var form = visit.Form;
        var id = form.Required("window");
        if (Ids.Refuse(id, Ids.MaxBytes) is { } sentence)
        {
            return PageAnswer.Wrong(Problem.BadParameter("window", sentence + "."));
        }

        // What a browser gives has no zone; the form says that it is UTC.
        var closesAt = form.Text("closes_at") is { } time ? time + (time.Length == 16 ? ":00Z" : "Z") : null;
        var length = act.Verb == WindowVerb.Approve ? form.Text("for") : null;
        if (length is not null && !DurationText.TryParse(length, out _))
        {
            throw QueryReader.Refusal(
                "for", $"a whole number with s, m, h or d such as 30m is expected, not \"{length}\".");
        }

        var through = long.TryParse(
            form.Text("through"), NumberStyles.None, CultureInfo.InvariantCulture, out var last) ? last : (long?)null;
        var body = PageForm.Body(
            ("reason", form.Text("reason")), ("closes_at", closesAt), ("duration", length),
            ("session", form.Text("session")), ("source", form.Text("source")),
            ("from", form.Text("from")), ("until", form.Text("until")), ("through", through));
        var submission = await acts.ReadAsync(id, body, act.Verb, visit.Bearer, visit.Cancellation);
        return await visit.SubmitAsync(submission, ReturnPath.Of(form.Text("return") ?? Links.Window(id)));
    }
}

/// <param name="Open">Only those that are open now.</param>
public sealed record WindowListView(
    ListView<WindowModel> Windows, string? Task, string? Agent, bool Open, Timestamp Now);

public sealed record WindowPageView(WindowView Found, Timestamp Now, long? Recorded)
{
    /// <inheritdoc cref="WindowPages.WhyNotAsync"/>
    public IReadOnlyDictionary<string, string> WhyNot { get; init; } = new Dictionary<string, string>();

    public WindowModel Window => Found.Window;

    public string State => Window.StateAt(Now);

    /// <summary>Refused acts that wait for somebody to review them, as many as go in one act.</summary>
    public IReadOnlyList<SeenVerdict> Unreviewed =>
    [
        .. Window.Refusals.Where(one => one.Review.Waits).Take(Review.Most)
            .Select(one => new SeenVerdict(one.Sequence, ViolationCause.NotAllowed)),
    ];
}

/// <summary>`/tasks` and `/task?id=`.</summary>
internal sealed class TaskPages : IPageGroup
{
    public void Map(PageMap pages)
    {
        pages.Get("/tasks", Roles.Read, ListAsync).Scoped(Scope.Binding);
        pages.Get("/task", Roles.Read, ShowAsync).Scoped(Scope.Binding);
    }

    private static async Task<PageAnswer> ListAsync(Visit visit) => PageAnswer.Show<TaskListPage>(
        "Tasks", "tasks", await visit.ListAsync(visit.Reads.Models.TasksAsync));

    private static async Task<PageAnswer> ShowAsync(Visit visit)
    {
        var id = visit.Query.RequiredId("id");
        var judgement = visit.Judgement(
            WindowJudgement.InWindow, WindowJudgement.OutsideWindow, WindowJudgement.OutOfScope,
            WindowJudgement.WindowUnproven);
        await visit.CatchUpAsync();
        var models = visit.Reads.Models;
        if (await models.TaskAsync(id, visit.Cancellation) is not { } found)
        {
            return PageAnswer.Wrong(Problem.NotFound($"There is no task \"{id}\" that this token may see."));
        }

        var calls = await visit.ListAsync(
            (page, cancellation) => models.CallsOfTaskAsync(id, judgement, page, cancellation));
        var windows = found.Windows.Take(30).ToList();
        return PageAnswer.Show<TaskPage>(
            $"Task {id}", "tasks", new TaskPageView(found.Task, windows, judgement, calls, visit.Now));
    }
}

/// <param name="Calls">Those with the judgement that is looked at.</param>
public sealed record TaskPageView(
    TaskModel Task, IReadOnlyList<WindowModel> Windows, WindowJudgement Judgement, ListView<CallModel> Calls,
    Timestamp Now);
