namespace Audit.Pages.Sessions;

/// <summary>One call along time: how long it waited for a decision, how long it ran, and what became of it.</summary>
public sealed record Lane(CallModel Call, Timestamp Begin, Timestamp End)
{
    public (Timestamp From, Timestamp Until)? Waiting { get; private init; }

    public (Timestamp From, Timestamp Until)? Running { get; private init; }

    /// <param name="now">An open call goes on until then, if it is told of as of late.</param>
    public static Lane Of(CallModel call, Timestamp now)
    {
        var last = call.SettledAt ?? call.LastAt;
        var end = call.IsOpen && now > last && now.Ticks - last.Ticks < TimeSpan.TicksPerDay ? now : last;
        var running = RunningOf(call, end);
        var asked = call.AskedAt;
        var decided = call.DecidedAt ?? (call.State == CallState.AwaitingConfirmation ? end : asked is null ? null : running?.From ?? last);
        return new Lane(call, Earliest(call.FirstAt, asked, running?.From), end)
        {
            Waiting = asked is { } from && decided is { } until && until > from ? (from, until) : null,
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

        // A host that tells only how long it took says thereby when it began.
        var from = call.StartedAt is { } started && started <= settled ? started : new Timestamp(Math.Max(0, settled.Ticks - ran.Ticks), 0);
        return (from, settled);
    }

    private static Timestamp Earliest(Timestamp first, params Timestamp?[] others) =>
        others.OfType<Timestamp>().Append(first).Min();
}
