namespace Audit.Formats.Reading;

/// <summary>Reads one stream of another system, event by event, in order. It is used by one caller at a time.</summary>
public interface IFormatReader
{
    /// <summary>Gives the sink what one event says. Never throws because of what stands in the event.</summary>
    /// <param name="text">The event, one JSON text.</param>
    /// <param name="number">Its place in the stream, from 1.</param>
    void Read(ReadOnlySpan<byte> text, long number, IFormatSink sink);
}

/// <summary>
/// Takes what an event of another system says in our words: any number of items, or nothing that concerns us.
/// </summary>
public interface IFormatSink
{
    void Record(DerivedRecord record);

    void Note(DerivedNote note);

    /// <summary>The event is an item of ours already and goes on as it came.</summary>
    void Item(ReadOnlySpan<byte> item);

    /// <summary>The event, of this type, says nothing of a call or a session.</summary>
    void Ignored(string type);

    /// <summary>The trace is one of this conversation; worth a thought only to who remembers traces.</summary>
    void Learned(string trace, string conversation)
    {
    }

    /// <param name="sentence">What is wrong with the event, and where.</param>
    void Invalid(string sentence);
}

/// <summary>Reads events that are known to be JSON objects, strictly read.</summary>
internal interface IEventReader
{
    /// <exception cref="Audit.Lifecycle.UnreadableException">
    /// The event lacks what it cannot be understood without.
    /// </exception>
    void Read(JsonElement happened, long number, IFormatSink sink);
}

/// <summary>
/// Reads each event as strictly as a record is read, so that nothing is derived that could not be written.
/// </summary>
internal sealed class StrictEvents(IEventReader events) : IFormatReader
{
    public void Read(ReadOnlySpan<byte> text, long number, IFormatSink sink)
    {
        try
        {
            events.Read(Parse(text), number, sink);
        }
        catch (UnreadableException unreadable)
        {
            sink.Invalid(unreadable.Message);
        }
    }

    /// <exception cref="UnreadableException">It is not one JSON object, strictly read.</exception>
    public static JsonElement Parse(ReadOnlySpan<byte> text)
    {
        var json = new StrictJsonReader(text);
        json.Read();
        if (json.TokenType != JsonTokenType.StartObject)
        {
            throw new UnreadableException("", $"an event is a JSON object, not {json.Quote()}");
        }

        json.Skip();
        return json.Read()
            ? throw json.Unreadable("an event is one JSON object, and there is more behind it")
            : JsonElement.Parse(text, new JsonDocumentOptions { MaxDepth = StrictJsonReader.MaxDepth + 2 });
    }
}
