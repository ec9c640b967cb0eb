namespace Audit.Pages.Calls;

/// <summary>`/call?session=&amp;call=`.</summary>
internal sealed class CallPages(IJournal journal, NodeLog log) : IPageGroup
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
            Input = InputDifference.Of(
                steps.Select(step => step.Record?.RequestedInput).FirstOrDefault(IsGiven),
                steps.Select(step => step.Record?.EffectiveInput).LastOrDefault(IsGiven)),
        };
        return PageAnswer.Show<CallPage>($"{call.Tool ?? "Call"} {call.CallId}", "sessions", view, ["verify"]);
    }

    /// <summary>Those that had begun by a position of the past, each as it is now.</summary>
    private static async Task<Page<CallModel>> ChildrenAsync(Visit visit, CallModel call, long? at) =>
        await visit.Reads.Models.CallsAsync(
            call.SessionName, new CallFilter { Parent = call.CallId, Through = at }, new PageRequest(MostChildren),
            visit.Cancellation)
        ?? new Page<CallModel>([], null);

    private static bool IsGiven(JsonElement? input) => input is { ValueKind: not JsonValueKind.Null };

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
