using System.Text.Json;

namespace Audit.Journal.Events;

/// <summary>Reads a verdict, whose members stand in an event itself and in the objects `was` and `now`.</summary>
internal static class VerdictReader
{
    private static readonly Dictionary<string, ViolationCause> Causes =
        Enum.GetValues<ViolationCause>().ToDictionary(Words.Of);

    public static Verdict ReadObject(ref StrictJsonReader json)
    {
        var verdict = default(Verdict);
        json.Read();
        while (json.Read() && json.TokenType == JsonTokenType.PropertyName)
        {
            if (!ReadMember(ref json, ref verdict))
            {
                json.Read();
                json.Skip();
            }
        }

        return Complete(verdict);
    }

    /// <summary>A violation is written without the state it leads to, for it leaves the call where it was.</summary>
    public static Verdict Complete(Verdict verdict) => verdict.IsViolation ? verdict with { To = verdict.From } : verdict;

    public static bool ReadMember(ref StrictJsonReader json, ref Verdict verdict)
    {
        if (json.IsProperty("from"u8))
        {
            verdict = verdict with { From = ReadState(ref json) };
        }
        else if (json.IsProperty("to"u8))
        {
            verdict = verdict with { To = ReadState(ref json) };
        }
        else if (json.IsProperty("cause"u8))
        {
            verdict = verdict with { Cause = ReadCause(ref json) };
        }
        else if (json.IsProperty("attempt"u8))
        {
            verdict = verdict with { Attempt = (int)RecordReader.ReadCount(ref json) };
        }
        else if (json.IsProperty("anomalies"u8))
        {
            verdict = verdict with { Anomalies = ReadAnomalies(ref json) };
        }
        else
        {
            return false;
        }

        return true;
    }

    private static CallState ReadState(ref StrictJsonReader json)
    {
        var word = RecordReader.ReadString(ref json);
        return Words.TryState(word, out var state) ? state : throw json.Unreadable($"the state \"{word}\" is not known");
    }

    private static ViolationCause ReadCause(ref StrictJsonReader json)
    {
        var word = RecordReader.ReadString(ref json);
        return Causes.TryGetValue(word, out var cause) ? cause : throw json.Unreadable($"the cause \"{word}\" is not known");
    }

    private static Anomalies ReadAnomalies(ref StrictJsonReader json)
    {
        var anomalies = Anomalies.None;
        json.Read();
        while (json.Read() && json.TokenType == JsonTokenType.String)
        {
            anomalies |= Words.AnomalyNamed(json.GetString());
        }

        return anomalies;
    }
}
