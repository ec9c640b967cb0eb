namespace Audit.Lifecycle.Calls;

/// <summary>Why a message does not move its call.</summary>
public enum ViolationCause : byte
{
    None,

    /// <summary>The table has no way from the state to the message.</summary>
    NotAllowed,

    /// <summary>The call was refused and nothing has lifted the refusal.</summary>
    StandingRefusal,

    /// <summary>A settled call is asked for again, and not in a later turn.</summary>
    NotALaterTurn,

    /// <summary>Another tool than the one that the call began with.</summary>
    IdentityMismatch,

    /// <summary>A message_id that another record has already.</summary>
    MessageIdReused,

    /// <summary>A host says that a call is approved which a person refused through the node.</summary>
    OverridesRefusal,

    /// <summary>A decision on a question that is not the one that stands.</summary>
    StaleAnswer,

    /// <summary>An approval by whoever is behind the question itself.</summary>
    OwnQuestion,

    /// <summary>As many messages that move nothing as a call may write, of one kind and cause.</summary>
    Flooded,
}

/// <summary>What is legal and still worth an auditor's eye.</summary>
[Flags]
public enum Anomalies
{
    None = 0,
    LateConfirmation = 1 << 0,
    ReExecuted = 1 << 1,
    CancelledTooLate = 1 << 2,
    Repeated = 1 << 3,
    CompletedAfterCancel = 1 << 4,
    IdReused = 1 << 5,
    ReopenedAfterRefusal = 1 << 6,
    ProvenanceChanged = 1 << 7,
    InputChangedAfterApproval = 1 << 8,
    NoApprovalSeen = 1 << 9,
    TaskChanged = 1 << 10,
    ClockAhead = 1 << 12,
    ClockWentBack = 1 << 13,

    /// <summary>Two channels of its source report this message differently; both reports are kept.</summary>
    ChannelsDiffer = 1 << 14,

    Truncated = 1 << 15,
    Oversized = 1 << 16,

    /// <summary>The host alone says so, of a call for which the node was asked.</summary>
    ApprovedByHostOnly = 1 << 17,

    /// <summary>Another question than the one that was approved, which drops the approval.</summary>
    QuestionChanged = 1 << 18,

    /// <summary>An approval of a question of which something was cut or redacted, as its maker confirmed.</summary>
    NotSeenWhole = 1 << 19,

    /// <summary>An approval by a token that a party to the question made within the day.</summary>
    MintedByParty = 1 << 20,

    /// <summary>It began later than the node's approval held.</summary>
    ApprovalExpired = 1 << 21,

    /// <summary>Another parent call than the one that was named first.</summary>
    ParentChanged = 1 << 22,
}

/// <summary>What the law says of one message of a history.</summary>
public readonly record struct Verdict(
    CallState From, CallState To, int Attempt, Anomalies Anomalies, ViolationCause Cause)
{
    public bool IsViolation => Cause != ViolationCause.None;

    /// <summary>
    /// Two verdicts differ when a reader would have to think differently of the message; where the call stood just
    /// before
    /// follows from its neighbours and changes with each of them.
    /// </summary>
    public bool RulesAs(Verdict other) =>
        To == other.To && Attempt == other.Attempt && Anomalies == other.Anomalies && Cause == other.Cause;
}
