namespace Audit.Projections.Models;

/// <summary>A tool call, folded from its stream.</summary>
public sealed record CallModel
{
    /// <summary>The position of its first event.</summary>
    public required long Id { get; init; }

    /// <summary>The <see cref="SessionModel.Id"/> of its session.</summary>
    public required long Session { get; init; }

    public required string SessionId { get; init; }

    public required string Source { get; init; }

    [JsonIgnore]
    public SessionName SessionName => new(Source, SessionId);

    public required string CallId { get; init; }

    /// <summary>The call in whose course it was made.</summary>
    public string? Parent { get; init; }

    public CallState State { get; init; }

    public int Attempt { get; init; }

    public long Turn { get; init; }

    /// <summary>What any of its messages has, as all of them are judged now.</summary>
    public Anomalies Anomalies { get; init; }

    /// <summary>Standing violations.</summary>
    public int Violations { get; init; }

    public int Lifted { get; init; }

    /// <summary>Violations, standing or lifted, that wait for somebody to review them.</summary>
    public int Unreviewed { get; init; }

    /// <summary>Messages that are written down, violations included.</summary>
    public int Messages { get; init; }

    /// <summary>A secret was taken out of one of its messages.</summary>
    public bool Redacted { get; init; }

    /// <summary>Messages that were only counted.</summary>
    public long Flooded { get; init; }

    public string? Tool { get; init; }

    public string? Task { get; init; }

    /// <summary>The first task that any message named, by arrival.</summary>
    public string? NamedTask { get; init; }

    public string? Agent { get; init; }

    public string? Token { get; init; }

    public string? Provider { get; init; }

    public string? Model { get; init; }

    /// <summary>What was asked of the tool, in one short line: by the question that stands, where one does.</summary>
    public string? Command { get; init; }

    /// <summary>The last description, reason or error.</summary>
    [JsonPropertyName("said")]
    public string? Remark { get; init; }

    public string? Decision { get; init; }

    /// <summary>Who approved or refused it through the node.</summary>
    public string? DecidedBy { get; init; }

    /// <summary>Who did, as the host reports it.</summary>
    public string? ClaimedBy { get; init; }

    /// <summary>The sequence number of the question that stands in this attempt; 0 where there is none.</summary>
    public long Asked { get; init; }

    /// <summary>What a decision on that question covers, as a keyed hash.</summary>
    public string? Question { get; init; }

    /// <summary>Whose approval stands.</summary>
    public Approval Approval { get; init; }

    /// <summary>When the node took the last decision on the question that stands.</summary>
    public Timestamp? NodeDecidedAt { get; init; }

    /// <summary>
    /// When the question that the node asks ends; once the node approved it, until when the tool may begin.
    /// </summary>
    public Timestamp? EndsAt { get; init; }

    /// <summary>Whose agent asks the question, where that is another than the call began with.</summary>
    public string? AskedAgent { get; init; }

    /// <summary>For which task it is asked, where that is another than the call began with.</summary>
    public string? AskedTask { get; init; }

    /// <summary>How many persons approve the question that stands, where it is more than one.</summary>
    public int People { get; init; }

    /// <summary>Of two persons the first, who approved it already.</summary>
    public string? FirstBy { get; init; }

    /// <summary>A person approved her own question.</summary>
    public bool SelfApproved { get; init; }

    /// <summary>The rules by which it was asked or answered last, and by which it would have been.</summary>
    public string? Rules { get; init; }

    /// <summary>What is not kept of the question that stands; null where all of it is.</summary>
    public string? NotSeenWhole { get; init; }

    /// <summary>
    /// The gravest decision of the node on any question of the call, also where something else was asked since; null
    /// where there is none, or a policy let pass what stands.
    /// </summary>
    public NodeDecision? Gravest { get; init; }

    /// <summary>What the node decided of the call; null where all is by its host's word.</summary>
    [JsonIgnore]
    public NodeDecision? NodeDecision => Gravest ?? (Approval == Approval.ByNode && NodeDecidedAt is { } at
        ? new NodeDecision { By = DecidedBy, Decision = Decision, At = at, Command = Command }
        : null);

    /// <summary>Of the last result.</summary>
    public bool? Success { get; init; }

    /// <summary>It was completed, and its result says that it failed: a state of its own to whoever looks.</summary>
    [JsonIgnore]
    public bool IsFailed => Success == false && State == CallState.Completed;

    /// <summary>A message of it says that another input was executed than was asked for.</summary>
    public bool Altered { get; init; }

    public Timestamp FirstAt { get; init; }

    public Timestamp LastAt { get; init; }

    public Timestamp? AskedAt { get; init; }

    public Timestamp? DecidedAt { get; init; }

    public Timestamp? StartedAt { get; init; }

    public Timestamp? SettledAt { get; init; }

    /// <summary>As the last result reports it.</summary>
    public long? DurationMs { get; init; }

