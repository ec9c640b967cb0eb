namespace Audit.Projections.Models;

/// <summary>
/// The calls that were first reported in one hour, by the state that they are in now; and one for those of all time.
/// </summary>
public sealed record HourModel
{
    /// <summary>The number of what counts the calls of all hours.</summary>
    public const long AllHours = long.MinValue;

    /// <summary>Hours since 1970.</summary>
    public required long Hour { get; init; }

    public StateCounts States { get; init; } = StateCounts.Empty;

    /// <summary>Standing violations of these calls.</summary>
    public long Violations { get; init; }

    /// <summary>
    /// Violations of these calls, standing or lifted, and of windows in this hour, that wait for a person.
    /// </summary>
    public long Unreviewed { get; init; }

    [JsonIgnore]
    public bool IsEmpty => Calls == 0 && Unreviewed == 0;

    [JsonIgnore]
    public long Calls => States.ByState.Sum(count => (long)count);

    public static long HourOf(Timestamp time) => (long)Math.Floor(Moment.SecondOf(time) / 3600.0);

    public static Timestamp Begin(long hour) => new(DateTime.UnixEpoch.Ticks + hour * TimeSpan.TicksPerHour, 0);
}

/// <summary>Calls by state: of all time, and hour by hour for those hours of a range that have any.</summary>
public sealed record HourTotals(HourModel All, IReadOnlyList<HourModel> Hours);
