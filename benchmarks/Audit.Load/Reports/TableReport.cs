using System.Globalization;

namespace Audit.Load.Reports;

/// <summary>The report for a person, as a table that a README can take as it is.</summary>
internal static class TableReport
{
    private static readonly string[] Head =
    [
        "what", "events/s", "min", "max", "× raw batch", "× table, 1", "× table, 48", "× Akka", "median ms", "p99 ms",
        "CPU µs", "bytes", "node's CPU µs", "node's bytes", "node's MB", "server's CPU µs",
    ];

    public static void Write(LoadReport report, TextWriter output)
    {
        output.WriteLine($"{report.Machine}");
        output.WriteLine(Invariant(
            $"{report.Records:n0} records of about 1 KB, {report.PrefilledRows:n0} rows before them, median of {report.Runs} runs;"));
        output.WriteLine("for one event CPU and bytes allocated of the harness, then of the node, and CPU of the database's server");
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
                goal.OwedText(report.Store),
                goal.Figure(report) is { } figure ? Invariant($"{figure:#,0.00}") : "–",
                goal.IsMet(report) switch { true => "met", false => "NOT met", null => "not measured" },
            }),
        ];
        WriteAligned(lines, output);
        output.WriteLine();
        foreach (var lack in Goal.Lacks(report))
        {
            output.WriteLine(lack);
        }
    }

    private static string[] Cells(LoadReport report, ResultRow row) =>
    [
        row.Name,
        Invariant($"{row.Median:n0}"),
        Invariant($"{row.Min:n0}"),
        Invariant($"{row.Max:n0}"),
        .. LoadReport.Floors.Select(floor => Known(report.Ratio(row.Name, floor), "0.00")),
        Known(row.MedianLatency, "0.00"),
        Known(row.TailLatency, "0.00"),
        Known(row.MicrosecondsOfProcessor, "0.0"),
        Known(row.BytesAllocated, "n0"),
        Known(row.NodeMicroseconds, "0.0"),
        Known(row.NodeAllocated, "n0"),
        Known(row.NodeMegabytes, "0"),
        Known(row.ServerMicroseconds, "0.0"),
    ];

    private static string Known(double? figure, string format) =>
        figure?.ToString(format, CultureInfo.InvariantCulture) ?? "";

    public static void WriteAligned(string[][] lines, TextWriter output)
    {
        var widths = Enumerable.Range(0, lines[0].Length)
            .Select(column => lines.Max(line => line[column].Length)).ToArray();
        for (var index = 0; index < lines.Length; index++)
        {
            var cells = lines[index].Select((cell, column) => Pad(cell, widths[column], column));
            output.WriteLine($"| {string.Join(" | ", cells)} |");
            if (index == 0)
            {
                output.WriteLine("|" + string.Join("|", widths.Select((width, column) =>
                    new string('-', width + 1) + (column == 0 ? "-" : ":"))) + "|");
            }
        }
    }

    private static string Pad(string cell, int width, int column) =>
        column == 0 ? cell.PadRight(width) : cell.PadLeft(width);

    private static string Invariant(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