    /// <summary>Its messages by judgement.</summary>
    public JudgementCounts Judged { get; init; }

    public int ReportedLate { get; init; }

    public CallOrder Order { get; init; }

    public long LastPosition { get; init; }

    /// <summary>The last event of its stream that is known.</summary>
    public long Sequence { get; init; }

    /// <inheritdoc cref="Standing.Waits"/>
    [JsonIgnore]
    public bool IsWaiting => Standing.Waits(State, Asked, Approval, EndsAt);

    [JsonIgnore]
    public bool IsOpen => State.IsOpen();

    /// <summary>The gravest judgement of its messages.</summary>
    [JsonIgnore]
    public WindowJudgement Judgement => Judged.Worst();

    /// <summary>How long it waited for a decision.</summary>
    [JsonIgnore]
    public TimeSpan? Waited => Between(AskedAt, DecidedAt);

    /// <summary>How long it ran.</summary>
    [JsonIgnore]
    public TimeSpan? Ran =>
        DurationMs is >= 0 and var reported && reported <= TimeSpan.MaxValue.TotalMilliseconds / 2
            ? TimeSpan.FromMilliseconds(reported)
            : Between(StartedAt, SettledAt);

    private static TimeSpan? Between(Timestamp? from, Timestamp? until) =>
        from is { } begin && until is { } end && end >= begin ? TimeSpan.FromTicks(end.Ticks - begin.Ticks) : null;
}

/// <summary>A decision on a call that a person made through the node, or the node by itself.</summary>
public sealed record NodeDecision
{
    public bool IsRefusal { get; init; }

    /// <summary>Else it is by a policy, or by a stop.</summary>
    public bool IsByPerson { get; init; }

    public string? By { get; init; }

    public string? Decision { get; init; }

    public Timestamp At { get; init; }

    /// <summary>What was asked of the tool then.</summary>
    public string? Command { get; init; }

    /// <summary>A person's refusal weighs most, so that nothing that a host has decided pushes it away.</summary>
    [JsonIgnore]
    public long Weight => (IsRefusal ? 2 : 0) + (IsByPerson ? 1 : 0);
}

/// <summary>
/// Whether the order of arrival is the order of the history, which is when a call can be followed message by message.
/// </summary>
public enum CallOrder : byte
{
    /// <summary>Nothing has been judged yet.</summary>
    Unjudged,

    /// <summary>In order, and the host numbers every message.</summary>
    Numbered,

    /// <summary>In order, by times.</summary>
    Timed,

    /// <summary>
    /// The history is another order than that of arrival: the stream is judged anew with each message.
    /// </summary>
    Scattered,
}

/// <summary>
/// One message of a call: what it did, as it is judged now, and how it stands to the windows of its task.
/// </summary>
/// <param name="Call">The <see cref="CallModel.Id"/> of its call.</param>
/// <param name="Cause">What makes it a violation, or made it one until that was lifted.</param>
/// <param name="Lifted">It was a violation, and a later message shows that it was none.</param>
/// <param name="At">When it happened, by which it is judged against windows.</param>
/// <param name="Review">Of what is or was a violation.</param>
/// <param name="Window">The window that let it be done, or that was open and did not.</param>
/// <param name="LateByMs">How long after the window's end it was received.</param>
/// <param name="DecidedAt">When the node took the approval that it goes by.</param>
public sealed record TransitionModel(
    long Call, long Sequence, long Position, MessageKind Message = default, CallState From = default,
    CallState To = default, int Attempt = 0, Anomalies Anomalies = default, ViolationCause Cause = default,
    bool Lifted = false, bool Late = false, bool ReportedLate = false, bool Oversized = false,
    bool MadeByNode = false, bool TimeInferred = false, Timestamp At = default, Timestamp RecordedAt = default,
    Timestamp ReceivedAt = default, WindowJudgement Judgement = default, string? Window = null, string? Task = null,
    string? Agent = null, string? Tool = null, string Token = "",
    [property: JsonPropertyName("said")] string? Remark = null,
    string? By = null, bool? Success = null, long? DurationMs = null, WindowMarks Marks = default, long LateByMs = 0,
    Timestamp? DecidedAt = null, string Source = "", ReviewModel? Review = null)
{
    /// <summary>The bit of a message that is not known to be in its window.</summary>
    internal const long UnprovenBit = 1 << 7;

    /// <summary>By what more than its date and its arrival it is in its window; null for most.</summary>
    [JsonIgnore]
    internal long? MarkBits =>
        Judgement == WindowJudgement.WindowUnproven ? UnprovenBit : Marks == WindowMarks.None ? null : (long)Marks;

    /// <summary>A row is read by its members: by the parameters each value would be boxed.</summary>
    [JsonConstructor]
    private TransitionModel()
        : this(0, 0, 0)
    {
    }
}
