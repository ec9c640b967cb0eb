namespace Audit.Wire;

/// <summary>A tool call as it stands.</summary>
internal record CallAnswer(
    string SessionId, string Source, string ToolCallId, string? ToolName, string State, int Attempt, long Turn,
    IReadOnlyList<string> Anomalies, int Violations, int Lifted, string? TaskId, string? Agent, string? Token,
    string? Provider, string? Model, string? Command, [property: JsonPropertyName("said")] string? Remark,
    string? Decision, string? DecidedBy, string? ClaimedBy, bool? Success, string? Judgement, JudgedAnswer Judged,
    string? FirstAt, string? LastAt, string? AskedAt, string? DecidedAt, string? StartedAt, string? SettledAt,
    double? WaitedMs, double? RanMs, int Messages, long Flooded, int ReportedLate, long Position, long LastPosition,
    long Sequence, QuestionAnswer? Question)
{
    /// <summary>The call of the session in whose course it was made.</summary>
    public string? Parent { get; init; }

    /// <summary>By what more than its date and its arrival something of it is in a window.</summary>
    public IReadOnlyList<string> WindowMarks { get; init; } = [];

    /// <summary>Violations, standing or lifted, that wait for a person to review them.</summary>
    public int Unreviewed { get; init; }

    /// <summary>A person may still answer its question, whatever its host says of it.</summary>
    public bool Waiting { get; init; }

    /// <summary>Of an answer that holds more: whoever reads one sets every member by its name.</summary>
    private protected CallAnswer()
        : this(
            "", "", "", null, "", 0, 0, [], 0, 0, null, null, null, null, null, null, null, null, null, null, null,
            null, new JudgedAnswer(0, 0, 0, 0), null, null, null, null, null, null, null, null, 0, 0, 0, 0, 0, 0, null)
    {
    }
}

/// <summary>A call with its messages, now or as it was.</summary>
internal sealed record CallDetailAnswer : CallAnswer
{
    public CallDetailAnswer(CallAnswer call) : base(call) { }

    [JsonConstructor]
    internal CallDetailAnswer() { }

    /// <summary>What it comes to.</summary>
    [JsonPropertyOrder(1), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public SentenceAnswer? Sentence { get; init; }

    [JsonPropertyOrder(1)]
    public IReadOnlyList<TransitionAnswer> Transitions { get; init; } = [];

    /// <summary>The position of the past that was asked for.</summary>
    [JsonPropertyOrder(2), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public long? AsOf { get; init; }
}

/// <summary>A call that was made in a window.</summary>
internal sealed record DeedAnswer : CallAnswer
{
    public DeedAnswer(CallAnswer call) : base(call) { }

    [JsonConstructor]
    internal DeedAnswer() { }

    [JsonPropertyOrder(-2)]
    public string? At { get; init; }

    /// <summary>How its first message in the window stands to it.</summary>
    [JsonPropertyOrder(-1)]
    public string? AtJudgement { get; init; }

    /// <summary>By what more than its date and its arrival that message is in the window.</summary>
    [JsonPropertyOrder(-1)]
    public IReadOnlyList<string> AtMarks { get; init; } = [];

    /// <summary>How long after the window's end it was received; null where it was received before.</summary>
    [JsonPropertyOrder(-1), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public long? LateByMs { get; init; }
}

/// <summary>Messages or calls by how they stand to the windows of their task.</summary>
/// <param name="WindowUnproven">Dated into a window, and received after its end.</param>
/// <param name="GrantedAfter">Of those in a window: the window was approved later.</param>
/// <param name="DecidedInTime">Received after its end, and approved by the node before.</param>
/// <param name="Accepted">Received after its end, and accepted by a person.</param>
internal sealed record JudgedAnswer(
    int InWindow, int OutsideWindow, int OutOfScope, int NoTask, int WindowUnproven = 0, int GrantedAfter = 0,
    int DecidedInTime = 0, int Accepted = 0);

/// <summary>One message of a call, as it is judged.</summary>
internal sealed record TransitionAnswer(
    long Position, long Sequence, string Message, string? From, string? To, int Attempt,
    IReadOnlyList<string> Anomalies, string? Violation, bool Lifted, bool Late, bool ReportedLate, string? At,
    string? RecordedAt, string? ReceivedAt, string? Judgement, string? WindowId, string? TaskId, string? Agent,
    string? Token, [property: JsonPropertyName("said")] string? Remark, string? By, bool? Success,
    IReadOnlyList<string> WindowMarks,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] long? LateByMs = null)
    : ReviewedAnswer;

/// <summary>A page of calls, now or as they were.</summary>
internal sealed record CallPageAnswer(IReadOnlyList<CallAnswer> Items, string? Next)
{
    /// <summary>The position of the past that was asked for.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public long? AsOf { get; init; }
}

/// <summary>An approval for a session or a location that holds now.</summary>
internal sealed record ApprovalAnswer(
    string Id, string Decision, string Source, string SessionId, string? Agent, string Tool, string Kind, string? Rule,
    string? Policy, string By, string ToolCallId, string GivenAt, string Until);

/// <summary>A stop that holds now.</summary>
internal sealed record StopAnswer(
    string Id, string? Source, string? SessionId, string? Agent, string Reason, string By, string At);

/// <summary>The policy of a node.</summary>
/// <param name="Mode">none, observe or enforce.</param>
/// <param name="Meaning">What that means for who asks.</param>
/// <param name="Version">The SHA-256 of its file.</param>
/// <param name="Trouble">Why the file as it is now does not hold, and the last one goes on.</param>
/// <param name="Policy">As its file has it.</param>
internal sealed record PolicyAnswer(
    string Mode, string Meaning, string? Version, string? Trouble, JsonElement? Policy);

/// <summary>What a call, a session or a window comes to: the whole, and its parts with their proofs.</summary>
internal sealed record SentenceAnswer(string Text, IReadOnlyList<ClauseAnswer> Clauses);

/// <param name="Position">The event that says so.</param>
/// <param name="Query">What finds the calls that it counts.</param>
/// <param name="Grave">Somebody may have to answer for it.</param>
internal sealed record ClauseAnswer(
    string Text,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? At,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] long? Position,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? WindowId,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? Query,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)] bool Grave);
