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

public static class CallStates
{
    /// <summary>The states in which a call waits for something more to happen.</summary>
    public static IReadOnlyList<CallState> Open { get; } =
        [CallState.Requested, CallState.AwaitingConfirmation, CallState.Approved, CallState.Running];

    /// <summary>Whether something more is to happen.</summary>
    public static bool IsOpen(this CallState state) => state is >= CallState.Requested and <= CallState.Running;
}
