using System.Numerics;

namespace Audit.Projections.Models;

/// <summary>How many calls are in each state; those of none are of calls of which nothing could be read.</summary>
public sealed record StateCounts(IReadOnlyList<int> ByState)
{
    public static readonly StateCounts Empty = new(new int[Words.AllStates.Count]);

    [JsonIgnore]
    public int this[CallState state] => ByState[(int)state];

    /// <summary>
    /// A call that was in one state and is in another; null when it was not there, or is not there any more.
    /// </summary>
    public StateCounts Change(CallState? before, CallState? after)
    {
        if (before == after)
        {
            return this;
        }

        var changed = ByState.ToArray();
        if (after is { } now)
        {
            changed[(int)now]++;
        }

        if (before is { } was)
        {
            changed[(int)was]--;
        }

        return new StateCounts(changed);
    }
}

/// <summary>How many calls have each anomaly: counted, for a re-judgement takes an anomaly back.</summary>
public sealed record AnomalyCounts(IReadOnlyList<int> ByFlag)
{
    public static readonly AnomalyCounts Empty = new([]);

    [JsonIgnore]
    public Anomalies Present
    {
        get
        {
            var present = 0;
            for (var flag = 0; flag < ByFlag.Count; flag++)
            {
                present |= ByFlag[flag] > 0 ? 1 << flag : 0;
            }

            return (Anomalies)present;
        }
    }

    public int Of(Anomalies anomaly) =>
        BitOperations.Log2((uint)anomaly) is var flag && flag < ByFlag.Count ? ByFlag[flag] : 0;

    /// <summary>A call that had some anomalies and has others.</summary>
    public AnomalyCounts Change(Anomalies before, Anomalies after)
    {
        if (before == after)
        {
            return this;
        }

        var changed = new int[Math.Max(ByFlag.Count, BitOperations.Log2((uint)(before | after)) + 1)];
        for (var flag = 0; flag < changed.Length; flag++)
        {
            var known = flag < ByFlag.Count ? ByFlag[flag] : 0;
            changed[flag] = known + ((int)after >> flag & 1) - ((int)before >> flag & 1);
        }

        return new AnomalyCounts(Trim(changed));
    }

    /// <summary>Without zeros at the end, so that what was taken back leaves no trace of having been there.</summary>
    private static int[] Trim(int[] counts)
    {
        var length = counts.Length;
        while (length > 0 && counts[length - 1] == 0)
        {
            length--;
        }

        return counts[..length];
    }
}

/// <summary>How many messages of a call, or calls of a task, were judged how.</summary>
public readonly record struct JudgementCounts
{
    public int NoTask { get; init; }

    public int InWindow { get; init; }

    public int OutOfScope { get; init; }

    public int OutsideWindow { get; init; }

    public int WindowUnproven { get; init; }

    /// <summary>Of those in a window, how many have each mark.</summary>
    public int GrantedAfter { get; init; }

    public int DecidedInTime { get; init; }

    public int Accepted { get; init; }

    [JsonIgnore]
    public WindowMarks Marks =>
        (GrantedAfter > 0 ? WindowMarks.GrantedAfter : 0) | (DecidedInTime > 0 ? WindowMarks.DecidedInTime : 0)
        | (Accepted > 0 ? WindowMarks.Accepted : 0);

    /// <summary>The gravest judgement that anything got.</summary>
    public WindowJudgement Worst() =>
        OutsideWindow > 0 ? WindowJudgement.OutsideWindow
        : OutOfScope > 0 ? WindowJudgement.OutOfScope
        : WindowUnproven > 0 ? WindowJudgement.WindowUnproven
        : InWindow > 0 ? WindowJudgement.InWindow
        : WindowJudgement.NoTask;

    public JudgementCounts Add(WindowJudgement judgement, WindowMarks marks, int count)
    {
        var counts = marks == WindowMarks.None ? this : this with
        {
            GrantedAfter = GrantedAfter + ((marks & WindowMarks.GrantedAfter) != 0 ? count : 0),
            DecidedInTime = DecidedInTime + ((marks & WindowMarks.DecidedInTime) != 0 ? count : 0),
            Accepted = Accepted + ((marks & WindowMarks.Accepted) != 0 ? count : 0),
        };
        return judgement switch
        {
            WindowJudgement.NoTask => counts with { NoTask = NoTask + count },
            WindowJudgement.InWindow => counts with { InWindow = InWindow + count },
            WindowJudgement.WindowUnproven => counts with { WindowUnproven = WindowUnproven + count },
            WindowJudgement.OutOfScope => counts with { OutOfScope = OutOfScope + count },
            _ => counts with { OutsideWindow = OutsideWindow + count },
        };
    }

    /// <summary>
    /// A call that was judged one way and is judged another, by its messages; null stands for not being there.
    /// </summary>
    public JudgementCounts Change(JudgementCounts? before, JudgementCounts? after)
    {
        var counts = before is { } was ? Add(was.Worst(), was.Marks, -1) : this;
        return after is { } now ? counts.Add(now.Worst(), now.Marks, 1) : counts;
    }

    public JudgementCounts Plus(JudgementCounts other) => new()
    {
        NoTask = NoTask + other.NoTask,
        InWindow = InWindow + other.InWindow,
        OutOfScope = OutOfScope + other.OutOfScope,
        OutsideWindow = OutsideWindow + other.OutsideWindow,
        WindowUnproven = WindowUnproven + other.WindowUnproven,
        GrantedAfter = GrantedAfter + other.GrantedAfter,
        DecidedInTime = DecidedInTime + other.DecidedInTime,
        Accepted = Accepted + other.Accepted,
    };
}

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

    /// <summary>Those of them whose result says that they failed.</summary>
    public long Failed { get; init; }

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
