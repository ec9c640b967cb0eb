namespace Audit.Lifecycle.Time;

/// <summary>
/// A moment in UTC to the nanosecond. Hosts write up to nine fraction digits and two records of one call can lie
/// closer together than the 100 ns of the framework's own types, so the order of a history needs all of them.
/// </summary>
public readonly record struct Timestamp(long Ticks, byte Nanos) : IComparable<Timestamp>
{
    public static readonly Timestamp Latest = new(DateTime.MaxValue.Ticks, 99);

    public static Timestamp From(DateTimeOffset time) => new(time.UtcTicks, 0);

    public DateTimeOffset ToDateTimeOffset() => new(Ticks, TimeSpan.Zero);

    public Timestamp Add(TimeSpan span) =>
        Ticks > DateTime.MaxValue.Ticks - span.Ticks ? Latest : new(Ticks + span.Ticks, Nanos);

    public Timestamp AddNanoseconds(long nanos)
    {
        var all = Nanos + nanos;
        var ticks = Math.DivRem(all, 100, out var rest);
        (ticks, rest) = rest < 0 ? (ticks - 1, rest + 100) : (ticks, rest);
        return Ticks + ticks > DateTime.MaxValue.Ticks ? Latest
            : Ticks + ticks < 0 ? default
            : new(Ticks + ticks, (byte)rest);
    }

    /// <summary>The very next moment, for what must come after everything that is known already.</summary>
    public Timestamp Next() =>
        Nanos < 99 ? new(Ticks, (byte)(Nanos + 1)) : Ticks < DateTime.MaxValue.Ticks ? new(Ticks + 1, 0) : Latest;

    public int CompareTo(Timestamp other) =>
        Ticks != other.Ticks ? Ticks.CompareTo(other.Ticks) : Nanos.CompareTo(other.Nanos);

    public static bool operator <(Timestamp left, Timestamp right) => left.CompareTo(right) < 0;

    public static bool operator >(Timestamp left, Timestamp right) => left.CompareTo(right) > 0;

    public static bool operator <=(Timestamp left, Timestamp right) => left.CompareTo(right) <= 0;

    public static bool operator >=(Timestamp left, Timestamp right) => left.CompareTo(right) >= 0;

    public override string ToString() => Rfc3339.Format(this);
}
