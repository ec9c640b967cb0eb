namespace Audit.Projections.TimeTravel;

/// <summary>A moment of the past: a position of the journal, or a time, which means what the book knew then.</summary>
public readonly record struct AsOf
{
    private AsOf(long? position, Timestamp? time) => (Position, Time) = (position, time);

    public long? Position { get; }

    public Timestamp? Time { get; }

    public static AsOf At(long position) => new(position, null);

    public static AsOf At(Timestamp time) => new(null, time);
}
