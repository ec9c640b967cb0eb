namespace Audit.Projections.Models;

/// <summary>
/// One message of a call: what it did, as it is judged now, and how it stands to the windows of its task.
/// </summary>
/// <param name="Call">The <see cref="CallModel.Id"/> of its call.</param>
/// <param name="Cause">What makes it a violation, or made it one until that was lifted.</param>
/// <param name="Lifted">It was a violation, and a later message shows that it was none.</param>
/// <param name="At">When it happened, by which it is judged against windows.</param>
/// <param name="Review">Of what is or was a violation.</param>
/// <param name="Window">The window that let it be done, or that was open and did not.</param>
/// <param name="LateByMs">How long after the window's end it was received.</param>
/// <param name="DecidedAt">When the node took the approval that it goes by.</param>
public sealed record TransitionModel(
    long Call, long Sequence, long Position, MessageKind Message = default, CallState From = default,
    CallState To = default, int Attempt = 0, Anomalies Anomalies = default, ViolationCause Cause = default,
    bool Lifted = false, bool Late = false, bool ReportedLate = false, bool Oversized = false,
    bool MadeByNode = false, bool TimeInferred = false, Timestamp At = default, Timestamp RecordedAt = default,
    Timestamp ReceivedAt = default, WindowJudgement Judgement = default, string? Window = null, string? Task = null,
    string? Agent = null, string? Tool = null, string Token = "",
    [property: JsonPropertyName("said")] string? Remark = null,
    string? By = null, bool? Success = null, long? DurationMs = null, WindowMarks Marks = default, long LateByMs = 0,
    Timestamp? DecidedAt = null, string Source = "", ReviewModel? Review = null)
{
    /// <summary>The bit of a message that is not known to be in its window.</summary>
    internal const long UnprovenBit = 1 << 7;

    /// <summary>By what more than its date and its arrival it is in its window; null for most.</summary>
    [JsonIgnore]
    internal long? MarkBits =>
        Judgement == WindowJudgement.WindowUnproven ? UnprovenBit : Marks == WindowMarks.None ? null : (long)Marks;

    /// <summary>A row is read by its members: by the parameters each value would be boxed.</summary>
    [JsonConstructor]
    private TransitionModel()
        : this(0, 0, 0)
    {
    }
}
