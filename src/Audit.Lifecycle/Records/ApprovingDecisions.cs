using Audit.Lifecycle.Calls;

namespace Audit.Lifecycle.Records;

/// <summary>The words by which a confirmation is given; every other decision refuses.</summary>
public static class ApprovingDecisions
{
    private static readonly string[] Words =
    [
        "approve-once", "approve-for-session", "approve-for-location", "approve-permanently",
        "approved", "approved-for-session", "approved-for-location", "auto",
    ];

    public static string Accepted { get; } = string.Join(", ", Words);

    public static bool Contains(string decision) => Words.Contains(decision);
}
