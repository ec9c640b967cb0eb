using System.Text.Json.Serialization;

namespace Audit.Client.Wire;

/// <summary>A session: its calls by state, who took part, and whether it was reported whole.</summary>
public sealed record SessionAnswer
{
    public required string SessionId { get; init; }

    public int Calls { get; init; }

    /// <summary>Only the states that there are.</summary>
    public IReadOnlyDictionary<string, int> States { get; init; } = new Dictionary<string, int>();

    public int OpenCalls { get; init; }

    public int Violations { get; init; }

    public int Lifted { get; init; }

    public int Messages { get; init; }

    public int Notes { get; init; }

    public IReadOnlyList<string> Anomalies { get; init; } = [];

    public IReadOnlyList<string> Agents { get; init; } = [];

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public bool MoreAgents { get; init; }

    public IReadOnlyList<string> Tasks { get; init; } = [];

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public bool MoreTasks { get; init; }

    public IReadOnlyList<string> Hosts { get; init; } = [];

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public bool MoreHosts { get; init; }

    public JudgedAnswer Judged { get; init; } = new(0, 0, 0, 0);

    public string? FirstAt { get; init; }

    public string? LastAt { get; init; }

    public string? StartedAt { get; init; }

    public string? EndedAt { get; init; }

    public long Position { get; init; }

    public long LastPosition { get; init; }

    public CompletenessAnswer? Completeness { get; init; }

    /// <summary>The position of the past that was asked for.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public long? AsOf { get; init; }
}

/// <summary>Whether all that a host numbered came.</summary>
public sealed record CompletenessAnswer(
    bool Complete, long MissingMessages, IReadOnlyList<GapAnswer> Gaps, int OpenAfterEnd, int ReportedLate);

/// <summary>Numbers of a host that never came.</summary>
public sealed record GapAnswer(string Host, long From, long To);

/// <summary>A message or an act that was refused.</summary>
public sealed record ViolationAnswer
{
    public long Position { get; init; }

    public string? SessionId { get; init; }

    public string? ToolCallId { get; init; }

    public string? WindowId { get; init; }

    public string? ToolName { get; init; }

    public string? Message { get; init; }

    public string? From { get; init; }

    public string? Cause { get; init; }

    public string? Reason { get; init; }

    public string? At { get; init; }

    public string? ReceivedAt { get; init; }

    public string? Host { get; init; }

    public string? TaskId { get; init; }

    public string? Agent { get; init; }

    public bool Lifted { get; init; }

    /// <summary>The position of the message that shows that it was none.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public long? LiftedBy { get; init; }
}
