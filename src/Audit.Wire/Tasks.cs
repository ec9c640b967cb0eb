namespace Audit.Wire;

/// <summary>A task: how much was done in its name.</summary>
internal record TaskAnswer(
    string TaskId, IReadOnlyList<string> Agents, int WindowsCount, int CallsCount, int OpenCalls, int Violations,
    JudgedAnswer Judged, string? FirstAt, string? LastAt, long Position, long LastPosition)
{
    private protected TaskAnswer() : this("", [], 0, 0, 0, 0, new JudgedAnswer(0, 0, 0, 0), null, null, 0, 0) { }
}

/// <summary>A task with its windows and its calls, now or as it was.</summary>
internal sealed record TaskDetailAnswer : TaskAnswer
{
    public TaskDetailAnswer(TaskAnswer task) : base(task) { }

    [JsonConstructor]
    internal TaskDetailAnswer() { }

    [JsonPropertyOrder(1)]
    public IReadOnlyList<WindowAnswer> Windows { get; init; } = [];

    [JsonPropertyOrder(2)]
    public required TaskCallsAnswer Calls { get; init; }

    /// <summary>The position of the past that was asked for.</summary>
    [JsonPropertyOrder(3), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public long? AsOf { get; init; }
}

/// <summary>The calls of a task by the gravest judgement that each has.</summary>
internal sealed record TaskCallsAnswer(
    ItemPage<CallAnswer> InWindow, ItemPage<CallAnswer> OutsideWindow, ItemPage<CallAnswer> OutOfScope,
    ItemPage<CallAnswer> WindowUnproven);

/// <summary>A task window: who has access for what, from when until when, and on whose word.</summary>
internal record WindowAnswer(
    string WindowId, string State, string? TaskId, string? Agent, IReadOnlyList<string> Scope, string? Reason,
    string? OpensAt, string? ClosesAt, string? EndedAt, string? EndedBy, string? RequestedBy, string? RequestedAt,
    string? ApprovedBy, string? ApprovedAt, bool SelfGranted, bool GrantedAfter, int Violations, long Position,
    long LastPosition)
{
    /// <summary>What whoever asked for it calls it; others may use the same name.</summary>
    public string? Alias { get; init; }

    /// <summary>The source that asked for it; null where a person did, as requested_by has her.</summary>
    public string? Source { get; init; }

    /// <summary>Approved or extended by a token that one of the parties had made within a day.</summary>
    public bool MintedByParty { get; init; }

    /// <summary>Refused acts that wait for a person to review them.</summary>
    public int Unreviewed { get; init; }

    /// <summary>Globs of the sources whose calls may be in it.</summary>
    public IReadOnlyList<string> Sources { get; init; } = [];

    private protected WindowAnswer()
        : this("", "", null, null, [], null, null, null, null, null, null, null, null, null, false, false, 0, 0, 0) { }
}

/// <summary>A window with its history and what was done in it and beside it, now or as it was.</summary>
internal sealed record WindowDetailAnswer : WindowAnswer
{
    public WindowDetailAnswer(WindowAnswer window) : base(window) { }

    [JsonConstructor]
    internal WindowDetailAnswer() { }

    [JsonPropertyOrder(1), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public double? DurationSeconds { get; init; }

    [JsonPropertyOrder(2)]
    public IReadOnlyList<WindowActAnswer> History { get; init; } = [];

    [JsonPropertyOrder(3)]
    public ItemPage<DeedAnswer> Done { get; init; } = new([], null);

    [JsonPropertyOrder(4)]
    public ItemPage<CallAnswer> OutsideWindow { get; init; } = new([], null);

    [JsonPropertyOrder(5)]
    public ItemPage<CallAnswer> OutOfScope { get; init; } = new([], null);

    /// <summary>The position of the past that was asked for.</summary>
    [JsonPropertyOrder(8), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public long? AsOf { get; init; }

    /// <summary>What is dated into the window and was received after its end, by session.</summary>
    [JsonPropertyOrder(6)]
    public IReadOnlyList<LateSessionAnswer> WindowUnproven { get; init; } = [];

    /// <summary>What it comes to.</summary>
    [JsonPropertyOrder(7), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public SentenceAnswer? Sentence { get; init; }

    [JsonPropertyOrder(7)]
    public MarkedAnswer Marked { get; init; } = new(0, 0, 0, 0);
}

/// <summary>Messages that are in a window by more than their date and their arrival, or not proven to be.</summary>
internal sealed record MarkedAnswer(int WindowUnproven, int GrantedAfter, int DecidedInTime, int Accepted);

/// <summary>What a session reported after a window's end and dated into it, with what speaks for it.</summary>
/// <param name="LateByMs">How long after the end the last of it was received.</param>
/// <param name="Through">The position of the last of it, to be sent back with an acceptance.</param>
/// <param name="SeqGapless">The host numbers what it reports, and no number is missing.</param>
/// <param name="SeqBeganBefore">Numbers of the session were received before the end.</param>
internal sealed record LateSessionAnswer(
    string Source, string SessionId, int Messages, string FirstAt, string LastAt, long LateByMs,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] long? Through = null,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] bool? SeqGapless = null,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] bool? SeqBeganBefore = null)
{
    /// <summary>The calls that it is of, oldest first; the first hundred of the window.</summary>
    public IReadOnlyList<LateCallAnswer> Calls { get; init; } = [];

    /// <summary>When the book took nothing before the end, and a node started after that.</summary>
    public IReadOnlyList<PauseAnswer> NodePauses { get; init; } = [];
}

/// <summary>A call of which something was reported after a window's end and dated into it.</summary>
/// <param name="DecidedAt">When the node took a decision on it, which was not while the window was open.</param>
/// <param name="NodeAway">never, partly or throughout: such pauses between the date and the window's end.</param>
internal sealed record LateCallAnswer(
    string ToolCallId, string At, string ReceivedAt, long LateByMs,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? DecidedAt,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? NodeAway);

/// <summary>A time in which the book took nothing, and at its end a node started.</summary>
/// <param name="Stopped">It begins with a stop that a node wrote down; else with the last that the book took.</param>
internal sealed record PauseAnswer(string From, string? Until, bool Stopped);

/// <summary>What somebody did with a window.</summary>
internal sealed record WindowActAnswer(
    long Position, long Sequence, string Event, string? At, string By,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? OnBehalfOf,
    string From, string To,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? Reason = null,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? OpensAt = null,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? ClosesAt = null,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? Violation = null)
{
    /// <summary>Of a refused act: whether it waits for a person, or was reviewed.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Review { get; init; }

    /// <summary>Of a refused act: what a review of it sends back.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Verdict { get; init; }
}
