namespace Audit.Lifecycle.Windows;

/// <summary>
/// Where a task window stands. Open and expired are not states: the clock alone tells them of an approved one.
/// </summary>
public enum WindowState : byte
{
    None,
    Requested,
    Approved,
    Denied,
    Revoked,
    Closed,
}
