using System.Text.Json.Serialization;

namespace Audit.Client.Wire;

/// <summary>A task: how much was done in its name.</summary>
public record TaskAnswer
{
    public required string TaskId { get; init; }

    public IReadOnlyList<string> Agents { get; init; } = [];

    public int WindowsCount { get; init; }

    public int CallsCount { get; init; }

    public int OpenCalls { get; init; }

    public int Violations { get; init; }

    public JudgedAnswer Judged { get; init; } = new(0, 0, 0, 0);

    public string? FirstAt { get; init; }

    public string? LastAt { get; init; }

    public long Position { get; init; }

    public long LastPosition { get; init; }
}

/// <summary>A task with its windows and its calls, now or as it was.</summary>
public sealed record TaskDetailAnswer : TaskAnswer
{
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

/// <summary>A task window: who has access for what, from when until when, and who said so.</summary>
public record WindowAnswer
{
    public required string WindowId { get; init; }

    public required string State { get; init; }

    public string? TaskId { get; init; }

    public string? Agent { get; init; }

    public IReadOnlyList<string> Scope { get; init; } = [];

    public string? Reason { get; init; }

    public string? OpensAt { get; init; }

    public string? ClosesAt { get; init; }

    public string? EndedAt { get; init; }

    public string? EndedBy { get; init; }

    public string? RequestedBy { get; init; }

    public string? RequestedAt { get; init; }

    public string? ApprovedBy { get; init; }

    public string? ApprovedAt { get; init; }

    public bool SelfGranted { get; init; }

    public int Violations { get; init; }

    public long Position { get; init; }

    public long LastPosition { get; init; }
}

/// <summary>A window with its history and what was done in it and beside it, now or as it was.</summary>
public sealed record WindowDetailAnswer : WindowAnswer
{
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
public sealed record WindowActAnswer
{
    public long Position { get; init; }

    public long Sequence { get; init; }

    public required string Event { get; init; }

    public string? At { get; init; }

    public required string By { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? OnBehalfOf { get; init; }

    public required string From { get; init; }

    public required string To { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Reason { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? OpensAt { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? ClosesAt { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Violation { get; init; }
}
