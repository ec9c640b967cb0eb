namespace Audit.Pages.Calls;

/// <param name="AreBothKnown">There is an input of both kinds, so that a missing value says something.</param>
public sealed record InputValue(string Path, string? Requested, string? Effective, bool AreBothKnown)
{
    public string Change =>
        !AreBothKnown || Requested == Effective ? "same"
        : Requested is null ? "added"
        : Effective is null ? "removed"
        : "changed";
}
