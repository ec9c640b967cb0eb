namespace Audit.Lifecycle.Time;

/// <summary>Reads and writes RFC 3339 times, with 0 to 9 fraction digits and any offset.</summary>
public static class Rfc3339
{
    private const int NanosPerTick = 100;
    private const int DateAndTimeLength = 19;

    public static bool TryParse(ReadOnlySpan<byte> text, out Timestamp time)
    {
        time = default;
        if (text.Length is < 20 or > 35
            || !Digits(text, 0, 4, out var year) || text[4] != '-'
            || !Digits(text, 5, 2, out var month) || text[7] != '-'
            || !Digits(text, 8, 2, out var day) || (text[10] is not ((byte)'T' or (byte)'t' or (byte)' '))
            || !Digits(text, 11, 2, out var hour) || text[13] != ':'
            || !Digits(text, 14, 2, out var minute) || text[16] != ':'
            || !Digits(text, 17, 2, out var second))
        {
            return false;
        }

        if (year == 0 || month is < 1 or > 12 || day < 1 || day > DateTime.DaysInMonth(year, month)
            || hour > 23 || minute > 59 || second > 60
            || !Fraction(text[DateAndTimeLength..], out var nanos, out var fractionLength)
            || !Offset(text[(DateAndTimeLength + fractionLength)..], out var offset))
        {
            return false;
        }

        // A leap second is read as the first moment of the next minute, for the framework's calendar has none.
        var ticks = new DateTime(year, month, day, hour, minute, 0, DateTimeKind.Utc).Ticks
            + second * TimeSpan.TicksPerSecond + nanos / NanosPerTick - offset.Ticks;
        if (ticks < 0 || ticks > DateTime.MaxValue.Ticks)
        {
            return false;
        }

        time = new Timestamp(ticks, (byte)(nanos % NanosPerTick));
        return true;
    }

    public static bool TryParse(string text, out Timestamp time)
    {
        Span<byte> ascii = stackalloc byte[36];
        time = default;
        return System.Text.Encoding.UTF8.TryGetBytes(text, ascii, out var length)
            && TryParse(ascii[..length], out time);
    }

    public static string Format(Timestamp time)
    {
        var text = time.ToDateTimeOffset().ToString("yyyy-MM-ddTHH:mm:ss.fffffff", CultureInfo.InvariantCulture);
        return time.Nanos == 0 ? text + "Z" : string.Create(CultureInfo.InvariantCulture, $"{text}{time.Nanos:00}Z");
    }

    private static bool Digits(ReadOnlySpan<byte> text, int at, int count, out int value)
    {
        value = 0;
        for (var index = at; index < at + count; index++)
        {
            if (!char.IsAsciiDigit((char)text[index]))
            {
                return false;
            }

            value = value * 10 + (text[index] - '0');
        }

        return true;
    }

    private static bool Fraction(ReadOnlySpan<byte> text, out int nanos, out int length)
    {
        nanos = 0;
        length = 0;
        if (text[0] != '.')
        {
            return true;
        }

        var digits = 0;
        while (digits + 1 < text.Length && char.IsAsciiDigit((char)text[digits + 1]))
        {
            digits++;
        }

        if (digits is < 1 or > 9)
        {
            return false;
        }

        Digits(text, 1, digits, out nanos);
        for (var missing = digits; missing < 9; missing++)
        {
            nanos *= 10;
        }

        length = digits + 1;
        return true;
    }

    private static bool Offset(ReadOnlySpan<byte> text, out TimeSpan offset)
    {
        offset = TimeSpan.Zero;
        if (text.Length == 1)
        {
            return text[0] is (byte)'Z' or (byte)'z';
        }

        if (text.Length != 6 || (text[0] is not ((byte)'+' or (byte)'-')) || text[3] != ':'
            || !Digits(text, 1, 2, out var hours) || !Digits(text, 4, 2, out var minutes) || hours > 23 || minutes > 59)
        {
            return false;
        }

        offset = new TimeSpan(hours, minutes, 0);
        offset = text[0] == '-' ? -offset : offset;
        return true;
    }
}
