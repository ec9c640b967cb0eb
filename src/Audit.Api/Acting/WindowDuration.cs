using System.Text.Json;
using System.Xml;
using Audit.Api.Answers;

namespace Audit.Api.Acting;

/// <summary>Reads how long a window is to be: `2h`, `PT2H`, or a number of seconds.</summary>
internal static class WindowDuration
{
    private const string Accepted =
        "accepted are a number of seconds, a whole number with s, m, h or d such as \"2h\", and ISO 8601 such as \"PT2H\"";

    private static readonly TimeSpan Longest = TimeSpan.FromDays(3650);

    public static TimeSpan? Read(StrictObject body)
    {
        if (body.Member("duration") is not { } value)
        {
            return null;
        }

        var duration = value.ValueKind switch
        {
            JsonValueKind.Number when value.TryGetDouble(out var seconds) && seconds <= Longest.TotalSeconds && seconds >= 0 =>
                TimeSpan.FromSeconds(seconds),
            JsonValueKind.String => Parse(value.GetString()!),
            _ => null,
        };
        return duration is { } time && time >= TimeSpan.FromSeconds(1) && time <= Longest
            ? time
            : throw StrictObject.Wrong("duration", Accepted, value);
    }

    private static TimeSpan? Parse(string text)
    {
        if (DurationText.TryParse(text, out var duration))
        {
            return duration;
        }

        try
        {
            return text.StartsWith('P') ? XmlConvert.ToTimeSpan(text) : null;
        }
        catch (Exception wrong) when (wrong is FormatException or OverflowException)
        {
            return null;
        }
    }
}
