using System.Text.Json;

namespace Audit.Projections.Feeding;

/// <summary>Reads the record within an event.</summary>
internal sealed class RecordFactsReader(SharedNames names)
{
    private static readonly JsonReaderOptions Options = new() { MaxDepth = StrictJsonReader.MaxDepth + 2 };

    /// <param name="json">Stands at the record's first token; afterwards at its last.</param>
    public void Read(ref Utf8JsonReader json, ReadOnlySpan<byte> source, EventFacts facts)
    {
        facts.Message = (MessageKind)byte.MaxValue;
        var requested = 0..0;
        while (json.Read() && json.TokenType == JsonTokenType.PropertyName)
        {
            if (json.ValueTextEquals("tool_name"u8))
            {
                facts.Tool = NullIfEmpty(JsonFacts.Name(ref json, names));
            }
            else if (json.ValueTextEquals("effective_input"u8))
            {
                json.Read();
                facts.Command = ShortLine.OfInput(ref json, source);
            }
            else if (json.ValueTextEquals("requested_input"u8))
            {
                json.Read();
                var start = (int)json.TokenStartIndex;
                json.Skip();
                requested = start..(int)json.BytesConsumed;
            }
            else if (json.ValueTextEquals("turn"u8))
            {
                facts.Turn = JsonFacts.Number(ref json) ?? 0;
            }
            else if (json.ValueTextEquals("provenance"u8))
            {
                ReadProvenance(ref json, facts);
            }
            else if (json.ValueTextEquals("outcome"u8))
            {
                ReadOutcome(ref json, facts);
            }
            else if (json.ValueTextEquals("recorded_at"u8))
            {
                facts.RecordedAt = JsonFacts.Time(ref json);
            }
            else
            {
                json.Read();
                json.Skip();
            }
        }

        if (facts.Command is null && !source[requested].IsEmpty)
        {
            facts.Command = ReadRequested(source[requested]);
        }
    }

    /// <summary>The requested input counts where there is no effective one, which mostly there is.</summary>
    private static string? ReadRequested(ReadOnlySpan<byte> input)
    {
        var json = new Utf8JsonReader(input, Options);
        json.Read();
        return ShortLine.OfInput(ref json, input);
    }

    private void ReadProvenance(ref Utf8JsonReader json, EventFacts facts)
    {
        json.Read();
        if (json.TokenType != JsonTokenType.StartObject)
        {
            json.Skip();
            return;
        }

        while (json.Read() && json.TokenType == JsonTokenType.PropertyName)
        {
            if (json.ValueTextEquals("provider"u8))
            {
                facts.Provider = NullIfEmpty(JsonFacts.Name(ref json, names));
            }
            else if (json.ValueTextEquals("model"u8))
            {
                facts.Model = NullIfEmpty(JsonFacts.Name(ref json, names));
            }
            else
            {
                json.Read();
                json.Skip();
            }
        }
    }

    private void ReadOutcome(ref Utf8JsonReader json, EventFacts facts)
    {
        json.Read();
        while (json.Read() && json.TokenType == JsonTokenType.PropertyName)
        {
            if (json.ValueTextEquals("kind"u8))
            {
                var word = JsonFacts.Name(ref json, names) ?? "";
                facts.Message = Words.TryKind(word, out var kind)
                    ? kind
                    : throw new InvalidDataException($"the kind \"{word}\" is not known");
            }
            else if (json.ValueTextEquals("result"u8))
            {
                ReadResult(ref json, facts);
            }
            else if (json.ValueTextEquals("reason"u8) || json.ValueTextEquals("description"u8) || json.ValueTextEquals("error"u8))
            {
                facts.Said = ShortLine.OfText(ref json);
            }
            else if (json.ValueTextEquals("decision"u8))
            {
                facts.Decision = JsonFacts.Name(ref json, names);
            }
            else if (json.ValueTextEquals("by"u8))
            {
                facts.By = JsonFacts.Name(ref json, names);
            }
            else
            {
                json.Read();
                json.Skip();
            }
        }
    }

    private static void ReadResult(ref Utf8JsonReader json, EventFacts facts)
    {
        json.Read();
        if (json.TokenType != JsonTokenType.StartObject)
        {
            json.Skip();
            return;
        }

        while (json.Read() && json.TokenType == JsonTokenType.PropertyName)
        {
            if (json.ValueTextEquals("success"u8))
            {
                facts.Success = JsonFacts.Flag(ref json);
            }
            else if (json.ValueTextEquals("duration_ms"u8))
            {
                facts.DurationMs = JsonFacts.Number(ref json);
            }
            else
            {
                json.Read();
                json.Skip();
            }
        }
    }

    private static string? NullIfEmpty(string? text) => string.IsNullOrEmpty(text) ? null : text;
}
