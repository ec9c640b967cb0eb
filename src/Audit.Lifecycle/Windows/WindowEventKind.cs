namespace Audit.Lifecycle.Windows;

public enum WindowEventKind : byte
{
    Requested,
    Approved,
    Denied,
    Extended,
    Revoked,
    Closed,
    Violated,
}
