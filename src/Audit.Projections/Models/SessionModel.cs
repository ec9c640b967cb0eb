namespace Audit.Projections.Models;

/// <summary>A session: its calls by state, who took part in it, and whether it was reported completely.</summary>
public sealed record SessionModel
{
    /// <summary>Tokens whose numbers are kept; a source seldom has more than its hooks' and its exporter's.</summary>
    public const int MostNumberingTokens = 16;

    /// <summary>The position of its first event.</summary>
    public required long Id { get; init; }

    public required string SessionId { get; init; }

    public required string Source { get; init; }

    [JsonIgnore]
    public SessionName Name => new(Source, SessionId);

    public int Calls { get; init; }

    public StateCounts States { get; init; } = StateCounts.Empty;

    /// <summary>Standing violations of its calls.</summary>
    public int Violations { get; init; }

    public int Lifted { get; init; }

    public int Messages { get; init; }

    public AnomalyCounts AnomalousCalls { get; init; } = AnomalyCounts.Empty;

    public NameSet Agents { get; init; } = NameSet.Empty;

    public NameSet Tasks { get; init; } = NameSet.Empty;

    /// <summary>The tokens of its source that wrote into it.</summary>
    public NameSet Tokens { get; init; } = NameSet.Empty;

    public Timestamp? FirstAt { get; init; }

    public Timestamp? LastAt { get; init; }

    public int Notes { get; init; }

    public Timestamp? StartedAt { get; init; }

    /// <summary>When the last note of its end was made.</summary>
    public Timestamp? NotedEndAt { get; init; }

    public int ReportedLate { get; init; }

    public IReadOnlyList<SeqRanges> Seqs { get; init; } = [];

    /// <summary>When the first message with a number was received.</summary>
    public Timestamp? NumberedSince { get; init; }

    public long LastPosition { get; init; }

    /// <summary>Judgements of its calls, each by the gravest.</summary>
    public JudgementCounts Judged { get; init; }

    /// <summary>
    /// It is counted from some of the session's calls: what is of the whole session, its notes and the host's numbers,
    /// is not known.
    /// </summary>
    [JsonIgnore]
    public bool IsShare { get; init; }

    /// <summary>A note of a later start takes an end back.</summary>
    [JsonIgnore]
    public bool HasEnded => NotedEndAt is { } ended && !(StartedAt > ended);

    /// <summary>There are numbers, and none is missing among them.</summary>
    [JsonIgnore]
    public bool IsGapless => Seqs.Count > 0 && Seqs.All(seqs => seqs.Missing() == 0);

    [JsonIgnore]
    public int OpenCalls => CallStates.Open.Sum(state => States[state]);

    [JsonIgnore]
    public Anomalies Anomalies => AnomalousCalls.Present;

    [JsonIgnore]
    public Completeness Completeness => Completeness.Of(this);
}
