using System.Text.Json.Serialization;

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

    /// <summary>Calls whose result says that they failed.</summary>
    public int Failed { get; init; }

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

/// <summary>What speaks against a session's having been reported completely.</summary>
/// <param name="Gaps">Numbers of a host that never arrived, host by host; the first hundred gaps.</param>
/// <param name="MissingMessages">How many numbers that is.</param>
/// <param name="OpenAfterEnd">Calls that are open although the session was noted as ended.</param>
/// <param name="ReportedLate">
/// Messages received more than five minutes after what they report, as all of an import are: none is missing for
/// that.
/// </param>
public sealed record Completeness(
    IReadOnlyList<HostGap> Gaps, long MissingMessages, int OpenAfterEnd, int ReportedLate)
{
    public const int MostGaps = 100;

    public bool IsComplete => MissingMessages == 0 && OpenAfterEnd == 0;

    internal static Completeness Of(SessionModel session)
    {
        // A host may claim any number it likes, so the sum can exceed what a number holds.
        var missing = session.Seqs.Aggregate(UInt128.Zero, (sum, seqs) => sum + seqs.Missing());
        var gaps = session.Seqs.SelectMany(seqs => seqs.Gaps().Select(gap => new HostGap(seqs.Token, gap.From, gap.To)));
        return new Completeness(
            [.. gaps.Take(MostGaps)], (long)UInt128.Min(missing, long.MaxValue),
            session.HasEnded ? session.OpenCalls : 0, session.ReportedLate);
    }
}

public readonly record struct HostGap(string Token, long From, long To);

/// <summary>A task: what was done in its name, and how that stood to its windows.</summary>
/// <param name="Id">The position of the first event that names it.</param>
/// <param name="Violations">Standing violations of its calls.</param>
/// <param name="Judged">Its calls by the gravest judgement that each has.</param>
public sealed record TaskModel(
    long Id, string TaskId, NameSet Agents, int Windows = 0, int Calls = 0, int OpenCalls = 0, int Violations = 0,
    JudgementCounts Judged = default, Timestamp? FirstAt = null, Timestamp? LastAt = null, long LastPosition = 0)
{
    /// <summary>A row is read by its members: by the parameters each value would be boxed.</summary>
    [JsonConstructor]
    private TaskModel()
        : this(0, "", NameSet.Empty)
    {
    }
}
