namespace Audit.Pages.Sessions;

/// <summary>The calls of a session along time: a lane each, and behind them the windows of their tasks.</summary>
public sealed record Waterfall(Timestamp From, Timestamp Until, IReadOnlyList<Lane> Lanes, IReadOnlyList<Band> Bands)
{
    private const double Width = 740;

    private static readonly TimeSpan[] Steps =
    [
        .. new[] { 10, 50, 100, 500 }.Select(count => TimeSpan.FromMilliseconds(count)),
        .. new[] { 1, 5, 15, 30 }.Select(count => TimeSpan.FromSeconds(count)),
        .. new[] { 1, 5, 15, 30 }.Select(count => TimeSpan.FromMinutes(count)),
        .. new[] { 1, 3, 6, 12 }.Select(count => TimeSpan.FromHours(count)),
        .. new[] { 1, 7, 30, 365 }.Select(count => TimeSpan.FromDays(count)),
    ];

    /// <summary>The calls in the order of the lanes.</summary>
    public IReadOnlyList<CallModel> Calls => [.. Lanes.Select(lane => lane.Call)];

    /// <summary>How deep in the tree of the calls each of them stands.</summary>
    public IReadOnlyDictionary<string, int> Depths => Lanes.ToDictionary(lane => lane.Call.CallId, lane => lane.Depth);

    private long Span => Math.Max(1, Until.Ticks - From.Ticks);

    /// <summary>Where a time lies, in units of the drawing; what is outside lies at its edge.</summary>
    public double X(Timestamp time) => Math.Clamp((time.Ticks - From.Ticks) * Width / Span, 0, Width);

    /// <summary>The time at a part of what is shown; 0 is its beginning, 1 its end.</summary>
    public Timestamp At(double part)
    {
        var ticks = From.Ticks + (long)((Until.Ticks - From.Ticks) * part);
        return new Timestamp(Math.Clamp(ticks, DateTime.UnixEpoch.Ticks, DateTime.MaxValue.Ticks), 0);
    }

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

    /// <param name="calls">The first one first; those of a parent get their lanes below its own.</param>
    /// <param name="from">The zoom; null to show all of the calls.</param>
    public static Waterfall Of(
        IReadOnlyList<CallModel> calls, IEnumerable<WindowModel> windows, Timestamp? from, Timestamp? until,
        Timestamp now)
    {
        var lanes = CallTree.Of(calls, call => call.CallId, call => call.Parent)
            .Select(branch => Lane.Of(branch.Call, now) with { Depth = branch.Depth }).ToList();
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

/// <summary>One call along time: how long it waited for a decision, how long it ran, and what became of it.</summary>
public sealed record Lane(CallModel Call, Timestamp Begin, Timestamp End)
{
    public (Timestamp From, Timestamp Until)? Waiting { get; private init; }

    public (Timestamp From, Timestamp Until)? Running { get; private init; }

    /// <inheritdoc cref="Branch{T}.Depth"/>
    public int Depth { get; init; }

    /// <param name="now">An open call goes on until then, if its last message is of the last day.</param>
    public static Lane Of(CallModel call, Timestamp now)
    {
        var last = call.SettledAt ?? call.LastAt;
        var end = call.IsOpen && now > last && now.Ticks - last.Ticks < TimeSpan.TicksPerDay ? now : last;
        var running = RunningOf(call, end);
        var asked = call.AskedAt;
        var undecided = call.State == CallState.AwaitingConfirmation ? end : running?.From ?? last;
        var decided = call.DecidedAt ?? undecided;
        return new Lane(call, Earliest(call.FirstAt, asked, running?.From), end)
        {
            Waiting = asked is { } from && decided > from ? (from, decided) : null,
            Running = running,
        };
    }

    private static (Timestamp From, Timestamp Until)? RunningOf(CallModel call, Timestamp end)
    {
        if (call.State == CallState.Running)
        {
            return (call.StartedAt ?? call.LastAt, end);
        }

        if (call.SettledAt is not { } settled || call.Ran is not { } ran || ran <= TimeSpan.Zero)
        {
            return null;
        }

        // A host that reports only how long it took reports by that when it began.
        var began = new Timestamp(Math.Max(0, settled.Ticks - ran.Ticks), 0);
        return (call.StartedAt is { } started && started <= settled ? started : began, settled);
    }

    private static Timestamp Earliest(Timestamp first, params Timestamp?[] others) =>
        others.OfType<Timestamp>().Append(first).Min();
}

/// <summary>The time in which a task window was open.</summary>
public sealed record Band(string Window, Timestamp From, Timestamp Until)
{
    /// <returns>Null for a window that was never approved.</returns>
    public static Band? Of(WindowModel window) =>
        window.Until is { } until && window.OpensAt is { } opens && opens < until
            ? new Band(window.Alias ?? window.WindowId, opens, until)
            : null;
}
