namespace Audit.Formats.Export;

/// <summary>
/// An event of the book as an export sees it: what it says of itself, and nothing where it says nothing.
/// </summary>
/// <param name="view">Empty for a row that is none of ours.</param>
public sealed class BookEvent(long position, string stream, long sequence, in EventView view)
{
    private static readonly JsonDocumentOptions Depth = new() { MaxDepth = EventView.MaxDepth };

    private readonly EventView view = view;

    public long Position => position;

    public string Stream => stream;

    public long Sequence => sequence;

    public string? Name => Text(EventField.Event);

    public string? ReceivedAt => Text(EventField.ReceivedAt);

    /// <summary>When it happened, as the host has it.</summary>
    public string? HappenedAt => 
        Text(EventField.RecordedAt) ?? Text(EventField.FactRecordedAt) ?? Text(EventField.At);

    public string? Token => Text(EventField.Token);

    public string? OnBehalfOf => Text(EventField.OnBehalfOf);

    public string? Agent => Text(EventField.Agent) ?? Text(EventField.TermsAgent);

    public string? TaskId => Text(EventField.TaskId) ?? Text(EventField.TermsTask);

    public string? SessionId => Text(EventField.SessionId);

    public string? WindowId => Text(EventField.WindowId);

    public string? ToolCallId => Text(EventField.RecordedCall) ?? Text(EventField.ToolCallId);

    public string? Tool => Text(EventField.ToolName);

    public string? DisplayName => Text(EventField.DisplayName);

    /// <summary>
    /// The message came after others that it precedes, so that its state is not the one the call is in.
    /// </summary>
    public bool IsLate => view.Flag(EventField.Late) == true;

    /// <summary>What a confirmation was asked for, in the host's words.</summary>
    public string? Description => Text(EventField.Description);

    /// <summary>
    /// What the message says: the outcome of a record, the type of a note, the verb of a window, an operator's act.
    /// </summary>
    public string? Kind =>
        Text(EventField.Kind) ?? Text(EventField.Type) ?? Text(EventField.Verb) ?? Text(EventField.Act);

    public string? From => Text(IsJudgedAnew ? EventField.NowFrom : EventField.From);

    public string? To => Text(IsJudgedAnew ? EventField.NowTo : EventField.To);

    public long? Attempt => Count(IsJudgedAnew ? EventField.NowAttempt : EventField.Attempt);

    public IEnumerable<string> Anomalies => view.Texts(IsJudgedAnew ? EventField.NowAnomalies : EventField.Anomalies);

    /// <summary>Why, in words: the law's reason where it refused, else the message's own.</summary>
    public string? Reason =>
        Text(EventField.Violation) ?? Text(EventField.Reason) ?? Text(EventField.OutcomeReason)
            ?? Description ?? Text(EventField.Error);

    public string? Decision => Text(EventField.Decision);

    public string? DecisionSource => Text(EventField.DecisionSource);

    public string? Source => Text(EventField.Source);

    /// <summary>Who it was as the node knows it; what the host of a call says is <see cref="ClaimedBy"/>.</summary>
    public string? By => IsClaim ? null : Text(EventField.By) ?? (IsMadeByNode ? Token : null);

    /// <summary>Who it was as the host of the call has it.</summary>
    public string? ClaimedBy => IsClaim ? Text(EventField.By) : null;

    public bool IsMadeByNode => view.Flag(EventField.MadeByNode) == true;

    /// <summary>The keyed hash of what is asked, where it asks.</summary>
    public string? Question => Text(EventField.Question);

    public bool? Success => view.Flag(EventField.Success);

    public long? DurationMs => Count(EventField.DurationMs);

    public JsonElement? Input => Value(EventField.EffectiveInput) ?? Value(EventField.RequestedInput);

    public string? Output => Text(EventField.Output);

    public string? MessageId => Text(EventField.MessageId);

    public string? DerivedId => Text(EventField.DerivedId);

    public JsonElement? Detail => Value(EventField.Detail) ?? Value(EventField.Terms);

    public string? OpensAt => Text(EventField.OpensAt);

    public string? ClosesAt => Text(EventField.ClosesAt);

    /// <summary>Globs of the sources whose calls may be in a window; none for any.</summary>
    public IReadOnlyList<string> WindowSources => [.. view.Texts(EventField.TermsSources)];

    /// <summary>Globs of the tools that a window is for.</summary>
    public IReadOnlyList<string> WindowScope => [.. view.Texts(EventField.Scope)];

    /// <summary>What a person lets count as done in a window, though it was reported late.</summary>
    public ((string Source, string Id) Session, Timestamp From, Timestamp Until, long Through)? Accepted =>
        Text(EventField.AcceptedSession) is { } session && view.Time(EventField.AcceptedFrom) is { } from
        && view.Time(EventField.AcceptedUntil) is { } until
            ? ((Text(EventField.AcceptedSource) ?? "", session), from, until,
                Count(EventField.AcceptedThrough) ?? long.MaxValue)
            : null;

    /// <summary>The call in whose course it was made.</summary>
    public string? Parent => Text(EventField.Parent);

    private bool IsClaim => !IsMadeByNode && Name is "call.transitioned" or "call.violated";

    private bool IsJudgedAnew => view.IsObject(EventField.Now);

    private string? Text(EventField field) => view.Text(field) is { Length: > 0 } text ? text : null;

    private long? Count(EventField field) => view.Number(field) is >= 0 and var count ? count : null;

    private JsonElement? Value(EventField field) =>
        view.Raw(field) is [not (byte)'n', ..] raw ? JsonElement.Parse(raw, Depth) : null;
}

/// <summary>Writes the book, or a part of it, in another form, event by event in the order of the journal.</summary>
public interface IBookWriter
{
    void Begin(IBufferWriter<byte> to);

    void Write(BookEvent row, IBufferWriter<byte> to);

    void End(IBufferWriter<byte> to);

    /// <summary>Says in the place of the end that there is more, which could not be read.</summary>
    /// <param name="after">The last position that was.</param>
    void Stop(long after, string why, IBufferWriter<byte> to);
}
