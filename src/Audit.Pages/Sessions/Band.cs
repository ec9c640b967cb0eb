namespace Audit.Pages.Sessions;

/// <summary>The time in which a task window was open.</summary>
public sealed record Band(string Window, Timestamp From, Timestamp Until)
{
    /// <returns>Null for a window that was never approved.</returns>
    public static Band? Of(WindowModel window) =>
        window.Until is { } until && window.OpensAt is { } opens && opens < until ? new Band(window.WindowId, opens, until) : null;
}
