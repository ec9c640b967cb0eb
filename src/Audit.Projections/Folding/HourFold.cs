namespace Audit.Projections.Folding;

/// <summary>Counts calls by the hour in which they began. A call that turns out to have begun earlier moves.</summary>
internal static class HourFold
{
    public static IEnumerable<long> HoursOf(CallModel? before, CallModel after)
    {
        yield return HourModel.AllHours;
        yield return HourModel.HourOf(after.FirstAt);
        if (before is not null)
        {
            yield return HourModel.HourOf(before.FirstAt);
        }
    }

    /// <returns>The hours that change: each once, as it is to be.</returns>
    public static IEnumerable<HourModel> Count(CallModel? before, CallModel after, Func<long, HourModel?> find)
    {
        yield return Change(Known(HourModel.AllHours), before, after);
        var hour = HourModel.HourOf(after.FirstAt);
        if (before is null || HourModel.HourOf(before.FirstAt) is var past && past == hour)
        {
            yield return Change(Known(hour), before, after);
            yield break;
        }

        yield return Change(Known(past), before, null);
        yield return Change(Known(hour), null, after);

        HourModel Known(long number) => find(number) ?? new HourModel { Hour = number };
    }

    /// <summary>Refused acts on windows, which are of no call.</summary>
    public static IEnumerable<HourModel> Count(long hour, int more, Func<long, HourModel?> find)
    {
        foreach (var number in new[] { HourModel.AllHours, hour })
        {
            var known = find(number) ?? new HourModel { Hour = number };
            yield return known with { Unreviewed = known.Unreviewed + more };
        }
    }

    private static HourModel Change(HourModel hour, CallModel? before, CallModel? after) => hour with
    {
        States = hour.States.Change(before?.State, after?.State),
        Failed = hour.Failed + (after is { IsFailed: true } ? 1 : 0) - (before is { IsFailed: true } ? 1 : 0),
        Violations = hour.Violations + (after?.Violations ?? 0) - (before?.Violations ?? 0),
        Unreviewed = hour.Unreviewed + (after?.Unreviewed ?? 0) - (before?.Unreviewed ?? 0),
    };
}
