using System.Text;
using System.Text.Json;

namespace Audit.Projections.Search.Text;

/// <summary>
/// Shows what an event says in words: inputs, outputs, data, reasons, names and ids. Never shown are nonces, hashes, times and
/// the words of the protocol itself.
/// </summary>
internal sealed class EventTexts
{
    private static readonly JsonReaderOptions Options = new() { MaxDepth = StrictJsonReader.MaxDepth + 2 };

    private char[] letters = new char[4096];

    public void Read(byte[] message, ITextVisitor visitor)
    {
        var json = new Utf8JsonReader(message, Options);
        json.Read();
        while (json.Read() && json.TokenType == JsonTokenType.PropertyName)
        {
            if (json.ValueTextEquals("record"u8))
            {
                json.Read();
                ReadRecord(ref json, message, visitor);
            }
            else if (json.ValueTextEquals("detail"u8) || json.ValueTextEquals("type"u8))
            {
                ReadAll(ref json, TextPlace.Note, visitor);
            }
            else if (json.ValueTextEquals("reason"u8))
            {
                ReadAll(ref json, TextPlace.Reason, visitor);
            }
            else if (json.ValueTextEquals("session_id"u8) || json.ValueTextEquals("task_id"u8) || json.ValueTextEquals("agent"u8)
                || json.ValueTextEquals("host"u8) || json.ValueTextEquals("message_id"u8) || json.ValueTextEquals("tool_call_id"u8))
            {
                ReadAll(ref json, TextPlace.Id, visitor);
            }
            else
            {
                Skip(ref json);
            }
        }
    }

    /// <summary>Where the inputs of an event's record lie in its message; the requested one first.</summary>
    public static (Range Requested, Range Effective) InputsOf(byte[] message)
    {
        var (requested, effective) = (0..0, 0..0);
        var json = new Utf8JsonReader(message, Options);
        json.Read();
        while (json.Read() && json.TokenType == JsonTokenType.PropertyName)
        {
            var isRecord = json.ValueTextEquals("record"u8);
            json.Read();
            if (!isRecord || json.TokenType != JsonTokenType.StartObject)
            {
                json.Skip();
                continue;
            }

            while (json.Read() && json.TokenType == JsonTokenType.PropertyName)
            {
                var isRequested = json.ValueTextEquals("requested_input"u8);
                var isEffective = json.ValueTextEquals("effective_input"u8);
                var place = Skip(ref json);
                requested = isRequested ? place : requested;
                effective = isEffective ? place : effective;
            }
        }

        return (requested, effective);
    }

    private void ReadRecord(ref Utf8JsonReader json, byte[] message, ITextVisitor visitor)
    {
        var shown = 0..0;
        while (json.Read() && json.TokenType == JsonTokenType.PropertyName)
        {
            if (json.ValueTextEquals("requested_input"u8) || json.ValueTextEquals("effective_input"u8))
            {
                // Mostly nobody changed the input, and saying it twice would find nothing more.
                var ahead = json;
                var place = Skip(ref ahead);
                if (!message.AsSpan(place).SequenceEqual(message.AsSpan(shown)))
                {
                    ReadAll(ref json, TextPlace.Input, visitor);
                }

                json = ahead;
                shown = place;
            }
            else if (json.ValueTextEquals("tool_call_id"u8))
            {
                ReadAll(ref json, TextPlace.Id, visitor);
            }
            else if (json.ValueTextEquals("tool_name"u8) || json.ValueTextEquals("display_name"u8))
            {
                ReadAll(ref json, TextPlace.Name, visitor);
            }
            else if (json.ValueTextEquals("provenance"u8))
            {
                ReadAll(ref json, TextPlace.Name, visitor, withKeys: false);
            }
            else if (json.ValueTextEquals("outcome"u8))
            {
                ReadOutcome(ref json, visitor);
            }
            else
            {
                Skip(ref json);
            }
        }
    }

    private void ReadOutcome(ref Utf8JsonReader json, ITextVisitor visitor)
    {
        json.Read();
        while (json.Read() && json.TokenType == JsonTokenType.PropertyName)
        {
            if (json.ValueTextEquals("kind"u8) || json.ValueTextEquals("listen_context"u8))
            {
                Skip(ref json);
            }
            else if (json.ValueTextEquals("result"u8))
            {
                ReadResult(ref json, visitor);
            }
            else
            {
                ReadAll(ref json, TextPlace.Reason, visitor, withKeys: false);
            }
        }
    }

    private void ReadResult(ref Utf8JsonReader json, ITextVisitor visitor)
    {
        json.Read();
        if (json.TokenType != JsonTokenType.StartObject)
        {
            json.Skip();
            return;
        }

        while (json.Read() && json.TokenType == JsonTokenType.PropertyName)
        {
            if (json.ValueTextEquals("success"u8) || json.ValueTextEquals("duration_ms"u8))
            {
                Skip(ref json);
            }
            else
            {
                ReadAll(ref json, json.ValueTextEquals("output"u8) ? TextPlace.Output : TextPlace.Data, visitor);
            }
        }
    }

    /// <summary>Shows every text and number of the current member's value.</summary>
    private void ReadAll(ref Utf8JsonReader json, TextPlace place, ITextVisitor visitor, bool withKeys = true)
    {
        json.Read();
        var depth = json.CurrentDepth;
        do
        {
            switch (json.TokenType)
            {
                case JsonTokenType.String:
                    visitor.Visit(place, Decode(ref json), isKey: false);
                    break;
                case JsonTokenType.PropertyName when withKeys:
                    visitor.Visit(place, Decode(ref json), isKey: true);
                    break;
                case JsonTokenType.Number:
                    Room(json.ValueSpan.Length);
                    visitor.Visit(place, letters.AsSpan(0, Encoding.ASCII.GetChars(json.ValueSpan, letters)), isKey: false);
                    break;
            }
        }
        while (!(json.CurrentDepth == depth && json.TokenType is not (JsonTokenType.StartObject or JsonTokenType.StartArray)) && json.Read());
    }

    private ReadOnlySpan<char> Decode(ref Utf8JsonReader json)
    {
        Room(json.ValueSpan.Length);
        return letters.AsSpan(0, json.CopyString(letters));
    }

    private void Room(int length)
    {
        if (letters.Length < length)
        {
            letters = new char[Math.Max(length, 2 * letters.Length)];
        }
    }

    /// <summary>Goes past the value of the current member.</summary>
    private static Range Skip(ref Utf8JsonReader json)
    {
        json.Read();
        var start = (int)json.TokenStartIndex;
        json.Skip();
        return start..(int)json.BytesConsumed;
    }
}
