namespace Audit.Formats.Reading;

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

    private static JsonElement Parse(ReadOnlySpan<byte> text)
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
