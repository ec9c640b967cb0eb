namespace Audit.Integrity.Serving;

/// <summary>What is served of the log under a path, with the headers that go with it.</summary>
public sealed record LogFile(byte[] Content, string ContentType, string CacheControl)
{
    internal static LogFile OfCheckpoint(byte[] content) => new(content, "text/plain; charset=utf-8", "no-cache");

    /// <summary>A tile never changes; it is not said to be public, for the node may serve it to bearers of a token only.</summary>
    internal static LogFile OfTile(byte[] content) => new(content, "application/octet-stream", "max-age=31536000, immutable");

    /// <summary>A log that was started anew has other tiles under the paths of the one before it.</summary>
    internal static LogFile OfTileOfLaterLog(byte[] content) => new(content, "application/octet-stream", "no-cache");
}
