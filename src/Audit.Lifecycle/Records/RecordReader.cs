using System.Text.Json;
using Audit.Lifecycle.Calls;
using Audit.Lifecycle.Hashing;
using Audit.Lifecycle.Json;
using Audit.Lifecycle.Time;

namespace Audit.Lifecycle.Records;

/// <summary>
/// Reads a tool audit record in one pass. Required is what the law judges by and what gives the kind its meaning;
/// what is there must have its shape; what is not known is kept in the bytes and ignored.
/// </summary>
public static class RecordReader
{
    private const int QuotedLength = 60;

    /// <param name="json">Stands at the record's first token; afterwards at its last.</param>
    public static RecordFacts Read(ref StrictJsonReader json, RecordHasher hasher)
    {
        if (json.TokenType != JsonTokenType.StartObject)
        {
            throw json.Unreadable("a tool audit record is a JSON object");
        }

        var start = json.TokenStart;
        var compactBefore = json.CompactLength - 1;
        var found = new Found();
        while (json.Read() && json.TokenType != JsonTokenType.EndObject)
        {
            ReadMember(ref json, hasher, ref found);
        }

        Require(json, start, found.ToolCallId is not null, "tool_call_id");
        Require(json, start, found.HasToolName, "tool_name");
        Require(json, start, found.HasOutcome, "outcome");
        Require(json, start, found.RecordedAt is not null, "recorded_at");
        return new RecordFacts
        {
            ToolCallId = found.ToolCallId!,
            Kind = found.Outcome.Kind,
            Success = found.Outcome.Success,
            ToolName = found.ToolName,
            Provider = found.Provider,
            NeedsConfirmation = found.NeedsConfirmation,
            Turn = found.Turn,
            RecordedAt = found.RecordedAt!.Value,
            Input = found.Input,
            Result = found.Outcome.Result,
            Dedup = hasher.Of(json.Source[start..json.TokenEnd], json.CompactLength - compactBefore),
            Place = start..json.TokenEnd,
        };
    }

    private static void ReadMember(ref StrictJsonReader json, RecordHasher hasher, ref Found found)
    {
        if (json.IsProperty("tool_call_id"u8))
        {
            found.ToolCallId = ReadId(ref json, Ids.MaxCallBytes);
        }
        else if (json.IsProperty("tool_name"u8))
        {
            var name = ReadName(ref json);
            (found.HasToolName, found.ToolName) = (true, name.Length == 0 ? null : name);
        }
        else if (json.IsProperty("tier"u8))
        {
            json.Read();
            RequireString(ref json);
            found.NeedsConfirmation = json.IsProperty("Confirm"u8);
        }
        else if (json.IsProperty("effective_input"u8))
        {
            found.Input = ReadFingerprint(ref json, hasher);
        }
        else if (json.IsProperty("turn"u8))
        {
            found.Turn = ReadCount(ref json);
        }
        else if (json.IsProperty("provenance"u8))
        {
            found.Provider = ReadProvider(ref json);
        }
        else if (json.IsProperty("outcome"u8))
        {
            (found.HasOutcome, found.Outcome) = (true, OutcomeReader.Read(ref json, hasher));
        }
        else if (json.IsProperty("recorded_at"u8))
        {
            found.RecordedAt = ReadTime(ref json);
        }
        else if (json.IsProperty("display_name"u8))
        {
            json.Read();
            RequireString(ref json);
        }
        else
        {
            json.Read();
            json.Skip();
        }
    }

    /// <summary>Reads the id that is the value of the current member.</summary>
    public static string ReadId(ref StrictJsonReader json, int maxBytes, bool isSession = false)
    {
        var id = isSession ? ReadName(ref json) : ReadString(ref json);
        return Ids.Refuse(id, maxBytes, isSession) is { } refusal ? throw json.Unreadable(refusal) : id;
    }

    public static string ReadString(ref StrictJsonReader json)
    {
        json.Read();
        RequireString(ref json);
        return json.GetString();
    }

    /// <summary>Reads a string that many records have.</summary>
    public static string ReadName(ref StrictJsonReader json)
    {
        json.Read();
        RequireString(ref json);
        return json.GetName();
    }

    /// <summary>Reads the whole number, not negative, that is the value of the current member.</summary>
    public static long ReadCount(ref StrictJsonReader json)
    {
        json.Read();
        return json.TryGetInt64(out var count) && count >= 0
            ? count
            : throw json.Unreadable($"a whole number that is not negative is expected, not {Quote(json)}");
    }

    public static Timestamp ReadTime(ref StrictJsonReader json)
    {
        json.Read();
        RequireString(ref json);
        var read = json.ValueIsEscaped
            ? Rfc3339.TryParse(json.GetString(), out var time)
            : Rfc3339.TryParse(json.ValueSpan, out time);
        return read ? time : throw json.Unreadable($"not an RFC 3339 time: {Quote(json)}");
    }

    public static void RequireString(ref StrictJsonReader json)
    {
        if (json.TokenType != JsonTokenType.String)
        {
            throw json.Unreadable($"a string is expected, not {Quote(json)}");
        }
    }

    public static void Require(in StrictJsonReader json, int objectStart, bool isThere, string member)
    {
        if (!isThere)
        {
            throw json.Unreadable(objectStart, member, "missing");
        }
    }

    /// <summary>The current value as a person may see it in an error: short, and told by its type where it is not simple.</summary>
    public static string Quote(in StrictJsonReader json) => json.TokenType switch
    {
        JsonTokenType.StartObject => "an object",
        JsonTokenType.StartArray => "an array",
        JsonTokenType.String => $"\"{Shorten(json.GetString())}\"",
        _ => Shorten(System.Text.Encoding.UTF8.GetString(json.ValueSpan)),
    };

    internal static Fingerprint ReadFingerprint(ref StrictJsonReader json, RecordHasher hasher)
    {
        var before = json.CompactLength;
        json.Read();
        if (json.TokenType == JsonTokenType.Null)
        {
            return default;
        }

        var start = json.TokenStart;
        json.Skip();
        return hasher.OfComparable(json.Source[start..json.TokenEnd], json.CompactLength - before);
    }

    private static string Shorten(string text)
    {
        if (text.Length <= QuotedLength)
        {
            return text;
        }

        var end = char.IsHighSurrogate(text[QuotedLength - 1]) ? QuotedLength - 1 : QuotedLength;
        return text[..end] + "…";
    }

    private static string? ReadProvider(ref StrictJsonReader json)
    {
        json.Read();
        if (json.TokenType == JsonTokenType.Null)
        {
            return null;
        }

        if (json.TokenType != JsonTokenType.StartObject)
        {
            throw json.Unreadable($"an object with provider and model is expected, not {Quote(json)}");
        }

        string? provider = null;
        while (json.Read() && json.TokenType != JsonTokenType.EndObject)
        {
            if (json.IsProperty("provider"u8))
            {
                provider = ReadName(ref json);
            }
            else if (json.IsProperty("model"u8))
            {
                json.Read();
                RequireString(ref json);
            }
            else
            {
                json.Read();
                json.Skip();
            }
        }

        return string.IsNullOrEmpty(provider) ? null : provider;
    }

    private ref struct Found
    {
        public string? ToolCallId;
        public string? ToolName;
        public bool HasToolName;
        public string? Provider;
        public bool NeedsConfirmation;
        public long Turn;
        public Timestamp? RecordedAt;
        public Fingerprint Input;
        public bool HasOutcome;
        public OutcomeFacts Outcome;
    }
}
