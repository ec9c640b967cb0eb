using System.Globalization;

namespace Audit.Load.Reports;

/// <summary>The report for a person, as a table that a README can take as it is.</summary>
internal static class TableReport
{
    private static readonly string[] Head =
    [
        "what", "events/s", "min", "max", "× raw batch", "× table, 1", "× table, 48", "× Akka", "median ms", "CPU µs", "bytes",
    ];

    public static void Write(LoadReport report, TextWriter output)
    {
        output.WriteLine($"{report.Machine}");
        output.WriteLine(Invariant(
            $"{report.Records:n0} records of about 1 KB, {report.PrefilledRows:n0} rows before them, median of {report.Runs} runs; CPU and bytes allocated are the harness's own, for one event"));
        output.WriteLine();
        string[][] lines = [Head, .. report.Rows.Select(row => Cells(report, row))];
        WriteAligned(lines, output);
        output.WriteLine();
        WriteGoals(report, output);
    }

    private static void WriteGoals(LoadReport report, TextWriter output)
    {
        string[][] lines =
        [
            ["owed", "", "measured", ""],
            .. Goal.All.Where(goal => report.Of(goal.Subject) is not null).Select(goal => new[]
            {
                goal.Subject,
                Invariant($"{(goal.AtMost ? "≤" : "≥")} {goal.OwedOn(report.Store):#,0.##} {goal.What}"),
                goal.Figure(report) is { } figure ? Invariant($"{figure:#,0.00}") : "–",
                goal.IsMet(report) switch { true => "met", false => "NOT met", null => "not measured" },
            }),
        ];
        WriteAligned(lines, output);
    }

    private static string[] Cells(LoadReport report, ResultRow row) =>
    [
        row.Name,
        Invariant($"{row.Median:n0}"),
        Invariant($"{row.Min:n0}"),
        Invariant($"{row.Max:n0}"),
        .. LoadReport.Floors.Select(floor => report.Ratio(row.Name, floor) is { } ratio ? Invariant($"{ratio:0.00}") : ""),
        row.MedianLatency is { } latency ? Invariant($"{latency:0.00}") : "",
        Invariant($"{row.MicrosecondsOfProcessor:0.0}"),
        Invariant($"{row.BytesAllocated:n0}"),
    ];

    private static void WriteAligned(string[][] lines, TextWriter output)
    {
        var widths = Enumerable.Range(0, lines[0].Length).Select(column => lines.Max(line => line[column].Length)).ToArray();
        for (var index = 0; index < lines.Length; index++)
        {
            output.WriteLine("| " + string.Join(" | ", lines[index].Select((cell, column) => Pad(cell, widths[column], column))) + " |");
            if (index == 0)
            {
                output.WriteLine("|" + string.Join("|", widths.Select((width, column) =>
                    new string('-', width + 1) + (column == 0 ? "-" : ":"))) + "|");
            }
        }
    }

    private static string Pad(string cell, int width, int column) => column == 0 ? cell.PadRight(width) : cell.PadLeft(width);

    private static string Invariant(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
