using System.Text.Json;

namespace Audit.Formats;

/// <summary>Reads events that are known to be JSON objects, strictly read.</summary>
internal interface IEventReader
{
    /// <exception cref="Audit.Lifecycle.UnreadableException">The event lacks what it cannot be understood without.</exception>
    void Read(JsonElement happened, long number, IFormatSink sink);
}
