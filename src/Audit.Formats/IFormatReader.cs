namespace Audit.Formats;

/// <summary>Reads one stream of another system, event by event, in order. It is used by one caller at a time.</summary>
public interface IFormatReader
{
    /// <summary>Tells the sink what one event says. Never throws for what stands in the event.</summary>
    /// <param name="text">The event, one JSON text.</param>
    /// <param name="number">Its place in the stream, from 1.</param>
    void Read(ReadOnlySpan<byte> text, long number, IFormatSink sink);
}
