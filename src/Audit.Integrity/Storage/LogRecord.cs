namespace Audit.Integrity.Storage;

/// <summary>One log of a store.</summary>
public sealed record LogRecord(int Number, string Origin, VerifierKey Key, DateTimeOffset StartedAt)
{
    /// <summary>Why the log before was ended; null for the first one.</summary>
    public string? Reason { get; init; }

    /// <summary>
    /// The last signed checkpoint of the log before; null for the first one, and where nothing had been signed.
    /// </summary>
    public string? Previous { get; init; }

    /// <summary>Why this log may not be signed again; null while it may.</summary>
    public LogHalt? Halt { get; init; }
}

/// <summary>Why a log is signed no more until an operator starts a new one.</summary>
/// <param name="Reason">A sentence.</param>
/// <param name="Position">The first position known to be concerned; null where none can be named.</param>
public sealed record LogHalt(string Reason, long? Position, DateTimeOffset At);

/// <summary>A checkpoint as the store has it.</summary>
/// <param name="LastPosition">The position of the last row that it covers, 0 for an empty log.</param>
public sealed record StoredCheckpoint(long Size, long LastPosition, string Note, DateTimeOffset SignedAt);

/// <summary>At which position a bundle of 256 entries begins.</summary>
public readonly record struct BundleStart(long Number, long FirstPosition);

/// <summary>What one step of sealing writes, as a whole or not at all.</summary>
/// <param name="After">The size of the newest checkpoint before; if another one is found, nobody knows what
/// happened.</param>
/// <param name="Checkpoint">Null when the step only goes on with a tree that cannot be signed yet.</param>
internal sealed record SealStep(
    int Log,
    long After,
    IReadOnlyList<LogTile> Tiles,
    IReadOnlyList<BundleStart> Bundles,
    StoredCheckpoint? Checkpoint);

/// <summary>Somebody else sealed meanwhile; whoever gets this looks at the store anew.</summary>
internal sealed class SealingLostException(string message) : Exception(message);
