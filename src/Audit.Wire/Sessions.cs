namespace Audit.Wire;

/// <summary>A session: its calls by state, who took part, and whether it was reported whole.</summary>
/// <param name="Source">Whose session it is.</param>
/// <param name="ReportedBy">The tokens of the source that wrote into it.</param>
/// <param name="States">Only the states that there are.</param>
/// <param name="AsOf">The position of the past that was asked for.</param>
internal sealed record SessionAnswer(
    string SessionId, string Source, int Calls, IReadOnlyDictionary<string, int> States, int OpenCalls,
    int Violations, int Lifted, int Messages, int Notes, IReadOnlyList<string> Anomalies, IReadOnlyList<string> Agents,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)] bool MoreAgents,
    IReadOnlyList<string> Tasks,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)] bool MoreTasks,
    IReadOnlyList<string> ReportedBy,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)] bool MoreReportedBy,
    JudgedAnswer Judged, string? FirstAt, string? LastAt, string? StartedAt, string? EndedAt, long Position,
    long LastPosition, CompletenessAnswer? Completeness,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] long? AsOf = null)
{
    /// <summary>Linked sources that report a session of this id; of one session asked for, and not of a list.</summary>
    [JsonPropertyOrder(1), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<string>? Linked { get; init; }

    /// <summary>What it comes to; of one session asked for, and not of a list.</summary>
    [JsonPropertyOrder(1), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public SentenceAnswer? Sentence { get; init; }

    /// <summary>Completed calls whose result says that they failed.</summary>
    [JsonPropertyOrder(1)]
    public int Failed { get; init; }
}

/// <summary>Whether all that a host numbered came.</summary>
internal sealed record CompletenessAnswer(
    bool Complete, long MissingMessages, IReadOnlyList<GapAnswer> Gaps, int OpenAfterEnd, int ReportedLate);

/// <summary>Numbers of a token that never came.</summary>
internal sealed record GapAnswer(string Token, long From, long To);

/// <summary>Where what was refused stands with those who review it.</summary>
internal abstract record ReviewedAnswer
{
    /// <summary>waiting, explained, reviewed or reopened; missing for what nobody reviews.</summary>
    [JsonPropertyOrder(1), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Review { get; init; }

    [JsonPropertyOrder(1), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? ReviewedBy { get; init; }

    [JsonPropertyOrder(1), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? ReviewedAt { get; init; }

    [JsonPropertyOrder(1), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? ReviewReason { get; init; }

    /// <summary>For how many seconds it stood before it was lifted.</summary>
    [JsonPropertyOrder(1), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public double? LiftedAfter { get; init; }
}

/// <summary>A message or an act that was refused.</summary>
/// <param name="Sequence">Of the message in its call, or of the act on its window.</param>
/// <param name="Verdict">What a review of it sends back: its cause, or "lifted".</param>
/// <param name="LiftedBy">The position of the message that shows that it was none.</param>
internal sealed record ViolationAnswer(
    long Position, string? SessionId, string? Source, string? ToolCallId, string? WindowId, string? ToolName, string? Message,
    string? From, string? Cause, string? Reason, string? At, string? ReceivedAt, string? Token, string? TaskId,
    string? Agent, bool Lifted,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] long? LiftedBy = null,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] long? Sequence = null,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? Verdict = null)
    : ReviewedAnswer;
