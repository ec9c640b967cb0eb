namespace Audit.Pages.Overview;

/// <summary>One bar of the chart: calls that began in its time, in few kinds that can be told apart.</summary>
public sealed record HourBar(Timestamp Begin, int Done, int Reused, int Open, int Refused, int Forgotten, long Violations)
{
    public int Calls => Done + Reused + Open + Refused + Forgotten;

    public static HourBar Of(Timestamp begin, IEnumerable<HourModel> hours)
    {
        var all = hours.ToList();
        return new HourBar(
            begin,
            Count(CallState.Completed),
            Count(CallState.Cached, CallState.Replayed),
            Count(CallState.None, CallState.Requested, CallState.AwaitingConfirmation, CallState.Approved, CallState.Running),
            Count(CallState.Blocked, CallState.Cancelled, CallState.Invalidated),
            Count(CallState.PersistenceFailed),
            all.Sum(hour => hour.Violations));

        int Count(params CallState[] states) => all.Sum(hour => states.Sum(state => hour.States[state]));
    }
}
