namespace Audit.Pages.Sessions;

/// <summary>`/sessions` and `/session?id=`.</summary>
internal sealed class SessionPages : IPageGroup
{
    /// <summary>Lanes of one page; with their table they stay below 150 KB.</summary>
    public const int LanesOnPage = 50;

    /// <summary>Up to so many messages a session is folded whole to show its past: some milliseconds.</summary>
    private const int FoldedWhole = 1_000;

    /// <summary>Of the drawing of the whole session.</summary>
    public const int Bars = 60;

    private const int TasksWithBands = 4;

    private const int SourcesBeside = 3;
    private const int LanesBeside = 25;

    public void Map(PageMap pages)
    {
        pages.Get("/sessions", Roles.Read, ListAsync).Scoped(Scope.Binding);
        pages.Get("/session", Roles.Read, ShowAsync).Scoped(Scope.Binding);
    }

    private static async Task<PageAnswer> ListAsync(Visit visit) => PageAnswer.Show<SessionListPage>(
        "Sessions", "sessions", await visit.ListAsync(visit.Reads.Models.SessionsAsync));

    private static async Task<PageAnswer> ShowAsync(Visit visit)
    {
        var id = visit.Query.RequiredId("id", isSession: true);
        var (from, until) = (visit.Query.Time("from"), visit.Query.Time("until"));
        var asOf = visit.Query.AsOf(visit.Scope);
        var (state, mark) = (StateOf(visit.Query), MarkOf(visit.Query));
        var name = await visit.Context.SessionAsync(id, visit.Context.Source());
        await visit.CatchUpAsync();
        var models = visit.Reads.Models;
        if (await models.SessionAsync(name, visit.Cancellation) is not { } session)
        {
            return PageAnswer.Wrong(SessionOfRequest.NoSession(name.Id));
        }

        var travel = visit.Reads.TimeTravel;
        long? at = asOf is { } moment ? await travel.PositionAsync(moment, visit.Cancellation) : null;
        var lanes = new PageRequest(LanesOnPage, visit.Query.Text("cursor"));
        var shown = new CallFilter
        {
            From = from, Until = until, Through = at, Tool = visit.Query.Text("tool"), State = state, Mark = mark,
        };
        var page = (await models.CallsAsync(name, shown, lanes, visit.Cancellation))!;
        var calls = page.Items.Reverse().ToList();
        var windows = await WindowsAsync(visit, session);
        var view = new SessionView(session, Waterfall.Of(calls, windows, from, until, visit.Now), calls, page.Next)
        {
            LastPosition = session.LastPosition,
            Steps = await models.PositionsAsync(calls, visit.Cancellation),
            From = from,
            Until = until,
            HasSteps = visit.Scope.Veil is null,
            OtherSources =
            [
                .. (await models.SourcesOfAsync(name.Id, visit.Cancellation)).Where(source => source != name.Source),
            ],
            Beside = await BesideAsync(visit, name, shown),
            Filter = shown,
        };
        view = await WithShapesAsync(visit, view);
        if (at is { } position)
        {
            view = await AsOfAsync(visit, view, position, windows);
        }

        return PageAnswer.Show<SessionPage>($"Session {name.Id}", "sessions", view, ["as-of", "brush"]);
    }

    /// <summary>Counts the calls that the page does not draw: of the session, of the filter, and of the time.</summary>
    private static async Task<SessionView> WithShapesAsync(Visit visit, SessionView view)
    {
        var all = new CallFilter { Through = view.Filter.Through };
        var whole = view.Filter with { From = null, Until = null };
        var ofAll = await AskAsync(all);
        var ofWhole = whole == all ? ofAll : await AskAsync(whole);
        return view with
        {
            All = ofAll, Whole = ofWhole, Inside = view.Filter == whole ? ofWhole : await AskAsync(view.Filter),
        };

        Task<SessionShape?> AskAsync(CallFilter filter) =>
            visit.Reads.Models.ShapeAsync(view.Session.Name, filter, Bars, visit.Cancellation);
    }

    private static CallState? StateOf(QueryReader query) =>
        query.Text("state") is not { } word ? null
        : Words.TryState(word, out var state) ? state
        : throw QueryReader.Refusal(
            "state", $"one of {string.Join(", ", Words.AllStates)} is expected, not \"{word}\".");

    private static string? MarkOf(QueryReader query) =>
        query.Text("mark") is not { } word || SearchKeys.Marks.Contains(word) ? query.Text("mark")
        : throw QueryReader.Refusal(
            "mark", $"one of {string.Join(", ", SearchKeys.Marks)} is expected, not \"{word}\".");

