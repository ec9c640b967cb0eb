namespace Audit.Client.Wire;

/// <summary>A token, without what would let anybody use it.</summary>
/// <param name="Person">Whom it stands for; `none` for a service.</param>
/// <param name="Source">As what it reports.</param>
/// <param name="Proven">False when no node of the store wrote it as it is: it opens nothing then.</param>
public sealed record TokenAnswer(
    string Name, IReadOnlyList<string> Roles, string Person, string? Source, IReadOnlyList<string> Agents,
    IReadOnlyList<string> Tasks, IReadOnlyList<string> Sources, DateTime CreatedAt, string CreatedBy,
    DateTime? ExpiresAt, DateTime? LastUsedAt, DateTime? RevokedAt, bool Proven);

/// <summary>A token that was made; its text is shown this once.</summary>
public sealed record NewTokenAnswer(
    string Name, IReadOnlyList<string> Roles, string Person, string? Source, IReadOnlyList<string> Agents,
    IReadOnlyList<string> Tasks, IReadOnlyList<string> Sources, DateTime? ExpiresAt, string Token);

/// <summary>Who reports: a group of tokens.</summary>
/// <param name="Linked">Sources of the same host, as an administrator says.</param>
public sealed record SourceAnswer(
    [property: JsonPropertyName("n")] long Number, string Name, DateTime CreatedAt, string CreatedBy,
    bool Proven, IReadOnlyList<string> Linked);

/// <summary>Two sources whose sessions are shown side by side.</summary>
/// <param name="Outcome">recorded, or duplicate where that was known.</param>
public sealed record SourceLinkAnswer(IReadOnlyList<string> Sources, string Outcome);

/// <summary>The tamper-evident log over the journal.</summary>
/// <param name="Position">The last position that is sealed.</param>
public sealed record LogAnswer(
    string Origin, string Key, long Size, string Root, long Position, string? SignedAt,
    IReadOnlyList<string> Witnesses, string? StartedAt, IReadOnlyList<RestartAnswer> Restarts, long Unproven,
    SealingAnswer Sealing, IReadOnlyList<NewKeyAnswer> NewKeys);

/// <summary>That a key of the log took the place of another.</summary>
/// <param name="Proven">Whether a quorum of the witnesses cosigned the log with it.</param>
/// <param name="Note">What both keys signed.</param>
public sealed record NewKeyAnswer(
    int Number, string OldKey, string Key, string? At, string By, string Reason, bool Proven, string Note);

/// <summary>That a log took the place of another, which every answer about it says for ever.</summary>
/// <param name="Verdict">What was found of the old log then.</param>
public sealed record RestartAnswer(
    int Number, string Origin, string? OldOrigin, string? At, string? By, string? Reason, string? Verdict,
    string? LastCheckpoint);

/// <summary>How the log does: whether what was taken is sealed.</summary>
/// <param name="UnsealedSeconds">How long the oldest row waits for its seal.</param>
/// <param name="Unproven">How many rows no node of the store can have written.</param>
public sealed record SealingHealth(
    string Status, string? Origin,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] long? Position, double UnsealedSeconds,
    long Unproven,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? Reason = null,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] long? BadPosition = null,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] long? FirstUnproven = null,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] long? ScrubbedPosition = null,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? ScrubbedAt = null,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] WitnessHealth? Witnessed = null);

/// <summary>Whether others cosigned what this node signed.</summary>
/// <param name="Size">Of the newest checkpoint that a quorum cosigned, 0 for none.</param>
/// <param name="UnwitnessedSeconds">How long what came later is without them.</param>
/// <param name="IsOverdue">Whether that is longer than --max-unwitnessed; sealing goes on all the same.</param>
public sealed record WitnessHealth(
    int Quorum, [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] long? Size,
    double UnwitnessedSeconds, bool IsOverdue, IReadOnlyList<WitnessAnswer> Witnesses);

/// <param name="Size">Of the newest checkpoint that it cosigned for this node, 0 for none.</param>
/// <param name="Problem">Why it did not cosign the last one that it was sent.</param>
public sealed record WitnessAnswer(string Name, long Size, string? At, string? Problem);

/// <summary>What a node's sealer is at, and why.</summary>
public sealed record SealingAnswer(string State, string? Reason)
{
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public long? BadPosition { get; init; }
}

/// <summary>That an event was passed over, or how a rebuild goes.</summary>
public sealed record SkippedAnswer(string Status, long Position);

/// <summary>A line of a rebuild.</summary>
public sealed record RebuildLine(
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? Status,
    long Position,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] long? End = null,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? Error = null);

/// <summary>Whether a node lives, or whether it can take records.</summary>
public sealed record HealthAnswer(
    string Status,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] PartHealth? Journal = null,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] PartHealth? Sealing = null,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] PartHealth? Projections = null,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] PartHealth? Search = null,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] PartHealth? Cluster = null)
{
    /// <summary>How the policy does: none, observe, enforce, or broken where the last one goes on.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public PartHealth? Policy { get; init; }
}

/// <summary>How a part of a node does.</summary>
public sealed record PartHealth(
    string Status,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] long? Position = null,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? Reason = null,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] long? HaltedAt = null);

/// <summary>Where a node stands and how fast it goes.</summary>
/// <param name="Failures">What failed inside without anybody's request failing, by place.</param>
public sealed record StatsAnswer(
    string Version, double UptimeSeconds, JournalStats Journal, LogStats Log, ReaderStats Projections,
    ReaderStats Search, EngineNumbers Engine,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] ClusterAnswer? Cluster,
    IReadOnlyDictionary<string, long> Receipts, long StreamsOpen, IReadOnlyDictionary<string, long> Failures)
{
    public RedactionStats? Redaction { get; init; }

    public RowKeyStats? RowKey { get; init; }

    /// <summary>Violations, standing or lifted, that wait for a person to review them.</summary>
    public long Unreviewed { get; init; }

    public PolicyStats? Policy { get; init; }
}

/// <summary>By which policy hosts are answered.</summary>
/// <param name="State">none, observe, enforce, or broken: then the last one that could be read goes on.</param>
/// <param name="Version">The SHA-256 of its file.</param>
public sealed record PolicyStats(string State, string? Version, string? Trouble);

/// <summary>The keys of the rows, without which nobody can read their content.</summary>
/// <param name="Id">Of the key that is written with.</param>
/// <param name="BackedUp">Whether `audit key backup` made a copy.</param>
public sealed record RowKeyStats(string Id, bool BackedUp);

/// <summary>What is taken out of texts before they are stored.</summary>
/// <param name="State">on, or off: then secrets are stored as they come.</param>
/// <param name="Version">The SHA-256 of the rule set.</param>
public sealed record RedactionStats(string State, string? Version, IReadOnlyList<string> Rules);

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

public sealed record EngineNumbers(
    string Kind, long Waiting, long WaitingBytes, bool IsFull, long LiveStreams, long Commits, long Rows,
    double RowsPerSecond, long Conflicts, long Failures);

/// <summary>The cluster as a node sees it.</summary>
public sealed record ClusterAnswer(string Self, string Status, string? Leader, IReadOnlyList<MemberAnswer> Members);

public sealed record MemberAnswer(string Address, string Status, bool Reachable);
