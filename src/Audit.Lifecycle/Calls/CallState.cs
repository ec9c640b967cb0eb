namespace Audit.Lifecycle.Calls;

/// <summary>Where a call stands, in the order of the rows of the table.</summary>
public enum CallState : byte
{
    None,
    Requested,
    AwaitingConfirmation,
    Approved,
    Running,
    Completed,
    Blocked,
    Cached,
    Replayed,
    Invalidated,
    Cancelled,
    PersistenceFailed,
}
