namespace Audit.Lifecycle.Windows;

/// <summary>What can be said of a task window.</summary>
public enum WindowVerb : byte
{
    Request,

    /// <summary>Request and approval in one, by somebody who may approve.</summary>
    Grant,
    Approve,
    Deny,
    Extend,
    Revoke,
    Close,
}
