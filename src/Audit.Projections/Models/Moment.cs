namespace Audit.Projections.Models;

/// <summary>The first row that was received in a second later than all before it: where a time lies in the journal.</summary>
/// <param name="Second">Since 1970.</param>
internal readonly record struct Moment(long Second, long Position)
{
    public static long SecondOf(Timestamp time) =>
        (long)Math.Floor((time.Ticks - DateTime.UnixEpoch.Ticks) / (double)TimeSpan.TicksPerSecond);
}
