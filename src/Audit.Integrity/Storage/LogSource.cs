namespace Audit.Integrity.Storage;

/// <summary>A log that is to be verified, in a store or in a bundle.</summary>
internal interface ILogSource : IAsyncDisposable
{
    /// <summary>The logs there were, the last one being that of the checkpoint.</summary>
    IReadOnlyList<LogRecord> Logs { get; }

    /// <summary>The newest checkpoint; null where nothing was signed.</summary>
    StoredCheckpoint? Newest { get; }

    /// <summary>Checkpoints of the log that are kept, in order of size.</summary>
    Task<IReadOnlyList<StoredCheckpoint>> ReadCheckpointsAsync(
        long afterSize, int limit, CancellationToken cancellation);

    /// <summary>The newest checkpoints that any witness cosigned, the newest first.</summary>
    Task<IReadOnlyList<StoredCheckpoint>> ReadCosignedAsync(CancellationToken cancellation);

    /// <summary>Tiles of one level that follow each other; it ends before the first that is missing.</summary>
    Task<IReadOnlyList<byte[]>> ReadTilesAsync(int level, long first, int limit, CancellationToken cancellation);
}

/// <summary>
/// The log of a store, as it was when the verification began: what is sealed meanwhile only comes behind it.
/// </summary>
internal sealed class StoreLogSource : ILogSource
{
    private readonly LogStore store;

    private StoreLogSource(LogStore store, IReadOnlyList<LogRecord> logs, StoredCheckpoint? newest)
    {
        this.store = store;
        Logs = logs;
        Newest = newest;
    }

    public IReadOnlyList<LogRecord> Logs { get; }

    public StoredCheckpoint? Newest { get; }

    private int Log => Logs[^1].Number;

    /// <returns>Null where the store has no log.</returns>
    public static async Task<StoreLogSource?> FindAsync(string address, CancellationToken cancellation)
    {
        var store = await LogStore.FindForReadingAsync(address, cancellation);
        if (store is null)
        {
            return null;
        }

        try
        {
            var logs = await store.ReadLogsAsync(cancellation);
            if (logs.Count > 0)
            {
                var newest = await store.ReadLastCheckpointAsync(logs[^1].Number, cancellation);
                return new StoreLogSource(store, logs, newest);
            }
        }
        catch
        {
            await store.DisposeAsync();
            throw;
        }
        await store.DisposeAsync();
        return null;
    }

    public Task<IReadOnlyList<StoredCheckpoint>> ReadCheckpointsAsync(
        long afterSize, int limit, CancellationToken cancellation) =>
        store.ReadCheckpointsAsync(Log, afterSize, limit, cancellation);

    public Task<IReadOnlyList<StoredCheckpoint>> ReadCosignedAsync(CancellationToken cancellation) =>
        store.ReadCosignedAsync(Log, cancellation);

    public Task<IReadOnlyList<byte[]>> ReadTilesAsync(
        int level, long first, int limit, CancellationToken cancellation) =>
        store.ReadTilesAsync(Log, level, first, limit, cancellation);

    public ValueTask DisposeAsync() => store.DisposeAsync();
}

/// <summary>How far a verification is.</summary>
/// <param name="Sealed">How many rows the checkpoint covers; more may follow that it does not cover.</param>
public readonly record struct VerifyProgress(long Rows, long Sealed);
