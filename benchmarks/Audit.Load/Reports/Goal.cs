using Audit.Load.Subjects;

namespace Audit.Load.Reports;

/// <summary>A row of performance.md, or the part of it that one figure answers.</summary>
/// <param name="Figure">The figure, or null where what it needs was not measured.</param>
internal sealed record Goal(string Subject, string What, Func<LoadReport, double?> Figure, double Owed, bool AtMost = false, double? OwedOnPostgres = null)
{
    public static readonly IReadOnlyList<Goal> All =
    [
        Ratio(Names.Engine, Names.RawBatch, 0.8),
        Ratio(Names.Engine, Names.AuditTableAlone, 10),
        Ratio(Names.Engine, Names.AuditTableCrowd, 4),
        Ratio(Names.Ndjson, Names.RawBatch, 0.35),
        Ratio(Names.Searchable, Names.RawBatch, 0.25) with { OwedOnPostgres = 0.12 },
        Ratio(Names.Engine, Names.AkkaAsItComes, 15),
        Ratio(Names.AkkaEngine, Names.AkkaAsItComes, 1),
        new(Names.SinglePosts, "a second", report => report.Of(Names.SinglePosts)?.Median, 5_000),
        new(
            Names.SinglePosts,
            "median latency, in commit times",
            report => report.Of(Names.SinglePosts)?.MedianLatency / report.Of(Names.AuditTableAlone)?.MedianLatency,
            3,
            AtMost: true),
        new(Names.Lag, "ms", report => report.Of(Names.Lag)?.MedianLatency, 300, AtMost: true),
        new(Names.Rebuild, "events a second", report => report.Of(Names.Rebuild)?.Median, 60_000),
        new(Names.Verify, "entries a second", report => report.Of(Names.Verify)?.Median, 200_000, OwedOnPostgres: 80_000),
        new(Names.SessionPage, "ms", report => report.Of(Names.SessionPage)?.MedianLatency, 50, AtMost: true),
        new(Names.SearchPage, "ms", report => report.Of(Names.SearchPage)?.MedianLatency, 150, AtMost: true),
        new(Names.Start, "ms", report => report.Of(Names.Start)?.MedianLatency, 2_000, AtMost: true),
    ];

    public double OwedOn(string store) => store == "postgres" ? OwedOnPostgres ?? Owed : Owed;

    public bool? IsMet(LoadReport report) =>
        Figure(report) is { } figure ? (AtMost ? figure <= OwedOn(report.Store) : figure >= OwedOn(report.Store)) : null;

    private static Goal Ratio(string subject, string floor, double owed) =>
        new(subject, $"× {floor}", report => report.Ratio(subject, floor), owed);
}
