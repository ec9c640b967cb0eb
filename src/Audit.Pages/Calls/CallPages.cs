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
                ? (await QuestionView.ReadAsync(journal, policies, visit, [call])).FirstOrDefault() : null,
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

    public InputValues Input { get; init; } = InputValues.None;

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

/// <summary>The rows of a call, read for one page: a call has few as a rule, and some have a thousand.</summary>
internal static class CallEvents
{
    public const int OnPage = 40;

    /// <param name="transitions">How each message is judged, by its sequence number.</param>
    /// <param name="through">The position up to which they are read.</param>
    public static async Task<(IReadOnlyList<CallStep> Steps, bool HasMore)> ReadAsync(
        IJournal journal, StreamKey stream, ReadScope scope, long after, long through,
        IReadOnlyDictionary<long, TransitionModel> transitions, CancellationToken cancellation)
    {
        var rows = await journal.ReadStreamAsync(stream, after, OnPage + 1, cancellation);
        var steps = rows.Take(OnPage).Where(row => row.Position <= through)
            .Select(row => StepOf(row, scope, transitions.GetValueOrDefault(row.Sequence))).OfType<CallStep>();
        return ([.. steps], rows.Count > OnPage);
    }

    /// <summary>What was asked for first, against what would run in the end.</summary>
    public static InputValues InputOf(IReadOnlyList<ToolAuditRecord?> records) => InputDifference.Of(
        records.Select(record => record?.RequestedInput).FirstOrDefault(IsGiven),
        records.Select(record => record?.EffectiveInput).LastOrDefault(IsGiven));

    private static bool IsGiven(JsonElement? input) => input is { ValueKind: not JsonValueKind.Null };

    /// <returns>Null for a message of another agent.</returns>
    private static CallStep? StepOf(JournalRow row, ReadScope scope, TransitionModel? transition)
    {
        var (name, view) = (EventReader.NameOf(row.Manifest), EventView.Read(row.Message));
        if (view.Text(EventField.Agent) is { } agent && !scope.SeesAgent(agent))
        {
            return null;
        }

        scope.Trace?.Add(row.Position);
        var record = view.Raw(EventField.Record);
        return new CallStep(scope.Hide(row.Position), row.Sequence, name, row.CreatedTicks)
        {
            Transition = transition,
            Record = RecordOf(record),
            Text = TextOf(name, view),
            RecordBytes = record.Length,
        };
    }

    public static ToolAuditRecord? RecordOf(ReadOnlySpan<byte> record)
    {
        try
        {
            return record.IsEmpty ? null : ToolAuditRecord.Parse(record);
        }
        catch (JsonException)
        {
            // It is shown raw; that it cannot be read is nothing to fail for.
            return null;
        }
    }

    private static IEnumerable<string> Reviewed(in EventView view) =>
        view.Numbers(EventField.Sequences).Zip(view.Texts(EventField.Verdicts), (sequence, verdict) =>
            $"message {sequence} ({verdict.Replace('_', ' ')})");

    private static string? TextOf(string name, in EventView view) => name switch
    {
        EventNames.CallRejudged =>
            $"message {view.Number(EventField.Sequence)} is judged anew: {view.Text(EventField.Reason)}",
        EventNames.CallRetimed => view.Text(EventField.Now) is { } given
            ? $"message {view.Number(EventField.Sequence)} is dated {given} by another channel, and not "
                + view.Text(EventField.Was)
            : $"message {view.Number(EventField.Sequence)} is also dated {view.Text(EventField.AlsoDated)}, which does "
                + "not count",
        EventNames.CallFlooded =>
            $"{view.Number(EventField.Count)} further messages of the kind {view.Text(EventField.FactKind)} were "
                + "counted "
            + $"and not kept, from {view.Text(EventField.First)} to {view.Text(EventField.Last)}",
        EventNames.CallConfirmed =>
            $"reported twice by {view.Text(EventField.Source)}: message {view.Number(EventField.BesideSequence)}, again "
                + $"over {view.Text(EventField.ConfirmingChannel)}",
        EventNames.CallTransitioned or EventNames.CallViolated
            when view.Number(EventField.BesideSequence) is { } other =>
            $"another channel reported it as message {other}; "
                + $"different: {string.Join(", ", view.Texts(EventField.Differing))}",
        EventNames.CallReviewed =>
            $"{view.Text(EventField.ReviewedBy)} reviewed {string.Join(", ", Reviewed(view))}"
                + (view.Text(EventField.Finding) is { } finding ? $", {finding.Replace('_', ' ')}: " : ": ")
                + view.Text(EventField.ReviewReason),
        EventNames.CallOversized => $"a message of {view.Number(EventField.Bytes)} bytes was too large to be kept",
        _ => null,
    };
}

/// <summary>One event of a call.</summary>
public sealed record CallStep(long Position, long Sequence, string Event, long CreatedTicks)
{
    public Timestamp Created => Timestamp.From(new DateTime(CreatedTicks, DateTimeKind.Utc));

    /// <summary>How its message is judged; null where it is no message.</summary>
    public TransitionModel? Transition { get; init; }

    public ToolAuditRecord? Record { get; init; }

    /// <summary>What an event says that is no message of the host, or one that another channel reports too.</summary>
    public string? Text { get; init; }

    public int RecordBytes { get; init; }
}
