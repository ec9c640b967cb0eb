using Audit.Integrity.Storage;

namespace Audit.Integrity.Verification;

/// <summary>A log that is to be verified, in a store or in a bundle.</summary>
internal interface ILogSource : IAsyncDisposable
{
    /// <summary>The logs there were, the last one being that of the checkpoint.</summary>
    IReadOnlyList<LogRecord> Logs { get; }

    /// <summary>The newest checkpoint; null where nothing was signed.</summary>
    StoredCheckpoint? Newest { get; }

    /// <summary>Checkpoints of the log that are kept, in order of size.</summary>
    Task<IReadOnlyList<StoredCheckpoint>> ReadCheckpointsAsync(long afterSize, int limit, CancellationToken cancellation);

    /// <summary>Tiles of one level that follow each other; it ends before the first that is missing.</summary>
    Task<IReadOnlyList<byte[]>> ReadTilesAsync(int level, long first, int limit, CancellationToken cancellation);
}
