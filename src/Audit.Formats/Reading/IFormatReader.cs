namespace Audit.Formats.Reading;

/// <summary>Reads one stream of another system, event by event, in order. It is used by one caller at a time.</summary>
public interface IFormatReader
{
    /// <summary>Gives the sink what one event says. Never throws because of what stands in the event.</summary>
    /// <param name="text">The event, one JSON text.</param>
    /// <param name="number">Its place in the stream, from 1.</param>
    void Read(ReadOnlySpan<byte> text, long number, IFormatSink sink);

    /// <summary>The format that was told by the events; null where it was named.</summary>
    string? Recognised => null;
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
    /// <param name="isOnEach">Each call of the trace can be expected to name it too.</param>
    void Learned(string trace, string conversation, bool isOnEach = false)
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

    /// <summary>What is left of an event that cannot be read strictly, without the parts for which it cannot.</summary>
    /// <param name="sink">Is told what was left out.</param>
    /// <returns>Null where the event has no parts that could be left out.</returns>
    ReadOnlyMemory<byte>? Sound(ReadOnlySpan<byte> text, IFormatSink sink) => null;
}

/// <summary>
/// Reads each event as strictly as a record is read, so that nothing is derived that could not be written.
/// </summary>
/// <param name="format">What looks like another one and says nothing in this one is no event of it.</param>
/// <param name="guess">Of which format an event looks; null where nothing tells it.</param>
internal sealed class StrictEvents(
    IEventReader events, string format, Func<JsonElement, string?> guess) : IFormatReader
{
    public void Read(ReadOnlySpan<byte> text, long number, IFormatSink sink)
    {
        JsonElement happened = default;
        try
        {
            happened = ParseSound(text, sink);
            // Once an event: one of them may have a million parts that say nothing.
            var looksLike = new Lazy<string?>(() => LooksLike(happened));
            events.Read(happened, number, new OwnSink(sink, looksLike));
        }
        catch (UnreadableException unreadable)
        {
            sink.Invalid(LooksLike(happened) ?? unreadable.Message);
        }
    }

    private JsonElement ParseSound(ReadOnlySpan<byte> text, IFormatSink sink)
    {
        try
        {
            return Parse(text);
        }
        catch (UnreadableException)
        {
            if (events.Sound(text, sink) is { } rest)
            {
                return Parse(rest.Span);
            }

            throw;
        }
    }

    private string? LooksLike(JsonElement happened) => guess(happened) is { } other && other != format
        ? $"this looks like {other}, and the stream was sent as {format}"
        : null;

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

/// <summary>What is foreign to a format is no event of it that says nothing.</summary>
/// <param name="looksLike">The sentence that an event looks like another format's; null where it does not.</param>
internal sealed class OwnSink(IFormatSink sink, Lazy<string?> looksLike) : IFormatSink
{
    public void Record(DerivedRecord record) => sink.Record(record);

    public void Note(DerivedNote note) => sink.Note(note);

    public void Item(ReadOnlySpan<byte> item) => sink.Item(item);

    public void Learned(string trace, string conversation, bool isOnEach) =>
        sink.Learned(trace, conversation, isOnEach);

    public void Invalid(string sentence) => sink.Invalid(looksLike.Value ?? sentence);

    public void Ignored(string type)
    {
        if (looksLike.Value is { } sentence)
        {
            sink.Invalid(sentence);
        }
        else
        {
            sink.Ignored(type);
        }
    }
}

/// <summary>Gives what a reader of one format derives the name of another, whose events have the same shape.</summary>
internal sealed class RenamedSink(IFormatSink sink, string was, string name) : IFormatSink
{
    public void Record(DerivedRecord record) => sink.Record(record with
    {
        DerivedId = Named(record.DerivedId)!, Channel = Named(record.Channel)!,
    });

    public void Note(DerivedNote note) => sink.Note(note with { DerivedId = Named(note.DerivedId) });

    public void Item(ReadOnlySpan<byte> item) => sink.Item(item);

    public void Invalid(string sentence) => sink.Invalid(sentence);

    public void Ignored(string type) => sink.Ignored(type);

    private string? Named(string? id) =>
        id?.StartsWith(was, StringComparison.Ordinal) == true ? name + id[was.Length..] : id;
}

/// <summary>
/// Takes what a copy of another session's lines says: its times are those of the copy, and what was noted is noted.
/// </summary>
/// <param name="replaced">What stands in the copy in place of an answer begins with it.</param>
internal sealed class CopySink(IFormatSink sink, string? replaced = null) : IFormatSink
{
    public void Record(DerivedRecord record)
    {
        if (replaced is not null && record.Record.Outcome is Outcome.Completed { Result.Output: var output }
            && output.StartsWith(replaced, StringComparison.Ordinal))
        {
            sink.Ignored("answer that stands for another one in a copy");
            return;
        }

        sink.Record(record with { IsTimeInferred = true });
    }

    public void Note(DerivedNote note) => sink.Ignored($"{note.Type} of the session that it was forked from");

    public void Item(ReadOnlySpan<byte> item) => sink.Item(item);

    public void Invalid(string sentence) => sink.Invalid(sentence);

    public void Ignored(string type) => sink.Ignored(type);
}
