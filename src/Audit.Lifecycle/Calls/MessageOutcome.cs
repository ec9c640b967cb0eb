namespace Audit.Lifecycle.Calls;

public enum MessageOutcome : byte
{
    Recorded,
    Duplicate,
    Violation,

    /// <summary>The stream holds all that it may hold; the message was counted.</summary>
    Refused,
}
