namespace Audit.Load.Reports;

/// <summary>A figure beside what it was.</summary>
/// <param name="AtMost">Whether less of it is better.</param>
internal sealed record ComparedFigure(string Subject, string What, double Now, double Before, bool AtMost)
{
    public double Ratio => Now / Before;

    /// <summary>Processor time, memory or room on the disk, and no time that somebody waits.</summary>
    public bool IsCost => AtMost && !What.StartsWith(Comparison.Milliseconds, StringComparison.Ordinal);

    /// <summary>By how much it is better, 1 where it is as it was.</summary>
    public double Gain => AtMost ? 1 / Ratio : Ratio;
}

/// <summary>A report beside an earlier one.</summary>
internal static class Comparison
{
    /// <summary>A figure that differs by less says nothing: runs of the same program do.</summary>
    private const double Noise = 0.1;

    /// <summary>So begins what is owed of a time that somebody waits.</summary>
    public const string Milliseconds = "ms";

    /// <summary>Of all that was measured both times its speed, what is owed of it, and what it costs the node.</summary>
    public static IReadOnlyList<ComparedFigure> Of(LoadReport report, JsonReport earlier)
    {
        var now = JsonReport.Of(report);
        return
        [
            .. now.Measured.SelectMany(row => earlier.Of(row.Name) is not { } before ? [] : new[]
                {
                    IsOfWaiting(now, row) ? null : Compared(row.Name, "events/s", row.Median, before.Median),
                    row.Name == Names.RawBatch || IsOfWaiting(now, row) ? null : Compared(
                        row.Name, $"× {Names.RawBatch}", now.Ratio(row.Name, Names.RawBatch),
                        earlier.Ratio(row.Name, Names.RawBatch)),
                    Compared(
                        row.Name, "µs of the node's CPU an event", row.NodeMicroseconds, before.NodeMicroseconds, atMost: true),
                }
                .Concat(now.Owed.Where(owed => owed.Subject == row.Name).Select(owed => Compared(
                    row.Name, owed.What, owed.Measured, earlier.Owed.FirstOrDefault(
                        one => (one.Subject, one.What) == (owed.Subject, owed.What))?.Measured, owed.AtMost)))
                .OfType<ComparedFigure>().DistinctBy(one => one.What)),
        ];
    }

    /// <summary>
    /// What became slower or dearer, a sentence for each. Where there is a floor its ratio decides, for a machine that is
    /// slower today slows both.
    /// </summary>
    public static IEnumerable<string> Losses(IReadOnlyList<ComparedFigure> figures) => figures
        .Where(one => one.Gain < 1 - Noise && !LoadReport.Floors.Contains(one.Subject) && !(one.What == "events/s" && figures.Any(
            other => other.Subject == one.Subject && other.What == $"× {Names.RawBatch}")))
        .Select(one => FormattableString.Invariant(
            $"{one.Subject} became {(one.IsCost ? "dearer" : "slower")}: {one.Now:#,0.##} {one.What}, where it was {one.Before:#,0.##}."));

    public static void Write(LoadReport report, JsonReport? earlier, TextWriter output)
    {
        output.WriteLine();
        if (earlier is null)
        {
            output.WriteLine("There is no earlier report of this store, engine and workload from a machine like this one.");
            return;
        }

        output.WriteLine(FormattableString.Invariant(
            $"Beside {earlier.At:yyyy-MM-dd HH:mm} at {earlier.Commit ?? "no commit"}; differences of less than a tenth say nothing:"));
        output.WriteLine();
        var figures = Of(report, earlier);
        TableReport.WriteAligned(
        [
            ["what", "of which", "now", "before", "now ÷ before", ""],
            .. figures.Select(one => new[]
            {
                one.Subject, one.What, FormattableString.Invariant($"{one.Now:#,0.##}"),
                FormattableString.Invariant($"{one.Before:#,0.##}"), FormattableString.Invariant($"{one.Ratio:0.00}"),
                one.Gain < 1 - Noise ? "worse" : one.Gain > 1 + Noise ? "better" : "",
            }),
        ], output);
        output.WriteLine();
        if (figures.FirstOrDefault(one => one.Subject == Names.RawBatch) is { } floor && Math.Abs(floor.Ratio - 1) > Noise)
        {
            output.WriteLine(FormattableString.Invariant(
                $"The floor, {Names.RawBatch}, is {floor.Ratio:0.00} of what it was: so is the machine, and what has no ratio to it."));
        }

        var losses = Losses(figures).DefaultIfEmpty("Nothing became slower or dearer by a tenth or more.");
        foreach (var loss in losses)
        {
            output.WriteLine(loss);
        }
    }

    /// <summary>Whether it is owed how long somebody waits: how often he asked says nothing then.</summary>
    private static bool IsOfWaiting(JsonReport report, ResultRow row) => report.Owed.Any(owed =>
        owed.Subject == row.Name && owed.What.StartsWith(Milliseconds, StringComparison.Ordinal));

    private static ComparedFigure? Compared(string subject, string what, double? now, double? before, bool atMost = false) =>
        now is { } one && before is > 0 and { } other ? new ComparedFigure(subject, what, one, other, atMost) : null;
}
