using System.Text.Json.Serialization;

namespace Audit.Client.Wire;

/// <summary>A tool call as it stands.</summary>
public record CallAnswer
{
    public required string SessionId { get; init; }

    public required string ToolCallId { get; init; }

    public string? ToolName { get; init; }

    public required string State { get; init; }

    public int Attempt { get; init; }

    public long Turn { get; init; }

    public IReadOnlyList<string> Anomalies { get; init; } = [];

    public int Violations { get; init; }

    public int Lifted { get; init; }

    public string? TaskId { get; init; }

    public string? Agent { get; init; }

    public string? Host { get; init; }

    public string? Provider { get; init; }

    public string? Model { get; init; }

    public string? Command { get; init; }

    public string? Said { get; init; }

    public string? Decision { get; init; }

    public string? DecidedBy { get; init; }

    public bool? Success { get; init; }

    public string? Judgement { get; init; }

    public JudgedAnswer Judged { get; init; } = new(0, 0, 0, 0);

    public string? FirstAt { get; init; }

    public string? LastAt { get; init; }

    public string? AskedAt { get; init; }

    public string? DecidedAt { get; init; }

    public string? StartedAt { get; init; }

    public string? SettledAt { get; init; }

    public double? WaitedMs { get; init; }

    public double? RanMs { get; init; }

    public int Messages { get; init; }

    public long Flooded { get; init; }

    public int ReportedLate { get; init; }

    public long Position { get; init; }

    public long LastPosition { get; init; }

    public long Sequence { get; init; }
}

/// <summary>A call with its messages, now or as it was.</summary>
public sealed record CallDetailAnswer : CallAnswer
{
    [JsonPropertyOrder(1)]
    public IReadOnlyList<TransitionAnswer> Transitions { get; init; } = [];

    /// <summary>The position of the past that was asked for.</summary>
    [JsonPropertyOrder(2), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public long? AsOf { get; init; }
}

/// <summary>A call that was made in a window.</summary>
public sealed record DeedAnswer : CallAnswer
{
    [JsonPropertyOrder(-2)]
    public string? At { get; init; }

    /// <summary>How its first message in the window stands to it.</summary>
    [JsonPropertyOrder(-1)]
    public string? AtJudgement { get; init; }
}

/// <summary>Messages or calls by how they stand to the windows of their task.</summary>
public sealed record JudgedAnswer(int InWindow, int OutsideWindow, int OutOfScope, int NoTask);

/// <summary>One message of a call, as it is judged.</summary>
public sealed record TransitionAnswer
{
    public long Position { get; init; }

    public long Sequence { get; init; }

    public required string Message { get; init; }

    public string? From { get; init; }

    public string? To { get; init; }

    public int Attempt { get; init; }

    public IReadOnlyList<string> Anomalies { get; init; } = [];

    public string? Violation { get; init; }

    public bool Lifted { get; init; }

    public bool Late { get; init; }

    public bool ReportedLate { get; init; }

    public string? At { get; init; }

    public string? RecordedAt { get; init; }

    public string? ReceivedAt { get; init; }

    public string? Judgement { get; init; }

    public string? WindowId { get; init; }

    public string? TaskId { get; init; }

    public string? Agent { get; init; }

    public string? Host { get; init; }

    public string? Said { get; init; }

    public string? By { get; init; }

    public bool? Success { get; init; }
}

/// <summary>A page of calls, now or as they were.</summary>
public sealed record CallPageAnswer(IReadOnlyList<CallAnswer> Items, string? Next)
{
    /// <summary>The position of the past that was asked for.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public long? AsOf { get; init; }
}

/// <summary>Where a call stands that may await a person, and once it awaits none, what was decided.</summary>
public sealed record DecisionAnswer(string State)
{
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Decision { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? By { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? OnBehalfOf { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Feedback { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public long? Position { get; init; }
}
