namespace Audit.Lifecycle;

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
