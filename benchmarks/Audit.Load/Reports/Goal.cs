using Audit.Load.Subjects;

namespace Audit.Load.Reports;

/// <summary>A row of the page of what is owed, or the part of it that one figure answers.</summary>
/// <param name="Figure">The figure, or null where what it needs was not measured.</param>
internal sealed record Goal(
    string Subject, string What, Func<LoadReport, double?> Figure, double Owed, bool AtMost = false,
    double? OwedOnPostgres = null)
{
    private const int ManyRows = 5_000_000;

    public static readonly IReadOnlyList<Goal> All =
    [
        Ratio(Names.Engine, Names.RawBatch, 0.95) with { OwedOnPostgres = 0.8 },
        Ratio(Names.Engine, Names.AuditTableAlone, 8),
        Ratio(Names.Engine, Names.AuditTableCrowd, 4.5),
        AtLeast(Names.AkkaEngine, "events a second", 12_000),
        Ratio(Names.AkkaEngine, Names.AkkaAsItComes, 6),
        Most(Names.AkkaEngine, "µs of CPU an event", row => row.MicrosecondsOfProcessor, 85),
        Ratio(Names.Ndjson, Names.RawBatch, 0.45) with { OwedOnPostgres = 0.25 },
        Ratio(Names.Searchable, Names.RawBatch, 0.35) with { OwedOnPostgres = 0.15 },
        Most(Names.Searchable, "µs of the node's CPU an event", row => row.NodeMicroseconds, 60),
        AtLeast(Names.SinglePosts, "a second", 10_000),
        Most(Names.Lag, "ms, p99", row => row.TailLatency, 100),
        AtLeast(Names.Rebuild, "events a second", 100_000, onPostgres: 60_000),
        AtLeast(Names.Verify, "entries a second", 400_000, onPostgres: 200_000),
        Most(Names.SessionPage, "ms", row => row.MedianLatency, 10),
        Most(Names.SearchPage, "ms", row => row.MedianLatency, 100),
        Ratio(Names.Engine, Names.RawBatch, 0.8) with
        {
            What = "× raw batch, with 5,000,000 rows before",
            Figure = report => report.PrefilledRows >= ManyRows ? report.Ratio(Names.Engine, Names.RawBatch) : null,
        },
        Most(Names.MillionCalls, "MB resident", row => row.NodeMegabytes, 400),
        Most(Names.LargeBody, "MB above idle", row => row.NodeGrownMegabytes, 200),
        Most(
            Names.Searchable, "bytes stored for a byte of record, without the text index", row => row.StoredWithoutIndex,
            2.2),
        Most(Names.Searchable, "bytes stored for a byte of record, with it", row => row.StoredForAByte, 2.7),
        Most(Names.Start, "ms", row => row.MedianLatency, 1_000),
        Most(Names.Decide, "ms at the median", row => row.MedianLatency, 5),
        Most(Names.McpCalls, "ms added to the median", row => row.MedianLatency, 2),
    ];

    public double OwedOn(string store) => store == "postgres" ? OwedOnPostgres ?? Owed : Owed;

    public bool? IsMet(LoadReport report) => Figure(report) is not { } figure ? null
        : AtMost ? figure <= OwedOn(report.Store)
        : figure >= OwedOn(report.Store);

    /// <summary>What is owed, as every report writes it.</summary>
    public string OwedText(string store) =>
        FormattableString.Invariant($"{(AtMost ? "≤" : "≥")} {OwedOn(store):#,0.##} {What}");

    /// <summary>A sentence for everything that is owed and is not as it is to be, or was not measured.</summary>
    public static IEnumerable<string> Lacks(LoadReport report)
    {
        foreach (var goal in All)
        {
            if (report.LeftOut.FirstOrDefault(one => one.Key == goal.Subject) is { Key: not null } itself)
            {
                yield return $"{goal.Subject}: {goal.OwedText(report.Store)} is owed, and {itself.Value}.";
            }
            else if (report.LeftOut.FirstOrDefault(one => goal.What == $"× {one.Key}") is { Key: not null } floor
                && report.Of(goal.Subject) is not null)
            {
                yield return $"{goal.Subject}: {goal.OwedText(report.Store)} is owed; of {floor.Key}, {floor.Value}.";
            }
            else if (goal.Figure(report) is { } figure && goal.IsMet(report) == false)
            {
                yield return FormattableString.Invariant(
                    $"{goal.Subject}: {goal.OwedText(report.Store)} is owed, and it is {figure:#,0.00}.");
            }
        }
    }

    private static Goal Ratio(string subject, string floor, double owed) =>
        new(subject, $"× {floor}", report => report.Ratio(subject, floor), owed);

    private static Goal AtLeast(string subject, string what, double owed, double? onPostgres = null) =>
        new(subject, what, report => report.Of(subject)?.Median, owed, OwedOnPostgres: onPostgres);

    private static Goal Most(string subject, string what, Func<ResultRow, double?> figure, double owed) =>
        new(subject, what, report => report.Of(subject) is { } row ? figure(row) : null, owed, AtMost: true);
}
