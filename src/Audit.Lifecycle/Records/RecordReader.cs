using Audit.Lifecycle.Calls;
using Audit.Lifecycle.Hashing;
using Audit.Lifecycle.Json;
using Audit.Lifecycle.Time;

namespace Audit.Lifecycle.Records;

/// <param name="Dedup">The keyed hash by which the same record is known again.</param>
/// <param name="Place">Where the record lies in its text.</param>
public readonly record struct RecordRead(RecordFacts Facts, Fingerprint Dedup, Range Place);

/// <summary>
/// Reads a tool audit record in one pass. Required is what the law judges by and what gives the kind its meaning;
/// what is there must have its shape; what is not known is kept in the bytes and ignored.
/// </summary>
public static class RecordReader
{
    /// <param name="json">Stands at the record's first token; afterwards at its last.</param>
    public static RecordRead Read(ref StrictJsonReader json, RecordHasher hasher)
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

        json.Require(start, found.ToolCallId is not null, "tool_call_id");
        json.Require(start, found.HasToolName, "tool_name");
        json.Require(start, found.HasOutcome, "outcome");
        json.Require(start, found.RecordedAt is not null, "recorded_at");
        Parsed.Records.Add(1);
        var facts = new RecordFacts
        {
            ToolCallId = found.ToolCallId!,
            Kind = found.Outcome.Kind,
            Success = found.Outcome.Success,
            ToolName = found.ToolName,
            Provider = found.Provider,
            NeedsConfirmation = found.NeedsConfirmation,
            Turn = found.Turn,
            RecordedAt = found.RecordedAt!.Value,
            Input = found.Effective.IsEmpty ? found.Requested.Fingerprint(json, hasher)
                : found.Effective.Fingerprint(json, hasher),
            Result = found.Outcome.Result,
            Question = found.Outcome.Kind == MessageKind.RequiresConfirmation
                ? QuestionOf(json.Source, found, hasher)
                : default,
        };
        var dedup = hasher.Of(json.Source[start..json.TokenEnd], json.CompactLength - compactBefore);
        return new RecordRead(facts, dedup, start..json.TokenEnd);
    }

    private static void ReadMember(ref StrictJsonReader json, RecordHasher hasher, ref Found found)
    {
        if (json.IsProperty("tool_call_id"u8))
        {
            found.ToolCallId = Ids.Read(ref json, Ids.MaxCallBytes);
        }
        else if (json.IsProperty("tool_name"u8))
        {
            var name = json.ReadName();
            (found.HasToolName, found.ToolName) = (true, name.Length == 0 ? null : name);
        }
        else if (json.IsProperty("tier"u8))
        {
            json.Read();
            json.RequireString();
            found.NeedsConfirmation = json.IsProperty("Confirm"u8);
        }
        else if (json.IsProperty("effective_input"u8))
        {
            found.Effective = ReadInput(ref json);
        }
        else if (json.IsProperty("requested_input"u8))
        {
            found.Requested = ReadInput(ref json);
        }
        else if (json.IsProperty("turn"u8))
        {
            found.Turn = json.ReadCount();
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
            found.RecordedAt = json.ReadTime();
        }
        else if (json.IsProperty("display_name"u8))
        {
            json.Read();
            json.RequireString();
        }
        else
        {
            json.Read();
            json.Skip();
        }
    }

    private static Input ReadInput(ref StrictJsonReader json)
    {
        var before = json.CompactLength;
        json.Read();
        var start = json.TokenStart;
        json.Skip();
        return json.TokenType == JsonTokenType.Null ? default
            : new Input(start, json.TokenEnd, json.CompactLength - before);
    }

    /// <summary>
    /// All that a decision covers, in one keyed hash: the same question in other words is the same, and any other is
    /// not. The task stands around the record and is added there.
    /// </summary>
    private static Fingerprint QuestionOf(ReadOnlySpan<byte> source, in Found found, RecordHasher hasher)
    {
        var question = new ArrayBufferWriter<byte>(512);
        var input = found.Effective.IsEmpty ? found.Requested : found.Effective;
        var (permission, listening, location) = found.Outcome.Asked;
        question.Write("["u8);
        CanonicalJson.Write(found.ToolName, question);
        foreach (var place in (ReadOnlySpan<Range>)[input.Start..input.End, permission, listening, location])
        {
            question.Write(","u8);
            CanonicalJson.Write(source[place], question);
        }

        question.Write("]"u8);
        return hasher.OfBytes(question.WrittenSpan);
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
            throw json.Unreadable($"an object with provider and model is expected, not {json.Quote()}");
        }

        string? provider = null;
        while (json.Read() && json.TokenType != JsonTokenType.EndObject)
        {
            if (json.IsProperty("provider"u8))
            {
                provider = json.ReadName();
            }
            else if (json.IsProperty("model"u8))
            {
                json.Read();
                json.RequireString();
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
        public Input Effective;
        public Input Requested;
        public bool HasOutcome;
        public OutcomeFacts Outcome;
    }

    /// <summary>Where an input lies; nowhere when it is null or missing.</summary>
    private readonly record struct Input(int Start, int End, long CompactLength)
    {
        public bool IsEmpty => End == 0;

        public Fingerprint Fingerprint(in StrictJsonReader json, RecordHasher hasher) =>
            IsEmpty ? default : hasher.OfComparable(json.Source[Start..End], CompactLength);
    }
}
