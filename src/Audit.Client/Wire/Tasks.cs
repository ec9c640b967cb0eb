namespace Audit.Client.Wire;

/// <summary>A task: how much was done in its name.</summary>
public record TaskAnswer(
    string TaskId, IReadOnlyList<string> Agents, int WindowsCount, int CallsCount, int OpenCalls, int Violations,
    JudgedAnswer Judged, string? FirstAt, string? LastAt, long Position, long LastPosition)
{
    private protected TaskAnswer() : this("", [], 0, 0, 0, 0, new JudgedAnswer(0, 0, 0, 0), null, null, 0, 0) { }
}

/// <summary>A task with its windows and its calls, now or as it was.</summary>
public sealed record TaskDetailAnswer : TaskAnswer
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
public sealed record TaskCallsAnswer(
    ItemPage<CallAnswer> InWindow, ItemPage<CallAnswer> OutsideWindow, ItemPage<CallAnswer> OutOfScope);

/// <summary>A task window: who has access for what, from when until when, and on whose word.</summary>
public record WindowAnswer(
    string WindowId, string State, string? TaskId, string? Agent, IReadOnlyList<string> Scope, string? Reason,
    string? OpensAt, string? ClosesAt, string? EndedAt, string? EndedBy, string? RequestedBy, string? RequestedAt,
    string? ApprovedBy, string? ApprovedAt, bool SelfGranted, bool GrantedAfter, int Violations, long Position,
    long LastPosition)
{
    private protected WindowAnswer()
        : this("", "", null, null, [], null, null, null, null, null, null, null, null, null, false, false, 0, 0, 0) { }
}

/// <summary>A window with its history and what was done in it and beside it, now or as it was.</summary>
public sealed record WindowDetailAnswer : WindowAnswer
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
    [JsonPropertyOrder(6), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public long? AsOf { get; init; }
}

/// <summary>What somebody did with a window.</summary>
public sealed record WindowActAnswer(
    long Position, long Sequence, string Event, string? At, string By,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? OnBehalfOf,
    string From, string To,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? Reason = null,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? OpensAt = null,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? ClosesAt = null,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? Violation = null);