    /// <summary>The same lanes as they were.</summary>
    private static async Task<SessionView> AsOfAsync(
        Visit visit, SessionView now, long position, IReadOnlyList<WindowModel> windows)
    {
        var travel = visit.Reads.TimeTravel;
        var at = AsOf.At(position);
        var calls = await AsOfAsync(visit, now.Calls, position);
        var whole = now.Session.Messages <= FoldedWhole
            ? await travel.SessionAsync(now.Session.Name, at, visit.Cancellation)
            : null;
        var time = calls.Select(call => call.LastAt).DefaultIfEmpty(now.Session.FirstAt ?? visit.Now).Max();
        return now with
        {
            Session = whole?.Item.Session ?? now.Session,
            Chart = Waterfall.Of(calls, windows, now.From ?? now.Chart.From, now.Until ?? now.Chart.Until, time),
            Calls = calls,
            At = visit.Scope.Hide(position),
            CountsAreOfNow = whole is null,
        };
    }

    private static async Task<List<CallModel>> AsOfAsync(Visit visit, IEnumerable<CallModel> now, long position)
    {
        var calls = new List<CallModel>();
        foreach (var call in now)
        {
            if (await visit.Reads.TimeTravel.CallAsync(
                call.SessionName, call.CallId, AsOf.At(position), visit.Cancellation) is { } past)
            {
                calls.Add(past.Item.Call);
            }
        }

        return calls;
    }

    /// <summary>What linked sources report of a session of the same id, in the same time.</summary>
    private static async Task<IReadOnlyList<SessionBeside>> BesideAsync(
        Visit visit, SessionName session, CallFilter shown)
    {
        var beside = new List<SessionBeside>();
        foreach (var source in (await visit.Context.LinkedAsync(session)).Take(SourcesBeside))
        {
            var name = new SessionName(source, session.Id);
            var page = await visit.Reads.Models.CallsAsync(
                name, shown, new PageRequest(LanesBeside), visit.Cancellation);
            if (page is not null)
            {
                var calls = page.Items.Reverse().ToList();
                calls = shown.Through is { } position ? await AsOfAsync(visit, calls, position) : calls;
                beside.Add(new SessionBeside(name, calls)
                {
                    HasMore = page.Next is not null,
                });
            }
        }

        return beside;
    }

    private static async Task<IReadOnlyList<WindowModel>> WindowsAsync(Visit visit, SessionModel session)
    {
        var found = new List<WindowModel>();
        foreach (var task in session.Tasks.Names.Take(TasksWithBands))
        {
            var windows = await visit.Reads.Models.WindowsAsync(
                new WindowFilter { Task = task }, new PageRequest(20), visit.Cancellation);
            found.AddRange(windows.Items);
        }

        return found;
    }
}

public sealed record SessionView(SessionModel Session, Waterfall Chart, IReadOnlyList<CallModel> Calls, string? Next)
{
    public CallFilter Filter { get; init; } = CallFilter.All;

    /// <summary>All calls of the session; null where there is none.</summary>
    public SessionShape? All { get; init; }

    /// <summary>Those that pass the filter, whatever time is looked at.</summary>
    public SessionShape? Whole { get; init; }

    /// <summary>Those that pass it in the time that is looked at: a page shows some of them.</summary>
    public SessionShape? Inside { get; init; }

    /// <summary>The position as of which the session is shown; null for now.</summary>
    public long? At { get; init; }

    /// <summary>Counts are of now although a position was asked for: folding all would take too long.</summary>
    public bool CountsAreOfNow { get; init; }

    /// <summary>Who else reports a session of this id, which is another one.</summary>
    public IReadOnlyList<string> OtherSources { get; init; } = [];

    /// <summary>Of those the ones that are linked with the session's source.</summary>
    public IReadOnlyList<SessionBeside> Beside { get; init; } = [];

    /// <summary>The last position of the session today.</summary>
    public required long LastPosition { get; init; }

    /// <summary>Where the messages of the calls on this page lie.</summary>
    public IReadOnlyList<long> Steps { get; init; } = [];

    /// <summary>Whether positions are shown, by which one steps through the past.</summary>
    public bool HasSteps { get; init; } = true;

    public Timestamp? From { get; init; }

    public Timestamp? Until { get; init; }

    public long Shown => At ?? LastPosition;

    public long? StepBefore => !HasSteps ? null :
        Steps.Where(step => step < Shown).Select(step => (long?)step).LastOrDefault()
        ?? (Shown > Session.Id ? Shown - 1 : null);

    public long? StepAfter => !HasSteps ? null :
        Steps.Where(step => step > Shown).Select(step => (long?)step).FirstOrDefault()
        ?? (Shown < LastPosition ? Shown + 1 : null);
}

/// <summary>What a linked source reports of a session of the same id.</summary>
public sealed record SessionBeside(SessionName Name, IReadOnlyList<CallModel> Calls)
{
    public bool HasMore { get; init; }
}
