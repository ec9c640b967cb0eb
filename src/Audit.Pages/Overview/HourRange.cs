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
            .Select(bar => HourBar.Of(HourModel.Begin(From + ((long)bar * HoursInBar)), byBar[bar]));
    }

    // Bars begin at whole multiples, so that a bar of a day is a day.
    private static long EndOf(Timestamp now, int hoursInBar) => ((HourModel.HourOf(now) / hoursInBar) + 1) * hoursInBar;
}

/// <summary>One bar of the chart: calls that began in its time, in few kinds.</summary>
public sealed record HourBar(
    Timestamp Begin, int Done, int Reused, int Open, int Refused, int Forgotten, long Violations)
{
    public int Calls => Done + Reused + Open + Refused + Forgotten;

    public static HourBar Of(Timestamp begin, IEnumerable<HourModel> hours)
    {
        var all = hours.ToList();
        return new HourBar(
            begin,
            Count(CallState.Completed),
            Count(CallState.Cached, CallState.Replayed),
            Count(
                CallState.None, CallState.Requested, CallState.AwaitingConfirmation, CallState.Approved,
                CallState.Running),
            Count(CallState.Blocked, CallState.Cancelled, CallState.Invalidated),
            Count(CallState.PersistenceFailed),
            all.Sum(hour => hour.Violations));

        int Count(params CallState[] states) => all.Sum(hour => states.Sum(state => hour.States[state]));
    }
}
