namespace Audit.Pages.Sessions;

/// <summary>The calls of a session along time: a lane each, and behind them the windows of their tasks.</summary>
public sealed record Waterfall(Timestamp From, Timestamp Until, IReadOnlyList<Lane> Lanes, IReadOnlyList<Band> Bands)
{
    private const double Width = 740;

    private static readonly TimeSpan[] Steps =
    [
        TimeSpan.FromMilliseconds(10), TimeSpan.FromMilliseconds(50), TimeSpan.FromMilliseconds(100), TimeSpan.FromMilliseconds(500),
        TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(5), TimeSpan.FromSeconds(15), TimeSpan.FromSeconds(30), TimeSpan.FromMinutes(1),
        TimeSpan.FromMinutes(5), TimeSpan.FromMinutes(15), TimeSpan.FromMinutes(30), TimeSpan.FromHours(1), TimeSpan.FromHours(3),
        TimeSpan.FromHours(6), TimeSpan.FromHours(12), TimeSpan.FromDays(1), TimeSpan.FromDays(7), TimeSpan.FromDays(30), TimeSpan.FromDays(365),
    ];

    private long Span => Math.Max(1, Until.Ticks - From.Ticks);

    /// <summary>Where a time lies, in units of the drawing; what is outside lies at its edge.</summary>
    public double X(Timestamp time) => Math.Clamp((time.Ticks - From.Ticks) * Width / Span, 0, Width);

    public bool IsOutside(Timestamp time) => time < From || time > Until;

    /// <summary>A few round times of the axis.</summary>
    public IEnumerable<Timestamp> Ticks()
    {
        var step = Steps.FirstOrDefault(one => one.Ticks * 7 >= Span, Steps[^1]).Ticks;
        for (var ticks = (From.Ticks / step + 1) * step; ticks <= Until.Ticks; ticks += step)
        {
            yield return new Timestamp(ticks, 0);
        }
    }

    /// <param name="calls">In the order of the lanes.</param>
    /// <param name="from">The zoom; null to show all of the calls.</param>
    public static Waterfall Of(
        IReadOnlyList<CallModel> calls, IEnumerable<WindowModel> windows, Timestamp? from, Timestamp? until, Timestamp now)
    {
        var lanes = calls.Select(call => Lane.Of(call, now)).ToList();
        var begin = from ?? lanes.Select(lane => lane.Begin).DefaultIfEmpty(now).Min();
        var end = until ?? lanes.Select(lane => lane.End).DefaultIfEmpty(now).Max();
        if (end <= begin)
        {
            end = begin.Add(TimeSpan.FromSeconds(1));
        }

        // A little room, so that marks at the edges are whole.
        var room = TimeSpan.FromTicks((end.Ticks - begin.Ticks) / 50);
        begin = from ?? new Timestamp(Math.Max(0, begin.Ticks - room.Ticks), 0);
        end = until ?? end.Add(room);
        var bands = windows.Select(Band.Of).OfType<Band>().Where(band => band.Until > begin && band.From < end);
        return new Waterfall(begin, end, lanes, [.. bands]);
    }
}
