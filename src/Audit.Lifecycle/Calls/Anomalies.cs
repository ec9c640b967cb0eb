namespace Audit.Lifecycle.Calls;

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
    ForeignHost = 1 << 11,
    ClockAhead = 1 << 12,
    ClockWentBack = 1 << 13,
    SourcesDiffer = 1 << 14,
    Truncated = 1 << 15,
    Oversized = 1 << 16,
}
