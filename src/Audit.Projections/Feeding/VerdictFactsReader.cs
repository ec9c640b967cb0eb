using System.Text.Json;

namespace Audit.Projections.Feeding;

/// <summary>Reads the verdict that a message got on arrival.</summary>
internal sealed class VerdictFactsReader(SharedNames names)
{
    private static readonly Dictionary<string, ViolationCause> Causes =
        Enum.GetValues<ViolationCause>().ToDictionary(Words.Of);

    public bool ReadMember(ref Utf8JsonReader json, EventFacts facts)
    {
        if (json.ValueTextEquals("from"u8))
        {
            facts.Verdict = facts.Kind == EventKind.Told ? facts.Verdict with { From = State(ref json) } : Skipped(ref json, facts);
        }
        else if (json.ValueTextEquals("to"u8))
        {
            facts.Verdict = facts.Kind == EventKind.Told ? facts.Verdict with { To = State(ref json) } : Skipped(ref json, facts);
        }
        else if (json.ValueTextEquals("cause"u8))
        {
            facts.Verdict = facts.Verdict with { Cause = Causes[JsonFacts.Name(ref json, names) ?? ""] };
        }
        else if (json.ValueTextEquals("attempt"u8))
        {
            facts.Verdict = facts.Verdict with { Attempt = (int)(JsonFacts.Number(ref json) ?? 0) };
        }
        else if (json.ValueTextEquals("anomalies"u8))
        {
            facts.Verdict = facts.Verdict with { Anomalies = ReadAnomalies(ref json) };
        }
        else if (json.ValueTextEquals("reason"u8))
        {
            facts.Violation = JsonFacts.Text(ref json);
        }
        else
        {
            return false;
        }

        return true;
    }

    /// <summary>A window's states are others than those of calls.</summary>
    private static Verdict Skipped(ref Utf8JsonReader json, EventFacts facts)
    {
        json.Read();
        json.Skip();
        return facts.Verdict;
    }

    private CallState State(ref Utf8JsonReader json)
    {
        var word = JsonFacts.Name(ref json, names) ?? "";
        return Words.TryState(word, out var state) ? state : throw new InvalidDataException($"the state \"{word}\" is not known");
    }

    private Anomalies ReadAnomalies(ref Utf8JsonReader json)
    {
        var anomalies = Anomalies.None;
        json.Read();
        while (json.Read() && json.TokenType == JsonTokenType.String)
        {
            anomalies |= Words.AnomalyNamed(names.Of(json.ValueSpan));
        }

        return anomalies;
    }
}
