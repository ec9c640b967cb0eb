using System.Text.Json;

namespace Audit.Load.Reports;

/// <summary>The report for machines.</summary>
internal static class JsonReport
{
    private static readonly JsonSerializerOptions Format = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        WriteIndented = true,
    };

    public static async Task WriteAsync(LoadReport report, string file)
    {
        await using var stream = File.Create(file);
        await JsonSerializer.SerializeAsync(
            stream,
            new
            {
                report.Machine,
                report.Store,
                report.Records,
                report.PrefilledRows,
                report.Runs,
                Measured = report.Rows,
                Ratios = report.Ratios.Select(pair => new { pair.Key.Subject, pair.Key.Floor, Ratio = pair.Value }),
                Owed = Goal.All.Where(goal => report.Of(goal.Subject) is not null).Select(goal => new
                {
                    goal.Subject,
                    goal.What,
                    goal.Owed,
                    goal.AtMost,
                    Measured = goal.Figure(report),
                    Met = goal.IsMet(report),
                }),
            },
            Format);
    }
}
