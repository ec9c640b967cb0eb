using System.Globalization;
using Audit.Load.Reports;

namespace Audit.Load.Growth;

/// <summary>One figure, and what it was at each size; null where it is not known.</summary>
internal sealed record GrowthFigure(string Name, string Unit, IReadOnlyList<(int Rows, double? Figure)> Points)
{
    private static readonly IReadOnlyList<(string Row, string Name, string Unit, Func<ResultRow, double?> Of)> All =
    [
        (Names.RawBatch, "raw batch, the floor", "rows/s", row => row.Median),
        (Names.Engine, "engine in process", "events/s", row => row.Median),
        (Names.Searchable, "whole node until searchable", "events/s", row => row.Median),
        (Names.Searchable, "CPU of the node", "µs an event", row => row.NodeMicroseconds),
        (Names.SessionPage, "page of a session of 10,000 calls", "ms", row => row.MedianLatency),
        (Names.SearchPage, "first page of the slowest search", "ms", row => row.MedianLatency),
        (Names.Start, "start until ready", "ms", row => row.MedianLatency),
        (Names.Verify, "verify", "entries/s", row => row.Median),
        (Names.Rebuild, "rebuild of the read models", "events/s", row => row.Median),
        (Names.Searchable, "disk, all that lies there", "bytes a record", row => row.StoredOfARow),
        (Names.Searchable, "memory of the node", "MB resident at most", row => row.NodeMegabytes),
    ];

    /// <summary>By how much it may change from one size to a larger one: as the depth of a tree does.</summary>
    private const double Slack = 1.15;

    public static IReadOnlyList<GrowthFigure> Of(IReadOnlyList<LoadReport> reports) =>
    [
        .. All.Select(one => new GrowthFigure(one.Name, one.Unit, [
            .. reports.Select(report => (report.PrefilledRows, report.Of(one.Row) is { } row ? one.Of(row) : null)),
        ])),
    ];

    /// <summary>
    /// A sentence where it changes by more than a logarithm from one size to the next, slack included; null where it does
    /// not, or where that cannot be said. An empty store is no size that has a logarithm.
    /// </summary>
    public string? MoreThanLogarithmic()
    {
        var known = Points.Where(point => point.Rows > 1 && point.Figure is > 0).ToArray();
        foreach (var (before, after) in known.Zip(known.Skip(1)))
        {
            var ratio = after.Figure!.Value / before.Figure!.Value;
            var worse = Unit.EndsWith("/s", StringComparison.Ordinal) ? 1 / ratio : ratio;
            if (worse > Math.Log(after.Rows) / Math.Log(before.Rows) * Slack)
            {
                return string.Create(
                    CultureInfo.InvariantCulture,
                    $"{Name}: {after.Figure:#,0.##} {Unit} with {after.Rows:n0} rows, {before.Figure:#,0.##} with {
                        before.Rows:n0}, which is more than a logarithm.");
            }
        }

        return null;
    }
}

/// <summary>Figures over the rows of a store: a small plot of each, from zero.</summary>
internal static class GrowthPlot
{
    private const int Columns = 3, Width = 330, Height = 200, Top = 36;
    private const double Left = 24, Right = 36, Above = 58, Below = 30;

    public static string Draw(string title, IReadOnlyList<GrowthFigure> figures)
    {
        var svg = new Svg(Columns * Width, Top + ((figures.Count + Columns - 1) / Columns * Height));
        svg.Text(10, 22, title, "font-size=\"13\"");
        foreach (var (index, figure) in figures.Index())
        {
            Draw(svg, figure, index % Columns * Width, Top + (index / Columns * Height));
        }

        return svg.End();
    }

    private static void Draw(Svg svg, GrowthFigure figure, double x, double y)
    {
        svg.Text(x + Left, y + 14, figure.Name, "font-weight=\"bold\"");
        svg.Text(x + Left, y + 28, figure.Unit, "fill=\"#666\"");
        var floor = y + Height - Below;
        svg.Add($"<path d=\"M{x + Left:0.#} {floor:0.#}H{x + Width - Right:0.#}\" stroke=\"#999\" fill=\"none\"/>\n");
        var known = figure.Points.Where(point => point.Figure is { } one && double.IsFinite(one) && one >= 0)
            .Select(point => (point.Rows, Figure: point.Figure!.Value)).ToArray();
        if (known.Length == 0)
        {
            svg.Text(x + Left, floor - 10, "not measured", "fill=\"#999\"");
            return;
        }

        var (most, largest) = (Math.Max(known.Max(point => point.Rows), 1), known.Max(point => point.Figure));
        var placed = Array.ConvertAll(known, point => (
            X: x + Left + (point.Rows / (double)most * (Width - Left - Right)),
            Y: floor - (largest > 0 ? point.Figure / largest * (Height - Above - Below) : 0),
            point.Rows, point.Figure));
        svg.Add($"<polyline fill=\"none\" stroke=\"#2f6fad\" stroke-width=\"2\" points=\"");
        foreach (var point in placed)
        {
            svg.Add($"{point.X:0.#},{point.Y:0.#} ");
        }

        svg.Add($"\"/>\n");
        foreach (var point in placed)
        {
            svg.Add($"<circle cx=\"{point.X:0.#}\" cy=\"{point.Y:0.#}\" r=\"3\" fill=\"#2f6fad\"/>\n");
            svg.Text(point.X, point.Y - 6, Short(point.Figure), "text-anchor=\"middle\"");
            svg.Text(point.X, floor + 14, Short(point.Rows), "text-anchor=\"middle\" fill=\"#666\"");
        }
    }

    private static string Short(double figure) => figure switch
    {
        >= 1_000_000 => (figure / 1_000_000).ToString("0.##' M'", CultureInfo.InvariantCulture),
        >= 100 => figure.ToString("#,0", CultureInfo.InvariantCulture),
        _ => figure.ToString("0.##", CultureInfo.InvariantCulture),
    };
}
