namespace Audit.Load;

/// <summary>A row of performance.md, or the part of it that one figure answers.</summary>
/// <param name="Figure">The figure, or null where what it needs was not measured.</param>
internal sealed record Goal(string Subject, string What, Func<LoadReport, double?> Figure, double Owed, bool AtMost = false)
{
    public static readonly IReadOnlyList<Goal> All =
    [
        Ratio(Names.Engine, Names.RawBatch, 0.8),
        Ratio(Names.Engine, Names.AuditTableAlone, 10),
        Ratio(Names.Engine, Names.AuditTableCrowd, 4),
        Ratio(Names.Engine, Names.AkkaAsItComes, 15),
        Ratio(Names.AkkaEngine, Names.AkkaAsItComes, 1),
        new(Names.SinglePosts, "a second", report => report.Of(Names.SinglePosts)?.Median, 5_000),
        new(
            Names.SinglePosts,
            "median latency, in commit times",
            report => report.Of(Names.SinglePosts)?.MedianLatency / report.Of(Names.AuditTableAlone)?.MedianLatency,
            3,
            AtMost: true),
    ];

    public bool? IsMet(LoadReport report) =>
        Figure(report) is { } figure ? (AtMost ? figure <= Owed : figure >= Owed) : null;

    private static Goal Ratio(string subject, string floor, double owed) =>
        new(subject, $"× {floor}", report => report.Ratio(subject, floor), owed);
}
