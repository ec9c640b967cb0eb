using Audit.Lifecycle.Hashing;

namespace Audit.Pages.Calls;

/// <summary>`/call?session=&amp;call=`.</summary>
internal sealed class CallPages(IJournal journal, NodeLog log, PolicyBook policies) : IPageGroup
{
    private const int MostChildren = 25;

    public void Map(PageMap pages) => pages.Get("/call", Roles.Read, ShowAsync).Scoped(Scope.Binding);

    private async Task<PageAnswer> ShowAsync(Visit visit)
    {
        var after = visit.Query.Number("after", otherwise: 0, least: 0, most: long.MaxValue);
        var asOf = visit.Query.AsOf(visit.Scope);
        var address = await visit.Context.CallAsync();
        await visit.CatchUpAsync();
        if (await ReadAsync(visit, address, asOf) is not var (call, transitions, at))
        {
            return PageAnswer.Wrong(
                await visit.Context.ArchivedAsync(address.Session.Id, address.Session.Source, address.Call)
                ?? address.NotFound());
        }

        var bySequence = transitions.ToDictionary(message => message.Sequence);
        var (steps, hasMore) = await CallEvents.ReadAsync(
            journal, address.Stream, visit.Scope, after, at ?? long.MaxValue, bySequence, visit.Cancellation);
        var head = await log.TryHeadAsync(visit.Cancellation);
        var view = new CallPageView(call, transitions, steps)
        {
            MoreAfter = hasMore && steps.Count > 0 ? steps[^1].Sequence : null,
            At = at is { } past ? visit.Scope.Hide(past) : null,
            Sealed = visit.Scope.Veil is null ? head?.LastPosition ?? 0 : 0,
            LogKey = head?.Log.Key.ToString(),
            Recorded = visit.Recorded,
            Sentence = await visit.Reads.Models.SentenceAsync(call, transitions, visit.Cancellation),
            Children = await ChildrenAsync(visit, call, at),
            Input = CallEvents.InputOf([.. steps.Select(step => step.Record)]),
            Question = at is null && call.IsWaiting
                ? await QuestionView.ReadAsync(journal, policies, call, visit.Cancellation) : null,
        };
        return PageAnswer.Show<CallPage>($"{call.Tool ?? "Call"} {call.CallId}", "sessions", view, ["verify"]);
    }

    /// <summary>Those that had begun by a position of the past, each as it is now.</summary>
    private static async Task<Page<CallModel>> ChildrenAsync(Visit visit, CallModel call, long? at) =>
        await visit.Reads.Models.CallsAsync(
            call.SessionName, new CallFilter { Parent = call.CallId, Through = at }, new PageRequest(MostChildren),
            visit.Cancellation)
        ?? new Page<CallModel>([], null);

    private async Task<(CallModel Call, IReadOnlyList<TransitionModel> Transitions, long? At)?> ReadAsync(
        Visit visit, CallAddress address, AsOf? asOf)
    {
        if (asOf is { } moment)
        {
            var travel = visit.Reads.TimeTravel;
            return await travel.CallAsync(address.Session, address.Call, moment, visit.Cancellation) is { } past
                ? (past.Item.Call, past.Item.Transitions, past.Position)
                : null;
        }

        return await visit.Reads.Models.CallAsync(address.Session, address.Call, visit.Cancellation) is { } view
            ? (view.Call, view.Transitions, null)
            : null;
    }
}

