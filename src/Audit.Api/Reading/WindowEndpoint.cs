namespace Audit.Api.Reading;

/// <summary>`GET /v1/windows/{window}`: a window with its history and what was done in it, now or as it was.</summary>
internal sealed class WindowEndpoint(
    IJournal journal, Questions questions, TimeProvider clock) : IEndpointGroup
{
    public void Map(IEndpointRouteBuilder routes) => routes.Get(
        ById.OfWindow(), GetAsync, Roles.Read,
        "Shows a window, its history, every command given in it, and what its agent did outside.", "",
        QueryParameter.At,
        new("limit", "At most so many commands, up to 1000."), new("cursor", "The next of the commands before."))
        .Produces<WindowDetailAnswer>().Scoped(Scope.Binding);

    private async Task<IResult> GetAsync(HttpContext context)
    {
        var (query, reads) = (context.Query(), context.Reads());
        var (asOf, page) = (query.AsOf(reads.Scope), query.Page());
        var id = await context.WindowAsync();
        var read = await WindowRead.ReadAsync(journal, id, context.RequestAborted);
        if (read.Events.Count == 0 || read.RefuseFor(context.Bearer()) is not null)
        {
            return WindowOfRequest.NoWindow(context.Id("window"));
        }

        reads.Scope.Trace?.Add(read.Events[0].Row.Position, read.Events[^1].Row.Position);
        await questions.BeginAsync(context);
        var now = Timestamp.From(clock.GetUtcNow());
        if (asOf is { } moment)
        {
            return await PastAsync(read, reads, moment, now, context.RequestAborted) is { } past
                ? Reply.Json(past)
                : Problem.NotFound($"There was no window \"{id}\" then.");
        }

        // What was done in it is not known as long as the read models do not know the window.
        var view = await reads.Models.WindowAsync(id, page, context.RequestAborted);
        var answer = Of(
            read, reads.Scope, now, view?.Done ?? new([], null), view?.Outside ?? new([], null),
            view?.OutOfScope ?? new([], null));
        return Reply.Json(view is null ? answer : answer with
        {
            WindowUnproven = [.. view.Late.Select(WireOf.Of)], Marked = WireOf.Marked(view.Marked),
            Sentence = WireOf.Of(Sentence.Of(view, now)),
        });
    }

    private async Task<WindowDetailAnswer?> PastAsync(
        WindowRead read, ScopedReads reads, AsOf moment, Timestamp now, CancellationToken cancellation)
    {
        if (await reads.TimeTravel.WindowAsync(read.Id, moment, cancellation) is not { } past)
        {
            return null;
        }

        var window = past.Item.Window;
        var task = window.Task is null ? null : await reads.TimeTravel.TaskAsync(window.Task, moment, cancellation);
        var view = new WindowView(
            window, new Page<WindowCall>(past.Item.Done, null), Beside(WindowJudgement.OutsideWindow),
            Beside(WindowJudgement.OutOfScope), past.Item.Late, past.Item.Marked);
        var then = moment.Time ?? now;
        return Of(read.At(past.Position), reads.Scope, then, view.Done, view.Outside, view.OutOfScope) with
        {
            WindowUnproven = [.. view.Late.Select(WireOf.Of)],
            Marked = WireOf.Marked(view.Marked),
            Sentence = WireOf.Of(Sentence.Of(view, then)),
            AsOf = WireOf.Position(reads.Scope, past),
        };

        Page<CallModel> Beside(WindowJudgement judgement) => new(
            [.. (task?.Item.Calls ?? []).Where(
                call => call.Judgement == judgement && call.Agent == window.Agent)], null);
    }

    private static WindowDetailAnswer Of(
        WindowRead read, ReadScope scope, Timestamp now, Page<WindowCall> done, Page<CallModel> outside,
        Page<CallModel> outOfScope)
    {
        var (window, terms) = (read.Window, read.Window.Terms);
        var answer = new WindowAnswer(
            read.Id, read.StateAt(now), terms?.TaskId, terms?.Agent, terms?.Scope ?? [], terms?.Reason,
            OpensAt: WireOf.Time(window.OpensAt ?? terms?.OpensAt),
            ClosesAt: WireOf.Time(window.ClosesAt ?? terms?.ClosesAt),
            EndedAt: WireOf.Time(window.EndedAt),
            EndedBy: Last(WindowEventKind.Revoked, WindowEventKind.Closed)?.Actor,
            window.RequestedBy, WireOf.Time(Last(WindowEventKind.Requested)?.ReceivedAt),
            window.ApprovedBy, WireOf.Time(Last(WindowEventKind.Approved)?.ReceivedAt),
            window.SelfGranted, window.GrantedAfter, window.Violations,
            scope.Hide(read.Events[0].Row.Position), scope.Hide(read.Events[^1].Row.Position))
        {
            Alias = terms?.Alias,
            Source = window.RequestedSource,
            Sources = terms?.Sources ?? [],
            MintedByParty = window.MintedByParty,
            Unreviewed = read.Unreviewed,
        };
        return new WindowDetailAnswer(answer)
        {
            DurationSeconds = terms?.Duration?.TotalSeconds,
            History = [.. read.Events.Select(one => Of(scope.Hide(one.Row.Position), one.Row, one.Happened, window))],
            Done = WireOf.Page(done, WireOf.Of),
            OutsideWindow = WireOf.Page(outside, WireOf.Of),
            OutOfScope = WireOf.Page(outOfScope, WireOf.Of),
        };

        WindowMessage? Last(params WindowEventKind[] kinds) =>
            read.Events.LastOrDefault(one => kinds.Contains(one.Happened.Kind)).Happened?.Message;
    }

    private static WindowActAnswer Of(
        long position, JournalRow row, WindowEvent happened, WindowHistory window) => new(
        position, row.Sequence, EventReader.NameOf(row.Manifest), WireOf.Time(happened.Message.ReceivedAt),
        By: happened.Message.Actor, happened.Message.Delivery.OnBehalfOf,
        From: EventWriter.WordOf(happened.From), To: EventWriter.WordOf(happened.To),
        happened.Message.Reason ?? (happened.Message as WindowMessage.Asking)?.Terms.Reason,
        OpensAt: WireOf.Time((happened as WindowEvent.Approved)?.OpensAt),
        ClosesAt: WireOf.Time(happened.ClosesAtOrAsked), (happened as WindowEvent.Violated)?.Violation)
    {
        Review = happened is not WindowEvent.Violated ? null
            : WireOf.Of(RulingLink.Find(window.Rulings, row.Sequence) is null
                ? ReviewState.Waiting : ReviewState.Reviewed),
        Verdict = window.VerdictOn(row.Sequence) is { } cause ? SeenVerdict.WordOf(cause) : null,
    };
}

