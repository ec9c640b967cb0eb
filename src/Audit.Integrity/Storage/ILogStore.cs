using Audit.Integrity.Tiles;

namespace Audit.Integrity.Storage;

/// <summary>What is kept of the logs of a store. All of it can be made again from the journal, but for the signatures.</summary>
internal interface ILogStore : IAsyncDisposable
{
    /// <summary>All logs of the store, the oldest first.</summary>
    Task<IReadOnlyList<LogRecord>> ReadLogsAsync(CancellationToken cancellation);

    Task<StoredCheckpoint?> ReadLastCheckpointAsync(int log, CancellationToken cancellation);

    Task<IReadOnlyList<StoredCheckpoint>> ReadCheckpointsAsync(
        int log, long afterSize, int limit, CancellationToken cancellation);

    /// <summary>Tiles of one level that follow each other; it ends before the first that is missing.</summary>
    Task<IReadOnlyList<byte[]>> ReadTilesAsync(int log, int level, long first, int limit, CancellationToken cancellation);

    Task<BundleStart?> ReadBundleAsync(int log, long number, CancellationToken cancellation);

    /// <summary>The bundle that a position lies in.</summary>
    Task<BundleStart?> FindBundleAsync(int log, long position, CancellationToken cancellation);

    /// <returns>Null while another node has the right to seal.</returns>
    Task<ILogSession?> TryBeginSealingAsync(CancellationToken cancellation);
}

/// <summary>The right to seal, which one node has at a time; it ends with the connection it hangs on.</summary>
internal interface ILogSession : IAsyncDisposable
{
    Task CreateLogAsync(LogRecord log, CancellationToken cancellation);

    Task HaltAsync(int log, LogHalt halt, CancellationToken cancellation);

    /// <summary>Writes a step in one transaction.</summary>
    Task CommitAsync(SealStep step, CancellationToken cancellation);
}

/// <summary>The tiles of one log of a store.</summary>
internal sealed class StoreTiles(ILogStore store, int log) : ITileSource
{
    public async Task<byte[]?> ReadAsync(int level, long number, CancellationToken cancellation)
    {
        var found = await store.ReadTilesAsync(log, level, number, 1, cancellation);
        return found.Count == 0 ? null : found[0];
    }
}