/// <summary>`/decide/{question}`: one question with what a person decides it by, on a page for a phone.</summary>
internal sealed class DecidePages(
    IJournal journal, PolicyBook policies, Questions questions, SearchQuota quota) : IPageGroup
{
    private const int CallsAtOnce = 500, LatestDecided = 200, MostBefore = 8, MostChoices = 20;

    public void Map(PageMap pages) =>
        pages.Get("/decide/{question}", Roles.Read, ShowAsync).Scoped(Scope.Binding);

    private async Task<PageAnswer> ShowAsync(Visit visit)
    {
        var question = visit.Context.Request.RouteValues["question"]?.ToString() ?? "";
        if (!Fingerprint.TryParse(question, out _))
        {
            return NoSuch(question);
        }

        var calls = visit.Query.Text("call") is null
            ? await CallsOfAsync(visit, question) : await CallOfQueryAsync(visit);
        return calls switch
        {
            [] => NoSuch(question),
            [var call] => PageAnswer.Show<DecidePage>(
                $"Decide on {call.Tool ?? call.CallId}", "waiting", await ViewAsync(visit, call, question)),
            // The same may be asked of many calls, and each is decided on its own.
            _ => PageAnswer.Show<ProblemPage>(
                "Several calls ask this", "waiting", new ProblemView(
                    "Several calls ask this",
                    $"{Display.Count(calls.Count, "call")} wait with this question; each is decided on its own"
                        + (calls.Count > MostChoices ? $", and these are the latest {MostChoices}." : "."),
                    [.. calls.Take(MostChoices).Select(call => (call.CallId, Links.Decide(call, isOfCall: true)))]),
                status: StatusCodes.Status300MultipleChoices),
        };
    }

    private static PageAnswer NoSuch(string question) => PageAnswer.Wrong(Problem.NotFound(
        $"Nothing waits under the question \"{question}\" that this token may see, and none of the latest "
            + $"{LatestDecided} decisions was on it."));

    private static async Task<IReadOnlyList<CallModel>> CallOfQueryAsync(Visit visit)
    {
        var address = await visit.Context.CallAsync();
        await visit.CatchUpAsync();
        return await visit.Reads.Models.CallAsync(address.Session, address.Call, visit.Cancellation) is { } found
            ? [found.Call] : [];
    }

    /// <summary>The calls that wait with it; else the one that it was decided for last.</summary>
    private async Task<IReadOnlyList<CallModel>> CallsOfAsync(Visit visit, string question)
    {
        await visit.CatchUpAsync();
        var found = new List<CallModel>();
        string? cursor = null;
        do
        {
            var page = await visit.Reads.Models.WaitingCallsAsync(
                new PageRequest(CallsAtOnce, cursor), visit.Cancellation);
            found.AddRange(page.Items.Where(call => call.Question == question));
            cursor = page.Next;
        }
        while (cursor is not null);

        if (found.Count > 0)
        {
            return found;
        }

        await questions.CatchUpSearchAsync(visit.Cancellation);
        var search = visit.Reads.Search;
        var decided = await quota.AskAsync(visit.Bearer, visit.Cancellation, cancellation => search.SearchAsync(
            search.Parse("outcome:approved,blocked,invalidated"), new PageRequest(LatestDecided), visit.Scope,
            cancellation));
        return [.. decided.Items.Select(hit => hit.Call).OfType<CallModel>()
            .Where(call => call.Question == question).Take(1)];
    }

    private async Task<DecideView> ViewAsync(Visit visit, CallModel call, string question)
    {
        if (!call.IsWaiting || call.Question != question)
        {
            return new DecideView(call, null, visit.Now, visit.Recorded) { IsOfAnother = call.Question != question };
        }

        var models = visit.Reads.Models;
        var asked = await QuestionView.ReadAsync(journal, policies, call, visit.Cancellation);
        var input = CallEvents.InputOf([asked.Record]);
        if (input.Count == 0)
        {
            var (steps, _) = await CallEvents.ReadAsync(
                journal, new CallAddress(call.SessionName, call.CallId).Stream, visit.Scope, 0, long.MaxValue,
                new Dictionary<long, TransitionModel>(), visit.Cancellation);
            input = CallEvents.InputOf([.. steps.Select(step => step.Record)]);
        }

        var windows = call.Task is null ? null : await models.WindowsAsync(
            new WindowFilter { Task = call.Task, OpenAt = visit.Now }, new PageRequest(10), visit.Cancellation);
        var before = await models.CallsAsync(
            call.SessionName, new CallFilter { Tool = call.Tool }, new PageRequest(CallsAtOnce), visit.Cancellation);
        return new DecideView(call, asked, visit.Now, visit.Recorded)
        {
            Input = input,
            Windows =
            [
                .. windows?.Items.Where(window =>
                    window.StateAt(visit.Now) == "open" && window.Agent == call.Agent) ?? [],
            ],
            Before =
            [
                .. before?.Items.Where(one => one.DecidedAt is not null && one.Id != call.Id)
                    .OrderByDescending(one => one.DecidedAt).Take(MostBefore) ?? [],
            ],
        };
    }
}

/// <param name="Question">Null where nothing waits any more.</param>
public sealed record DecideView(CallModel Call, QuestionView? Question, Timestamp Now, long? Recorded)
{
    /// <summary>The call was asked something else since.</summary>
    public bool IsOfAnother { get; init; }

    public IReadOnlyList<InputValue> Input { get; init; } = [];

    /// <summary>Windows of its task that are open now for its agent.</summary>
    public IReadOnlyList<WindowModel> Windows { get; init; } = [];

    /// <summary>Calls of the same tool in the session that were decided on, the latest first.</summary>
    public IReadOnlyList<CallModel> Before { get; init; } = [];
}

