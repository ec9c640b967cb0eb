using System.Text.Json;

namespace Audit.Api.Reading;

/// <summary>What several models write alike.</summary>
internal static class ModelWords
{
    public static string Of(WindowJudgement judgement) => judgement switch
    {
        WindowJudgement.NoTask => "no_task",
        WindowJudgement.InWindow => "in_window",
        WindowJudgement.OutOfScope => "out_of_scope",
        _ => "outside_window",
    };

    public static void WriteTime(this Utf8JsonWriter json, string name, Timestamp? time) =>
        json.WriteString(name, time is { Ticks: > 0 } known ? Of(known) : null);

    /// <summary>A time without the zeros that say nothing.</summary>
    public static string Of(Timestamp time) =>
        time.ToString() is var text && text.Contains('.') ? text.TrimEnd('Z').TrimEnd('0').TrimEnd('.') + "Z" : text;

    public static void WriteDuration(this Utf8JsonWriter json, string name, TimeSpan? time)
    {
        if (time is { } known)
        {
            json.WriteNumber(name, Math.Round(known.TotalMilliseconds, 3));
        }
        else
        {
            json.WriteNull(name);
        }
    }

    public static void WriteTexts(this Utf8JsonWriter json, string name, IEnumerable<string> texts)
    {
        json.WriteStartArray(name);
        foreach (var text in texts)
        {
            json.WriteStringValue(text);
        }

        json.WriteEndArray();
    }

    /// <summary>A number or a flag that may be missing.</summary>
    public static void WriteKnown(this Utf8JsonWriter json, string name, bool? value)
    {
        if (value is { } known)
        {
            json.WriteBoolean(name, known);
        }
        else
        {
            json.WriteNull(name);
        }
    }

    public static void WriteJudged(this Utf8JsonWriter json, JudgementCounts judged)
    {
        json.WriteStartObject("judged");
        json.WriteNumber("in_window", judged.InWindow);
        json.WriteNumber("outside_window", judged.OutsideWindow);
        json.WriteNumber("out_of_scope", judged.OutOfScope);
        json.WriteNumber("no_task", judged.NoTask);
        json.WriteEndObject();
    }

    /// <summary>Only the states that there are.</summary>
    public static void WriteStates(this Utf8JsonWriter json, StateCounts states)
    {
        json.WriteStartObject("states");
        for (var state = 0; state < states.ByState.Count; state++)
        {
            if (states.ByState[state] > 0)
            {
                json.WriteNumber(Words.Of((CallState)state), states.ByState[state]);
            }
        }

        json.WriteEndObject();
    }
}
