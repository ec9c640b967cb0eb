namespace Audit.Wire;

/// <summary>A token, without what would let anybody use it.</summary>
/// <param name="Person">Whom it stands for; `none` for a service.</param>
/// <param name="Source">As what it reports.</param>
/// <param name="Proven">False when no node of the store wrote it as it is: it opens nothing then.</param>
internal sealed record TokenAnswer(
    string Name, IReadOnlyList<string> Roles, string Person, string? Source, IReadOnlyList<string> Agents,
    IReadOnlyList<string> Tasks, IReadOnlyList<string> Sources, DateTime CreatedAt, string CreatedBy,
    DateTime? ExpiresAt, DateTime? LastUsedAt, DateTime? RevokedAt, bool Proven);

/// <summary>A token that was made; its text is shown this once.</summary>
internal sealed record NewTokenAnswer(
    string Name, IReadOnlyList<string> Roles, string Person, string? Source, IReadOnlyList<string> Agents,
    IReadOnlyList<string> Tasks, IReadOnlyList<string> Sources, DateTime? ExpiresAt, string Token);

/// <summary>Who reports: a group of tokens.</summary>
/// <param name="Linked">Sources of the same host, as an administrator says.</param>
internal sealed record SourceAnswer(
    [property: JsonPropertyName("n")] long Number, string Name, DateTime CreatedAt, string CreatedBy,
    bool Proven, IReadOnlyList<string> Linked);

/// <summary>Two sources whose sessions are shown side by side.</summary>
/// <param name="Outcome">recorded, or duplicate where that was known.</param>
internal sealed record SourceLinkAnswer(IReadOnlyList<string> Sources, string Outcome);

/// <summary>A hold or an erasure.</summary>
/// <param name="Match">Where in the inputs an erasure looked; for what is kept nowhere.</param>
/// <param name="Count">How many calls it found, which are those that it erases.</param>
/// <param name="Digest">Of the list of these, which the second person confirms.</param>
/// <param name="SecondBy">Who confirmed the erasure, or asked that the hold be lifted.</param>
/// <param name="Pending">Backups of keys that could not be rewritten.</param>
/// <param name="HeldUp">Why it is due and not carried out; of a hold, what was erased before it.</param>
internal sealed record KeepingAnswer(
    string Id, string? Source, string? SessionId, string? ToolCallId, string? Agent, string? Task, string? Before,
    string? Match, int? Count, string? Digest, string State, string By, string? SecondBy, string At, string? Due,
    string Reason, string? Pending, string? HeldUp)
{
    /// <summary>The calls, where one erasure is asked for: source, session and call, with bars between.</summary>
    public IReadOnlyList<string>? Calls { get; init; }
}

/// <summary>The rules by which sessions go.</summary>
/// <param name="Text">The file.</param>
/// <param name="ConfirmedBy">Null while nobody else confirmed them: nothing goes by them until then.</param>
internal sealed record RetentionAnswer(string Version, string Text, string AdoptedBy, string? ConfirmedBy);

/// <summary>That rows went, or are going, which are in an archive.</summary>
/// <param name="Cut">How many; null while that is not done.</param>
internal sealed record DisposalAnswer(
    long Position, string At, string Segment, string Sha256, long Rows, string To, string Version, string AdoptedBy,
    string ConfirmedBy, long? Cut);

/// <summary>That something was done to keep the book, and the position of the row that says so.</summary>
internal sealed record KeptAnswer(string Id, long Position);

/// <summary>The tamper-evident log over the journal.</summary>
/// <param name="Position">The last position that is sealed.</param>
internal sealed record LogAnswer(
    string Origin, string Key, long Size, string Root, long Position, string? SignedAt,
    IReadOnlyList<string> Witnesses, string? StartedAt, IReadOnlyList<RestartAnswer> Restarts, long Unproven,
    SealingAnswer Sealing, IReadOnlyList<NewKeyAnswer> NewKeys);

/// <summary>That a key of the log took the place of another.</summary>
/// <param name="Proven">Whether a quorum of the witnesses cosigned the log with it.</param>
/// <param name="Note">What both keys signed.</param>
internal sealed record NewKeyAnswer(
    int Number, string OldKey, string Key, string? At, string By, string Reason, bool Proven, string Note);

/// <summary>That a log took the place of another, which every answer about it says for ever.</summary>
/// <param name="Verdict">What was found of the old log then.</param>
internal sealed record RestartAnswer(
    int Number, string Origin, string? OldOrigin, string? At, string? By, string? Reason, string? Verdict,
    string? LastCheckpoint);

