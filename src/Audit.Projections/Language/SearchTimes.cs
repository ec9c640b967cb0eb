namespace Audit.Projections.Language;

/// <summary>Reads the times of queries; all are UTC where they do not say otherwise.</summary>
internal static class SearchTimes
{
    private const long Never = long.MaxValue;

    private static readonly string[] Weekdays = [.. Enum.GetNames<DayOfWeek>().Select(name => name.ToLowerInvariant())];

    /// <summary>A day is a range, how long ago is one until ever, and a time is one without length.</summary>
    public static TimeRange? Read(string text, DateTimeOffset now)
    {
        var word = text.ToLowerInvariant();
        return Day(word, now) ?? Ago(word, now) ?? Moment(text);
    }

    private static TimeRange? Day(string word, DateTimeOffset now)
    {
        var today = now.UtcDateTime.Date;
        if (word == "today")
        {
            return DayAt(today);
        }

        if (word == "yesterday")
        {
            return DayAt(today.AddDays(-1));
        }

        if (DateTime.TryParseExact(word, "yyyy-MM-dd", CultureInfo.InvariantCulture, DateTimeStyles.None, out var date))
        {
            return DayAt(date);
        }

        var isLast = word.StartsWith("last-", StringComparison.Ordinal);
        var weekday = Array.IndexOf(Weekdays, isLast ? word["last-".Length..] : word);
        if (weekday < 0)
        {
            return null;
        }

        // A weekday is the latest one, today included; the last one lies before today.
        var back = ((int)today.DayOfWeek - weekday + 7) % 7;
        return DayAt(today.AddDays(back == 0 && isLast ? -7 : -back));
    }

    private static TimeRange? Ago(string word, DateTimeOffset now)
    {
        var number = word.AsSpan(0, Math.Max(word.Length - 1, 0));
        if (!int.TryParse(number, NumberStyles.None, CultureInfo.InvariantCulture, out var count))
        {
            return null;
        }

        var unit = word[^1] switch
        {
            'm' => TimeSpan.FromMinutes(1),
            'h' => TimeSpan.FromHours(1),
            'd' => TimeSpan.FromDays(1),
            'w' => TimeSpan.FromDays(7),
            _ => TimeSpan.Zero,
        };
        return unit == TimeSpan.Zero || count > now.UtcTicks / unit.Ticks
            ? null
            : new TimeRange(Number(now.UtcDateTime - unit * count), Never);
    }

    private static TimeRange? Moment(string text) =>
        Rfc3339.TryParse(text, out var time) && Instants.ToNumber(Instants.Clamp(time)) is var number
            ? new TimeRange(number, number)
            : null;

    private static TimeRange DayAt(DateTime date) =>
        new(Number(date), date < DateTime.MaxValue.Date ? Number(date.AddDays(1)) : Never);

    private static long Number(DateTime time) => Instants.ToNumber(Instants.Clamp(new Timestamp(time.Ticks, 0)));
}
