using Audit.Projections.Language;

namespace Audit.Projections.Search;

/// <summary>
/// Which years, months, days and hours cover a range of times: whatever lies in it has one of their marks.
/// </summary>
internal static class TimeMarks
{
    public static IReadOnlyList<string[]> Covering(TimeRange range)
    {
        var from = HourOf(range.From);
        var until = range.Until > range.From ? HourOf(range.Until - 1).AddHours(1) : from;
        var marks = new List<string[]>();
        while (from < until)
        {
            var (mark, next) = Widest(from, until);
            marks.Add([mark]);
            from = next;
        }

        return marks;
    }

    private static (string Mark, DateTime Next) Widest(DateTime from, DateTime until)
    {
        var isDay = from.Hour == 0;
        var isMonth = isDay && from.Day == 1;
        return isMonth && from.Month == 1 && from.AddYears(1) <= until ? (Marks.Year(from.Year), from.AddYears(1))
            : isMonth && from.AddMonths(1) <= until ? (Marks.Month(from), from.AddMonths(1))
            : isDay && from.AddDays(1) <= until ? (Marks.Day(from), from.AddDays(1))
            : (Marks.Hour(from), from.AddHours(1));
    }

    private static DateTime HourOf(long number) => HourOf(new DateTime(Instants.FromNumber(number).Ticks));

    private static DateTime HourOf(DateTime time)
    {
        var clamped = Marks.Clamp(time);
        return clamped.Date.AddHours(clamped.Hour);
    }
}