/// <summary>How the log does: whether what was taken is sealed.</summary>
/// <param name="UnsealedSeconds">How long the oldest row waits for its seal.</param>
/// <param name="Unproven">How many rows no node of the store can have written.</param>
internal sealed record SealingHealth(
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
internal sealed record WitnessHealth(
    int Quorum, [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] long? Size,
    double UnwitnessedSeconds, bool IsOverdue, IReadOnlyList<WitnessAnswer> Witnesses);

/// <param name="Size">Of the newest checkpoint that it cosigned for this node, 0 for none.</param>
/// <param name="Problem">Why it did not cosign the last one that it was sent.</param>
internal sealed record WitnessAnswer(string Name, long Size, string? At, string? Problem);

/// <summary>What a node's sealer is at, and why.</summary>
internal sealed record SealingAnswer(string State, string? Reason)
{
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public long? BadPosition { get; init; }
}

/// <summary>That an event was passed over, or how a rebuild goes.</summary>
internal sealed record SkippedAnswer(string Status, long Position);

/// <summary>A line of a rebuild.</summary>
internal sealed record RebuildLine(
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? Status,
    long Position,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] long? End = null,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? Error = null);

/// <summary>Whether a node lives, or whether it can take records.</summary>
internal sealed record HealthAnswer(
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
internal sealed record PartHealth(
    string Status,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] long? Position = null,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? Reason = null,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] long? HaltedAt = null);

/// <summary>Where a node stands and how fast it goes.</summary>
/// <param name="Failures">What failed inside without anybody's request failing, by place.</param>
internal sealed record StatsAnswer(
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
internal sealed record PolicyStats(string State, string? Version, string? Trouble);

/// <summary>The keys of the rows, without which nobody can read their content.</summary>
/// <param name="Id">Of the key that is written with.</param>
/// <param name="BackedUp">Whether `audit key backup` made a copy.</param>
internal sealed record RowKeyStats(string Id, bool BackedUp);

/// <summary>What is taken out of texts before they are stored.</summary>
/// <param name="State">on, or off: then secrets are stored as they come.</param>
/// <param name="Version">The SHA-256 of the rule set.</param>
internal sealed record RedactionStats(string State, string? Version, IReadOnlyList<string> Rules);

internal sealed record JournalStats(string Store, long Position);

internal sealed record LogStats(string? Origin, long Size, long Position, SealingAnswer Sealing);

/// <summary>How far the read models or the text index are.</summary>
internal sealed record ReaderStats(string State, long Position, double LagMs, string? Sentence)
{
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public long? HaltedAt { get; init; }

    /// <summary>Events that the text index could not read.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public long? Unread { get; init; }
}

internal sealed record EngineNumbers(
    string Kind, long Waiting, long WaitingBytes, bool IsFull, long LiveStreams, long Commits, long Rows,
    double RowsPerSecond, long Conflicts, long Failures);

/// <summary>The cluster as a node sees it.</summary>
internal sealed record ClusterAnswer(string Self, string Status, string? Leader, IReadOnlyList<MemberAnswer> Members);

internal sealed record MemberAnswer(string Address, string Status, bool Reachable);

/// <summary>Where alerts go.</summary>
/// <param name="State">none, sending, or standing_by: another node of the store sends.</param>
/// <param name="Trouble">Why the file as it is now does not hold; then the last one that could be read goes on.</param>
internal sealed record AlertsAnswer(
    string State, string? Trouble, IReadOnlyList<AlertDestinationAnswer> Destinations);

/// <param name="To">An address without its path, or a directory.</param>
/// <param name="Position">All rows up to here were looked at, or written; null where this node does not know.</param>
/// <param name="Error">What stands in the way: why the first of those that wait was not taken, say.</param>
/// <param name="Waits">The first of those that wait.</param>
/// <param name="Dead">What was given up lately, newest first.</param>
internal sealed record AlertDestinationAnswer(
    string Name, string To, string Format, IReadOnlyList<string> Rules, long? Position, int Waiting, long Sent,
    long GivenUp, string? LastSentAt, string? Error, IReadOnlyList<UnsentAlertAnswer> Waits,
    IReadOnlyList<UnsentAlertAnswer> Dead);

/// <summary>An alert that waits, or that was given up.</summary>
internal sealed record UnsentAlertAnswer(
    string Id, string Rule, long Position, string At, int Tries, string? Error, string? Source, string? SessionId,
    string? ToolCallId, string? WindowId)
{
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? NextTryAt { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? GivenUpAt { get; init; }
}

/// <param name="Alerts">How many are sent again.</param>
/// <param name="Position">Of the row that says that somebody wanted it.</param>
internal sealed record AlertsAgainAnswer(string Destination, int Alerts, long Position);

internal sealed record AlertTestAnswer(string Destination, bool Taken, string? Error);
