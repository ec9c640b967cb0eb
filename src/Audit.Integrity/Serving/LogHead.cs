using Audit.Integrity.Storage;

namespace Audit.Integrity.Serving;

/// <summary>How far a store's log is.</summary>
/// <param name="Stored">The newest checkpoint; null before the first.</param>
public sealed record LogHead(LogRecord Log, StoredCheckpoint? Stored)
{
    public long Size => Stored?.Size ?? 0;

    /// <summary>The last position that is sealed, 0 for none.</summary>
    public long LastPosition => Stored?.LastPosition ?? 0;
}
