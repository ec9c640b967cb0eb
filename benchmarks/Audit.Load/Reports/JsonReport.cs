using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Audit.Load.Reports;

/// <summary>The report for machines, one of which is a line of the history.</summary>
/// <param name="At">When it was written.</param>
/// <param name="Commit">What was measured, with a plus where files differed from it; null outside of a checkout.</param>
internal sealed record JsonReport(
    DateTimeOffset At, string? Commit, Machine Machine, string Store, string Engine, int Records, int PrefilledRows,
    int Runs, IReadOnlyDictionary<string, string> LeftOut, IReadOnlyList<ResultRow> Measured, IReadOnlyList<FloorRatio> Ratios,
    IReadOnlyList<OwedFigure> Owed)
{
    private static readonly JsonSerializerOptions Format = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        // A file for people to look at too, which no page takes in.
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals,
    };

    private static readonly JsonSerializerOptions IndentedFormat = new(Format) { WriteIndented = true };

    public static JsonReport Of(LoadReport report) => new(
        DateTimeOffset.UtcNow, History.Commit(), report.Machine, report.Store, report.Engine, report.Records,
        report.PrefilledRows, report.Runs, report.LeftOut, report.Rows,
        [.. report.Ratios.Select(pair => new FloorRatio(pair.Key.Subject, pair.Key.Floor, pair.Value))],
        [
            .. Goal.All.Where(goal => report.Of(goal.Subject) is not null).Select(goal => new OwedFigure(
                goal.Subject, goal.What, goal.OwedOn(report.Store), goal.AtMost, goal.Figure(report),
                goal.IsMet(report))),
        ]);

    public string Line() => JsonSerializer.Serialize(this, Format);

    public string Indented() => JsonSerializer.Serialize(this, IndentedFormat);

    /// <summary>Reads one that may be older than what stands in a report today.</summary>
    /// <exception cref="JsonException">It is no report.</exception>
    public static JsonReport Read(string line) =>
        JsonSerializer.Deserialize<JsonReport>(line, Format) is
        {
            Machine: not null, Store: not null, Measured: not null, Ratios: not null, Owed: not null,
        } read
            ? read
            : throw new JsonException("machine, store, measured, ratios and owed are to stand in it.");

    public ResultRow? Of(string name) => Measured.FirstOrDefault(row => row.Name == name);

    public double? Ratio(string subject, string floor) =>
        Ratios.FirstOrDefault(ratio => ratio.Subject == subject && ratio.Floor == floor)?.Ratio;
}

/// <summary>The rate of a subject, where that of a floor in the same run is one.</summary>
internal sealed record FloorRatio(string Subject, string Floor, double Ratio);

/// <summary>What is owed, and what came of it; null where that was not measured.</summary>
internal sealed record OwedFigure(string Subject, string What, double Owed, bool AtMost, double? Measured, bool? Met);
