namespace Audit.Projections.Models;

/// <summary>
/// One message of a call: what it did, as it is judged now, and how it stands to the windows of its task.
/// </summary>
public sealed record TransitionModel
{
    /// <summary>The <see cref="CallModel.Id"/> of its call.</summary>
    public required long Call { get; init; }

    public required long Sequence { get; init; }

    public required long Position { get; init; }

    public MessageKind Message { get; init; }

    public CallState From { get; init; }

    public CallState To { get; init; }

    public int Attempt { get; init; }

    public Anomalies Anomalies { get; init; }

    /// <summary>What makes it a violation, or made it one until that was lifted.</summary>
    public ViolationCause Cause { get; init; }

    /// <summary>It was a violation, and a later message shows that it was none.</summary>
    public bool Lifted { get; init; }

    public bool Late { get; init; }

    public bool ReportedLate { get; init; }

    public bool Oversized { get; init; }

    public bool MadeByNode { get; init; }

    public bool TimeInferred { get; init; }

    /// <summary>When it happened, by which it is judged against windows.</summary>
    public Timestamp At { get; init; }

    public Timestamp RecordedAt { get; init; }

    public Timestamp ReceivedAt { get; init; }

    public WindowJudgement Judgement { get; init; }

    /// <summary>The window that let it be done, or that was open and did not.</summary>
    public string? Window { get; init; }

    public string? Task { get; init; }

    public string? Agent { get; init; }

    public string? Tool { get; init; }

    public string Host { get; init; } = "";

    [JsonPropertyName("said")]
    public string? Remark { get; init; }

    public string? By { get; init; }

    public bool? Success { get; init; }

    public long? DurationMs { get; init; }
}