/// <summary>A window folded from its stream, with the rows it was folded from.</summary>
internal sealed record WindowRead(
    string Id, WindowHistory Window, IReadOnlyList<(JournalRow Row, WindowEvent Happened)> Events)
{
    public static async Task<WindowRead> ReadAsync(IJournal journal, string id, CancellationToken cancellation)
    {
        var rows = await journal.ReadStreamAsync(
            new StreamKey(StreamNames.Window(id)), afterSequence: 0, WindowLimits.MostRead, cancellation);
        var events = rows.Where(row => row.IsProven).Select(row => (row, EventReader.ReadWindow(row))).ToList();
        var window = events.Aggregate(WindowHistory.Empty, (before, next) => WindowDecider.Evolve(before, next.Item2));
        return new WindowRead(id, window, events);
    }

    /// <summary>The window as it was at a position.</summary>
    public WindowRead At(long position)
    {
        var events = Events.Where(one => one.Row.Position <= position).ToList();
        return new WindowRead(Id, events.Aggregate(
            WindowHistory.Empty, (before, next) => WindowDecider.Evolve(before, next.Happened)), events);
    }

    /// <summary>Refused acts that nobody has reviewed.</summary>
    public int Unreviewed => Events.Count(one =>
        one.Happened is WindowEvent.Violated && RulingLink.Find(Window.Rulings, one.Row.Sequence) is null);

    public string? RefuseFor(Bearer bearer) =>
        bearer.RefuseSource(Window.RequestedSource) is { } refusal ? refusal
        : Window.Terms is { } terms ? bearer.RefuseBound(terms.Agent, terms.TaskId)
        : !bearer.IsBound ? null
        : "The token is bound to an agent or a task, and the window names none.";

    /// <summary>The state of the window, with what follows from the clock alone.</summary>
    public string StateAt(Timestamp now) => Window.State switch
    {
        WindowState.Approved when now < Window.OpensAt => "upcoming",
        WindowState.Approved => Window.IsExpiredAt(now) ? "expired" : "open",
        var state => EventWriter.WordOf(state),
    };
}
