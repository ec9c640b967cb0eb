namespace Audit.Projections.Language;

/// <summary>
/// Shows what an event says in words: inputs, outputs, data, reasons, names and ids. Never shown are nonces, hashes,
/// times and the words of the protocol itself.
/// </summary>
internal sealed class EventTexts
{
    private static readonly JsonReaderOptions Options = new() { MaxDepth = EventView.MaxDepth };

    private static readonly (EventField Field, TextPlace Place)[] Places =
    [
        (EventField.Token, TextPlace.Id), (EventField.SessionId, TextPlace.Id), (EventField.TaskId, TextPlace.Id),
        (EventField.Agent, TextPlace.Id), (EventField.Parent, TextPlace.Id), (EventField.ToolCallId, TextPlace.Id),
        (EventField.Reason, TextPlace.Reason),
        (EventField.MessageId, TextPlace.Id), (EventField.DerivedId, TextPlace.Id),
        (EventField.Type, TextPlace.Note), (EventField.Detail, TextPlace.Note),
        (EventField.RecordedCall, TextPlace.Id), (EventField.ToolName, TextPlace.Name),
        (EventField.DisplayName, TextPlace.Name),
        (EventField.RequestedInput, TextPlace.Input),
    ];

    private char[] letters = new char[4096];

    public void Read(in EventView view, ITextVisitor visitor)
    {
        foreach (var (field, place) in Places)
        {
            ReadAll(view.Raw(field), place, visitor);
        }

        // Mostly nobody changed the input, and showing it twice would find nothing more.
        if (!view.Raw(EventField.RequestedInput).SequenceEqual(view.Raw(EventField.EffectiveInput)))
        {
            ReadAll(view.Raw(EventField.EffectiveInput), TextPlace.Input, visitor);
        }

        ReadAll(view.Raw(EventField.Provenance), TextPlace.Name, visitor, withKeys: false);
        if (view.IsObject(EventField.Outcome))
        {
            var json = new Utf8JsonReader(view.Raw(EventField.Outcome), Options);
            ReadOutcome(ref json, visitor);
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

    private void ReadAll(ReadOnlySpan<byte> value, TextPlace place, ITextVisitor visitor, bool withKeys = true)
    {
        if (!value.IsEmpty)
        {
            var json = new Utf8JsonReader(value, Options);
            ReadAll(ref json, place, visitor, withKeys);
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
                    visitor.Visit(
                        place, letters.AsSpan(0, Encoding.ASCII.GetChars(json.ValueSpan, letters)), isKey: false);
                    break;
            }
        }
        while (!(json.CurrentDepth == depth
                && json.TokenType is not (JsonTokenType.StartObject or JsonTokenType.StartArray))
            && json.Read());
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
    private static void Skip(ref Utf8JsonReader json)
    {
        json.Read();
        json.Skip();
    }
}

/// <summary>Where in an event a text stands.</summary>
public enum TextPlace : byte
{
    /// <summary>Ids of session, call, task and message; the agent and the host.</summary>
    Id,

    /// <summary>The tool's names, the provider and the model.</summary>
    Name,

    Input,

    Output,

    /// <summary>What came back beside the output: data, documents, artifacts.</summary>
    Data,

    /// <summary>Reasons, descriptions, errors, feedback, decisions and who made them.</summary>
    Reason,

    Note,
}

/// <summary>Is shown the texts of an event, one after the other.</summary>
internal interface ITextVisitor
{
    /// <param name="text">Decoded, and valid during the call only.</param>
    /// <param name="isKey">It is the name of a member in an input or in data.</param>
    void Visit(TextPlace place, ReadOnlySpan<char> text, bool isKey);
}
