namespace Audit.Pages.Overview;

/// <summary>The time that the chart shows: some bars of as many hours each, the last one being now's.</summary>
public sealed record HourRange(string Word, string Name, int HoursInBar, int Bars, long Until)
{
    private static readonly (string Word, string Name, int HoursInBar, int Bars)[] Known =
    [
        ("day", "24 hours", 1, 24), ("week", "7 days", 6, 28), ("month", "30 days", 24, 30),
        ("quarter", "90 days", 72, 30),
    ];

    public static IEnumerable<(string Word, string Name)> All => Known.Select(one => (one.Word, one.Name));

    public static string Accepted { get; } = string.Join(", ", Known.Select(one => one.Word));

    public long From => Until - ((long)HoursInBar * Bars);

    /// <returns>Null when there is no such range.</returns>
    public static HourRange? Of(string word, Timestamp now) =>
        Known.Where(one => one.Word == word)
            .Select(one => new HourRange(one.Word, one.Name, one.HoursInBar, one.Bars, EndOf(now, one.HoursInBar)))
            .FirstOrDefault();

    /// <summary>The bars with what is in each.</summary>
    public IEnumerable<HourBar> BarsOf(HourTotals totals)
    {
        var byBar = totals.Hours.ToLookup(hour => (int)((hour.Hour - From) / HoursInBar));
        return Enumerable.Range(0, Bars)
            .Select(bar => HourBar.Of(
                HourModel.Begin(From + ((long)bar * HoursInBar)),
                HourModel.Begin(From + ((bar + 1L) * HoursInBar)), byBar[bar]));
    }

    // Bars begin at whole multiples, so that a bar of a day is a day.
    private static long EndOf(Timestamp now, int hoursInBar) => ((HourModel.HourOf(now) / hoursInBar) + 1) * hoursInBar;
}

/// <summary>One bar of the chart: calls that began in its time, in few kinds.</summary>
public sealed record HourBar(
    Timestamp Begin, Timestamp End, int Done, int Failed, int Reused, int Open, int Refused, int Forgotten,
    long Violations)
{
    public int Calls => Done + Failed + Reused + Open + Refused + Forgotten;

    /// <summary>So many bars of a time, in each of which counts what began in it.</summary>
    public static IReadOnlyList<HourBar> Of(Timestamp from, Timestamp until, int bars, IEnumerable<CallGroup> groups)
    {
        var length = Math.Max(1, ((until.Ticks - from.Ticks) / bars) + 1);
        var byPart = groups.ToLookup(group => group.Part);
        return
        [
            .. Enumerable.Range(0, bars).Select(part =>
            {
                var here = byPart[part].ToList();
                var failed = (int)here.Where(group => group is { State: CallState.Completed, IsFailed: true })
                    .Sum(group => group.Calls);
                return Of(
                    new Timestamp(from.Ticks + (part * length), 0),
                    new Timestamp(from.Ticks + ((part + 1) * length), 0),
                    state => (int)here.Where(group => group.State == state).Sum(group => group.Calls), failed,
                    here.Where(group => group.HasViolations).Sum(group => group.Calls));
            }),
        ];
    }

    public static HourBar Of(Timestamp begin, Timestamp end, IEnumerable<HourModel> hours)
    {
        var all = hours.ToList();
        return Of(
            begin, end, state => all.Sum(hour => hour.States[state]), (int)all.Sum(hour => hour.Failed),
            all.Sum(hour => hour.Violations));
    }

    private static HourBar Of(
        Timestamp begin, Timestamp end, Func<CallState, int> countOf, int failed, long violations)
    {
        return new HourBar(
            begin, end,
            Count(CallState.Completed) - failed,
            failed,
            Count(CallState.Cached, CallState.Replayed),
            Count(
                CallState.None, CallState.Requested, CallState.AwaitingConfirmation, CallState.Approved,
                CallState.Running),
            Count(CallState.Blocked, CallState.Cancelled, CallState.Invalidated),
            Count(CallState.PersistenceFailed),
            violations);

        int Count(params CallState[] states) => states.Sum(countOf);
    }
}
