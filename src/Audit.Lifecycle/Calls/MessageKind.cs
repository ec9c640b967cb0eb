namespace Audit.Lifecycle.Calls;

/// <summary>What a host says of a call, in the order of the columns of the table.</summary>
public enum MessageKind : byte
{
    Requested,
    RequiresConfirmation,
    Approved,
    Started,
    Blocked,
    Cached,
    Replayed,
    Invalidated,
    Cancelled,
    Completed,
    PersistenceFailed,
}
