using Audit.Api.Access;

namespace Audit.Api.Acting;

/// <summary>What can be posted to a window, and who may.</summary>
internal sealed record WindowPosting(string Name, WindowVerb Verb, Roles AnyOf, string Summary)
{
    /// <summary>The acts on a window that is there.</summary>
    public static readonly IReadOnlyList<WindowPosting> Acts =
    [
        new("approve", WindowVerb.Approve, Roles.Approve, "Approves a requested window."),
        new("deny", WindowVerb.Deny, Roles.Approve, "Denies a requested window; the body has the reason."),
        new("extend", WindowVerb.Extend, Roles.Approve, "Lets an open window close later; the body has closes_at."),
        new("revoke", WindowVerb.Revoke, Roles.Approve, "Ends an approved window at once; the body has the reason."),
        new("close", WindowVerb.Close, Roles.Approve | Roles.Ingest, "Ends a window whose task is done, or withdraws a request."),
    ];
}
