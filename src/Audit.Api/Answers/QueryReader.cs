using System.Diagnostics.CodeAnalysis;

namespace Audit.Api.Answers;

/// <summary>Reads the query of a request; the first parameter that is wrong refuses it.</summary>
internal sealed class QueryReader(IQueryCollection query)
{
    public string? Text(string name)
    {
        var values = query[name];
        if (values.Count > 1)
        {
            Refuse(name, $"stands {values.Count} times; it stands once.");
        }

        return string.IsNullOrEmpty(values.ToString()) ? null : values.ToString();
    }

    public string? Id(string name, int maxBytes = Ids.MaxBytes, bool isSession = false)
    {
        var id = Text(name);
        if (id is not null && Ids.Refuse(id, maxBytes, isSession) is { } sentence)
        {
            Refuse(name, sentence + ".");
        }

        return id;
    }

    public string RequiredId(string name, int maxBytes = Ids.MaxBytes, bool isSession = false) =>
        Id(name, maxBytes, isSession) ?? throw Refusal(name, "missing.");

    public long Number(string name, long otherwise, long least, long most)
    {
        if (Text(name) is not { } text)
        {
            return otherwise;
        }

        if (!long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) || number < least
            || number > most)
        {
            Refuse(name, most == long.MaxValue
                ? $"a whole number from {least} is expected, not \"{text}\"."
                : $"a whole number from {least} to {most} is expected, not \"{text}\".");
        }

        return number;
    }

    public int Limit() => (int)Number("limit", otherwise: 100, least: 1, most: 1000);

    public PageRequest Page() => new(Limit(), Text("cursor")) { Counts = Flag("counts") ?? false };

    /// <summary>Where a list goes on; null at its beginning.</summary>
    public long? Cursor(ReadScope scope)
    {
        if (Text("cursor") is not { } text)
        {
            return null;
        }

        return scope.TryReadCursor(text, 1) is [>= 0 and var place]
            ? place
            : throw Refusal(
                "cursor", $"\"{text}\" is none that this node gave; leave it away to begin at the beginning.");
    }

    /// <summary>The moment of the past that is asked for; null for now.</summary>
    public AsOf? AsOf(ReadScope scope, string name = "at")
    {
        if (Text(name) is not { } text)
        {
            return null;
        }

        return long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number)
            && scope.Show(number) is { } position ? Projections.TimeTravel.AsOf.At(position)
            : Rfc3339.TryParse(text, out var time) ? Projections.TimeTravel.AsOf.At(time)
            : throw Refusal(name, $"a position of the journal or an RFC 3339 time is expected, not \"{text}\".");
    }

    public Timestamp? Time(string name) =>
        Text(name) is not { } text ? null
        : Rfc3339.TryParse(text, out var time) ? time
        : throw Refusal(name, $"an RFC 3339 time is expected, not \"{text}\".");

    public bool? Flag(string name) => Text(name) switch
    {
        null => null,
        "true" => true,
        "false" => false,
        var text => throw Refusal(name, $"true or false is expected, not \"{text}\"."),
    };

    /// <exception cref="RefusedException">Always.</exception>
    [DoesNotReturn]
    public void Refuse(string name, string sentence) => throw Refusal(name, sentence);

    public static RefusedException Refusal(string name, string sentence) => new(Problem.BadParameter(name, sentence));
}

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
