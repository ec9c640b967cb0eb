using Audit.Wire;

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
            return PageAnswer.Wrong(
                await visit.Context.ArchivedAsync(name.Id, name.Source) ?? SessionOfRequest.NoSession(name.Id));
        }

        var (last, lastAt) = (session.LastPosition, session.LastAt);
        var travel = visit.Reads.TimeTravel;
        long? at = asOf is { } moment ? await travel.PositionAsync(moment, visit.Cancellation) : null;
        var isFolded = at is not null && session.Messages <= FoldedWhole;
        var past = isFolded ? await travel.SessionAsync(name, AsOf.At(at!.Value), visit.Cancellation) : null;
        if (isFolded && past is null)
        {
            return PageAnswer.Wrong(SessionOfRequest.NoSession(name.Id));
        }

        var lanes = new PageRequest(LanesOnPage, visit.Query.Text("cursor"));
        var shown = new CallFilter
        {
            From = from, Until = until, Through = at, Tool = visit.Query.Text("tool"), State = state, Mark = mark,
        };
        // In what state the calls of a large session were, and what held of them, is known of those on the page alone.
        shown = at is not null && !isFolded ? shown with { State = null, Mark = null } : shown;
        var page = past?.Item.CallsOf(shown, lanes, visit.Scope)
            ?? (await models.CallsAsync(name, shown, lanes, visit.Cancellation))!;
        var calls = page.Items.Reverse().ToList();
        calls = at is { } position && past is null ? await AsOfAsync(visit, calls, position) : calls;
        session = past?.Item.Session ?? session;
        var windows = await WindowsAsync(visit, session, at);
        var now = at is null ? visit.Now
            : calls.Select(call => call.LastAt).DefaultIfEmpty(session.FirstAt ?? visit.Now).Max();
        // While somebody steps through the past, its end stays where today's is.
        var end = until ?? (at is null || page.Next is not null || lanes.Cursor is not null ? null : lastAt);
        var view = new SessionView(session, Waterfall.Of(calls, windows, from, end, now), calls, page.Next)
        {
            LastPosition = last,
            Steps = await models.PositionsAsync(calls, visit.Cancellation),
            From = from,
            Until = until,
            HasSteps = visit.Scope.Veil is null,
            OtherSources =
            [
                .. (await models.SourcesOfAsync(name.Id, visit.Cancellation)).Where(source => source != name.Source),
            ],
            Beside = await BesideAsync(visit, name, shown),
            Archived = await visit.Context.ArchivedBesideAsync(name),
            Filter = shown,
            At = at is null ? null : visit.Scope.Hide(at.Value),
            CountsAreOfNow = at is not null && past is null,
        };
        view = await WithShapesAsync(visit, view, past?.Item);
        return PageAnswer.Show<SessionPage>($"Session {name.Id}", "sessions", view, ["as-of", "brush"]);
    }

    /// <summary>Counts the calls that the page does not draw: of the session, of the filter, and of the time.</summary>
    private static async Task<SessionView> WithShapesAsync(Visit visit, SessionView view, PastSession? past)
    {
        if (view.CountsAreOfNow)
        {
            return view with { Inside = await AskAsync(view.Filter) };
        }

        var all = new CallFilter { Through = view.Filter.Through };
        var whole = view.Filter with { From = null, Until = null };
        var ofAll = await AskAsync(all);
        var ofWhole = whole == all ? ofAll : await AskAsync(whole);
        return view with
        {
            All = ofAll, Whole = ofWhole, Inside = view.Filter == whole ? ofWhole : await AskAsync(view.Filter),
        };

        async Task<SessionShape?> AskAsync(CallFilter filter) => past is not null ? past.ShapeOf(filter, Bars)
            : await visit.Reads.Models.ShapeAsync(view.Session.Name, filter, Bars, visit.Cancellation);
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
            var asked = shown.Through is null ? shown : shown with { State = null, Mark = null };
            var page = await visit.Reads.Models.CallsAsync(
                name, asked, new PageRequest(LanesBeside), visit.Cancellation);
            if (page is not null)
            {
                var calls = page.Items.Reverse().ToList();
                calls = shown.Through is { } position
                    ? (await AsOfAsync(visit, calls, position)).FindAll(shown.Passes) : calls;
                beside.Add(new SessionBeside(name, calls)
                {
                    HasMore = page.Next is not null,
                });
            }
        }

        return beside;
    }

    private static async Task<IReadOnlyList<WindowModel>> WindowsAsync(Visit visit, SessionModel session, long? at)
    {
        var found = new List<WindowModel>();
        foreach (var task in session.Tasks.Names.Take(TasksWithBands))
        {
            var windows = await visit.Reads.Models.WindowsAsync(
                new WindowFilter { Task = task }, new PageRequest(20), visit.Cancellation);
            found.AddRange(windows.Items);
        }

        return at is null ? found : await visit.Reads.TimeTravel.WindowsAsync(
            found.Select(window => window.WindowId), AsOf.At(at.Value), visit.Cancellation);
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

    /// <summary>Where rows of it, or of another of its id, lie that were cut; null where none were.</summary>
    public string? Archived { get; init; }

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

/// <summary>`/diff?session=`, `/diff?task=` and `/policy`: what changed between two moments.</summary>
internal sealed class DifferencePages(Differences differences, PolicyBook policies) : IPageGroup
{
    private static readonly (string Name, TimeSpan Length)[] Lengths =
    [
        ("in the last hour", TimeSpan.FromHours(1)), ("in the last day", TimeSpan.FromDays(1)),
        ("in the last week", TimeSpan.FromDays(7)),
    ];

    public void Map(PageMap pages)
    {
        pages.Get("/diff", Roles.Read, ShowAsync).Scoped(Scope.Binding);
        pages.Get("/policy", Roles.Read | Roles.Approve, ShowPolicyAsync).Scoped(Scope.Unbound);
    }

    private async Task<PageAnswer> ShowAsync(Visit visit)
    {
        var (from, until) = (visit.Query.AsOf(visit.Scope, "from"), visit.Query.AsOf(visit.Scope, "until"));
        var task = visit.Query.Id("task");
        SessionName? session = task is null
            ? await visit.Context.SessionAsync(
                visit.Query.RequiredId("session", isSession: true), visit.Context.Source()) : null;
        await visit.CatchUpAsync();
        var found = session is { } name
            ? await differences.OfAsync(visit.Reads, name, from, until, visit.Cancellation)
            : await differences.OfAsync(visit.Reads, task!, from, until, visit.Cancellation);
        if (found is null)
        {
            return PageAnswer.Wrong(session is { } none ? SessionOfRequest.NoSession(none.Id)
                : Problem.NotFound($"There is no task \"{task}\" that this token may see."));
        }

        (string, string)[] kept =
            session is { } one ? [("source", one.Source), ("session", one.Id)] : [("task", task!)];
        var view = DifferenceView.Of(found, visit) with
        {
            Back = session is { } shown ? Links.Session(shown) : Links.Task(task!), Kept = kept,
            Since =
            [
                .. Lengths.Select(length => (length.Name, Display.Exact(visit.Now.Add(-length.Length)))),
                ("from its beginning on", null),
            ],
        };
        return PageAnswer.Show<DifferencePage>(
            $"What changed in {found.Id}", session is null ? "tasks" : "sessions", view);
    }

    private async Task<PageAnswer> ShowPolicyAsync(Visit visit)
    {
        var found = await differences.OfPolicyAsync(
            visit.Query.Text("from"), visit.Query.Text("until"), visit.Cancellation);
        var versions = await differences.PoliciesAsync(visit.Cancellation);
        var view = found is null ? new DifferenceView("policy", "") : DifferenceView.Of(found, visit);
        return PageAnswer.Show<DifferencePage>("Policy", "waiting", view with
        {
            PolicyTrouble = policies.Now.Trouble,
            Versions = [.. versions.Reverse().Select(one => (one.Version[..12], one.At, one.Position))],
        });
    }
}

/// <param name="About">session, task or policy.</param>
public sealed record DifferenceView(string About, string Id)
{
    public string Back { get; init; } = "";

    /// <summary>The moments as they were asked for.</summary>
    public string? From { get; init; }

    public string? Until { get; init; }

    /// <summary>The moments that were compared, in words.</summary>
    public string Begin { get; init; } = "";

    public string End { get; init; } = "";

    /// <summary>Null where there is nothing to compare.</summary>
    public IReadOnlyList<SeenChange>? Changes { get; init; }

    public IReadOnlyDictionary<string, int> Counts { get; init; } = new Dictionary<string, int>();

    public bool IsCut { get; init; }

    /// <summary>It was not compared as far as was asked.</summary>
    public bool IsBehind { get; init; }

    /// <summary>What the form keeps.</summary>
    public IReadOnlyList<(string Name, string Value)> Kept { get; init; } = [];

    public IReadOnlyList<(string Name, string? From)> Since { get; init; } = [];

    /// <summary>Why the file of the policy does not hold.</summary>
    public string? PolicyTrouble { get; init; }

    /// <summary>Of the policy, newest first.</summary>
    public IReadOnlyList<(string Name, Timestamp? At, long? Position)> Versions { get; init; } = [];

    internal static DifferenceView Of(DifferenceAnswer found, Visit visit) => new(found.About, found.Id)
    {
        From = visit.Query.Text("from"), Until = visit.Query.Text("until"),
        Begin = Moment(found.From, "before all"), End = Moment(found.Until, "now"),
        Changes = [.. found.Changes.Select(SeenChange.Of)], Counts = found.Counts, IsCut = found.Cut,
        IsBehind = found.Behind,
    };

    private static string Moment(MomentAnswer moment, string otherwise) =>
        moment.Version is { } version ? $"version {version[..12]}"
        : moment.Position is { } position
            ? $"position {position.ToString(CultureInfo.InvariantCulture)}{(moment.At is { } at ? $" ({at})" : "")}"
        : otherwise;
}

/// <summary>A change, with the page of what it is of.</summary>
public sealed record SeenChange(string What, string Id, string? Name, string Change, string? Before, string? After)
{
    /// <summary>What people call it.</summary>
    public string Title { get; init; } = "";

    public Timestamp? At { get; init; }

    public string? Href { get; init; }

    /// <summary>Somebody may have to answer for it.</summary>
    public bool IsGrave => Change is "violation" or "mark" or "input";

    internal static SeenChange Of(ChangeAnswer change) => new(
        change.What, change.Id, change.Name, change.Change.Replace('_', ' '), change.Before, change.After)
    {
        Title = change.What == "window" ? change.Name ?? change.Id : change.Id,
        At = change.At is { } at && Rfc3339.TryParse(at, out var time) ? time : null,
        Href = change switch
        {
            { What: "call", Source: { } source, Session: { } session } =>
                Links.Call(new SessionName(source, session), change.Id),
            { What: "window" } => Links.Window(change.Id),
            { What: "session", Source: { } source } => Links.Session(new SessionName(source, change.Id)),
            _ => null,
        },
    };
}
