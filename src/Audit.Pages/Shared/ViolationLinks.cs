namespace Audit.Pages.Shared;

public static class ViolationLinks
{
    /// <summary>The page of the call or window that took no such message.</summary>
    public static string Of(ViolationModel violation) =>
        violation.WindowId is { } window ? Links.Window(window) : Links.Call(violation.SessionId ?? "", violation.CallId ?? "");
}
