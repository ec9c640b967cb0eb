namespace Audit.Projections.Models;

/// <summary>
/// Times as a read store holds them: nanoseconds since 1970 in one sortable number. It reaches from 1678 to 2261; what
/// a host says beyond is clamped as it is read, so that a model in memory never differs from the same one read back.
/// </summary>
internal static class Instants
{
    private const long TicksReach = 92_000_000_000_000_000;
    public const int NanosPerTick = 100;

    public static Timestamp Clamp(Timestamp time)
    {
        var ticks = time.Ticks - DateTime.UnixEpoch.Ticks;
        return ticks is > -TicksReach and < TicksReach
            ? time
            : new Timestamp(DateTime.UnixEpoch.Ticks + (ticks < 0 ? -TicksReach : TicksReach), 0);
    }

    /// <param name="time">A clamped time.</param>
    public static long ToNumber(Timestamp time) => (time.Ticks - DateTime.UnixEpoch.Ticks) * NanosPerTick + time.Nanos;

    public static long? ToNumber(Timestamp? time) => time is { } known ? ToNumber(known) : null;

    public static Timestamp FromNumber(long number)
    {
        var (ticks, nanos) = Math.DivRem(number, NanosPerTick);
        if (nanos < 0)
        {
            (ticks, nanos) = (ticks - 1, nanos + NanosPerTick);
        }

        return new Timestamp(DateTime.UnixEpoch.Ticks + ticks, (byte)nanos);
    }

    public static Timestamp Earlier(Timestamp one, Timestamp other) => one < other ? one : other;

    public static Timestamp Later(Timestamp one, Timestamp other) => one > other ? one : other;

    public static Timestamp Earlier(Timestamp? known, Timestamp other) =>
        known is { } time ? Earlier(time, other) : other;

    public static Timestamp Later(Timestamp? known, Timestamp other) => known is { } time ? Later(time, other) : other;
}

/// <summary>
/// The first row that was received in a second later than all before it: where a time lies in the journal.
/// </summary>
/// <param name="Second">Since 1970.</param>
internal readonly record struct Moment(long Second, long Position)
{
    public static long SecondOf(Timestamp time) =>
        (long)Math.Floor((time.Ticks - DateTime.UnixEpoch.Ticks) / (double)TimeSpan.TicksPerSecond);
}
