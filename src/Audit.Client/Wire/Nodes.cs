using System.Text.Json.Serialization;

namespace Audit.Client.Wire;

/// <summary>A token, without what would let anybody use it.</summary>
public sealed record TokenAnswer(string Name, IReadOnlyList<string> Roles, string? Agent, string? Task)
{
    public DateTime CreatedAt { get; init; }

    public DateTime? RevokedAt { get; init; }
}

/// <summary>A token that was made; its text is shown this once.</summary>
public sealed record NewTokenAnswer(
    string Name, IReadOnlyList<string> Roles, string? Agent, string? Task, string Token);

/// <summary>The tamper-evident log over the journal.</summary>
public sealed record LogAnswer
{
    public required string Origin { get; init; }

    public required string Key { get; init; }

    public long Size { get; init; }

    public required string Root { get; init; }

    /// <summary>The last position that is sealed.</summary>
    public long Position { get; init; }

    public string? SignedAt { get; init; }

    public IReadOnlyList<string> Witnesses { get; init; } = [];

    public string? StartedAt { get; init; }

    public string? StartedBecause { get; init; }

    public string? PreviousCheckpoint { get; init; }

    public required SealingAnswer Sealing { get; init; }
}

/// <summary>What a node's sealer is at, and why.</summary>
public sealed record SealingAnswer(string State, string? Reason)
{
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public long? BadPosition { get; init; }
}

/// <summary>That an event was passed over, or how a rebuild goes.</summary>
public sealed record SkippedAnswer(string Status, long Position);

/// <summary>A line of a rebuild.</summary>
public sealed record RebuildLine
{
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Status { get; init; }

    public long Position { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public long? End { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Error { get; init; }
}

/// <summary>Whether a node lives, or whether it can take records.</summary>
public sealed record HealthAnswer(string Status)
{
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public PartHealth? Journal { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public PartHealth? Log { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public PartHealth? Projections { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public PartHealth? Cluster { get; init; }
}

/// <summary>How a part of a node does.</summary>
public sealed record PartHealth(string Status)
{
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public long? Position { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Reason { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public long? HaltedAt { get; init; }
}

/// <summary>Where a node stands and how fast it goes.</summary>
public sealed record StatsAnswer
{
    public required string Version { get; init; }

    public double UptimeSeconds { get; init; }

    public required JournalStats Journal { get; init; }

    public required LogStats Log { get; init; }

    public required ReaderStats Projections { get; init; }

    public required ReaderStats Search { get; init; }

    public required EngineNumbers Engine { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public ClusterAnswer? Cluster { get; init; }

    public required IReadOnlyDictionary<string, long> Receipts { get; init; }

    public long StreamsOpen { get; init; }

    /// <summary>What failed inside without anybody's request failing, by place.</summary>
    public required IReadOnlyDictionary<string, long> Failures { get; init; }
}

public sealed record JournalStats(string Store, long Position);

public sealed record LogStats(string? Origin, long Size, long Position, SealingAnswer Sealing);

/// <summary>How far the read models or the text index are.</summary>
public sealed record ReaderStats(string State, long Position, double LagMs, string? Sentence)
{
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public long? HaltedAt { get; init; }

    /// <summary>Events that the text index could not read.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public long? Unread { get; init; }
}

public sealed record EngineNumbers
{
    public required string Kind { get; init; }

    public long Waiting { get; init; }

    public long WaitingBytes { get; init; }

    public bool IsFull { get; init; }

    public long LiveStreams { get; init; }

    public long Commits { get; init; }

    public long Rows { get; init; }

    public double RowsPerSecond { get; init; }

    public long Conflicts { get; init; }

    public long Failures { get; init; }
}

/// <summary>The cluster as a node sees it.</summary>
public sealed record ClusterAnswer(string Self, string Status, string? Leader, IReadOnlyList<MemberAnswer> Members);

public sealed record MemberAnswer(string Address, string Status, bool Reachable);
