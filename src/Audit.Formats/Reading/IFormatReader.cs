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
