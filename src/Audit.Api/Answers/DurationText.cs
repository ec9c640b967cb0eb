namespace Audit.Api.Answers;

/// <summary>Reads a length of time as people write it: a whole number and a unit.</summary>
public static class DurationText
{
    public const string Accepted = "a whole number and a unit, s, m, h or d, such as 90m or 48h, from 1s to 3650d";

    private static readonly TimeSpan Longest = TimeSpan.FromDays(3650);

    public static bool TryParse(string text, out TimeSpan duration)
    {
        duration = TimeSpan.Zero;
        if (text.Length < 2 || SecondsOf(text[^1]) is not { } unit
            || !int.TryParse(
                text.AsSpan(0, text.Length - 1), NumberStyles.None, CultureInfo.InvariantCulture, out var count))
        {
            return false;
        }

        var seconds = (long)count * unit;
        if (seconds < 1 || seconds > (long)Longest.TotalSeconds)
        {
            return false;
        }

        duration = TimeSpan.FromSeconds(seconds);
        return true;
    }

    private static int? SecondsOf(char unit) => unit switch
    {
        's' => 1,
        'm' => 60,
        'h' => 60 * 60,
        'd' => 24 * 60 * 60,
        _ => null,
    };
}
