using Audit.Formats.Derived;

namespace Audit.Formats;

/// <summary>Takes what an event of another system says in our words: any number of items, or nothing that concerns us.</summary>
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