public sealed record CallPageView(
    CallModel Call, IReadOnlyList<TransitionModel> Transitions, IReadOnlyList<CallStep> Steps)
{
    /// <summary>The sequence number after which the next page of events begins.</summary>
    public long? MoreAfter { get; init; }

    /// <summary>The position as of which the call is shown; null for now.</summary>
    public long? At { get; init; }

    /// <summary>The last position that is sealed: events up to it can be proven.</summary>
    public long Sealed { get; init; }

    /// <summary>The log's verifier key; null before there is a log.</summary>
    public string? LogKey { get; init; }

    public long? Recorded { get; init; }

    public required Sentence Sentence { get; init; }

    /// <summary>The question by which it waits; null where it does not, or the past is shown.</summary>
    public QuestionView? Question { get; init; }

    public IReadOnlyList<InputValue> Input { get; init; } = [];

    /// <summary>The latest calls that were made in its course.</summary>
    public Page<CallModel> Children { get; init; } = new([], null);

    /// <summary>By which all of them are found.</summary>
    public string AllChildren =>
        $"parent:{SearchQuery.Quoted(Call.CallId)} session:{SearchQuery.Quoted(Call.SessionId)} "
        + $"source:{SearchQuery.Quoted(Call.Source)}";

    public ToolAuditRecord? First => Steps.Select(step => step.Record).FirstOrDefault(record => record is not null);

    /// <summary>The last step that has a result.</summary>
    public CallStep? Result => Steps.LastOrDefault(step => step.Record?.Outcome
        is Outcome.Completed or Outcome.Cached or Outcome.Replayed or Outcome.PersistenceFailed { Result: not null });

    public IEnumerable<TransitionModel> Violations =>
        Transitions.Where(message => message.Cause != ViolationCause.None);

    /// <summary>Those that wait for a person, as many as one review takes.</summary>
    public IReadOnlyList<SeenVerdict> Unreviewed =>
    [
        .. Violations.Where(message => message.Review is { Waits: true }).Take(Review.Most)
            .Select(message => new SeenVerdict(
                message.Sequence, message.Lifted ? ViolationCause.None : message.Cause)),
    ];
}

/// <summary>The question by which a call waits, with what whoever decides has to know of it.</summary>
public sealed record QuestionView(CallModel Call)
{
    /// <summary>How many persons approve it.</summary>
    public int People { get; private init; } = 1;

    /// <summary>Of two persons the first, who approved it already.</summary>
    public string? FirstBy { get; private init; }

    /// <summary>The policy has a person asked, and not the host by itself.</summary>
    public bool IsByPolicy { get; private init; }

    /// <summary>The rule of the policy; null where its preset has it asked.</summary>
    public string? Rule { get; private init; }

    /// <summary>What the rule says to whom it asks.</summary>
    public string? Words { get; private init; }

    /// <summary>Patterns of the persons who may approve it; none where anybody may.</summary>
    public IReadOnlyList<string> Approvers { get; private init; } = [];

    /// <summary>When it ends, where nobody answers it.</summary>
    public Timestamp? EndsAt { get; private init; }

    /// <summary>The location for which it can be approved; null where it names none.</summary>
    public string? Place { get; private init; }

    /// <summary>The record that asks it.</summary>
    internal ToolAuditRecord? Record { get; private init; }

    internal static async Task<QuestionView> ReadAsync(
        IJournal journal, PolicyBook policies, CallModel call, CancellationToken cancellation)
    {
        var read = new CallRead(journal, new CallAddress(call.SessionName, call.CallId).Stream);
        await read.ReadOnAsync(cancellation);
        if (read.Question is not { } asked || asked.Question != call.Question
            || await read.RowAsync(asked.Sequence, cancellation) is not { } row)
        {
            // Something else is asked by now; the form is of what the page shows, and is refused.
            return new QuestionView(call);
        }

        var (standing, mark) = (read.History.Standing, read.QuestionMark);
        var record = EventReader.ViewOf(row).Raw(EventField.Record);
        return new QuestionView(call)
        {
            People = Math.Max(1, standing.People),
            FirstBy = standing.FirstBy,
            IsByPolicy = mark is not null,
            Rule = mark?.Rule,
            Words = mark is null ? null : policies.Now.WordsOf(mark),
            Approvers = mark?.Approvers?.Split('\n') ?? [],
            EndsAt = standing.EndsAt,
            Place = mark?.Location is null ? null : PlaceIn(record) ?? "the place that was asked for",
            Record = CallEvents.RecordOf(record),
        };
    }

    /// <returns>Null where it was cut, redacted or erased.</returns>
    private static string? PlaceIn(ReadOnlySpan<byte> record) =>
        InputDifference.Read(record) is { } json && json.TryGetProperty("outcome", out var outcome)
            && outcome.TryGetProperty("location", out var place) && place.ValueKind == JsonValueKind.String
                ? place.GetString() : null;
}
