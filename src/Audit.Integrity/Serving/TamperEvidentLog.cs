using Audit.Integrity.Entries;
using Audit.Integrity.Sealing;

namespace Audit.Integrity.Serving;

/// <summary>The log of a store, for a node: one part answers, the other one seals.</summary>
public sealed class TamperEvidentLog : IAsyncDisposable
{
    private readonly LogStore store;
    private readonly StoredRows rows;

    private TamperEvidentLog(
        string address, IJournal journal, LogStore store, ILogKeyring keys, EntryKeys entries, SealerOptions options)
    {
        this.store = store;
        rows = new StoredRows(address, entries);
        var heads = new LogHeads(store);
        Reader = new LogReader(rows, store, heads);
        Sealer = new LogSealer(address, journal, store, heads, keys, entries, options);
        Memory = new LogMemory(address, journal, store, entries, options);
    }

    public LogReader Reader { get; }

    public LogSealer Sealer { get; }

    public LogMemory Memory { get; }

    /// <param name="address">The store's address, as the journal was opened with.</param>
    /// <exception cref="StoreException">The log's tables cannot be opened; the message says why.</exception>
    /// <exception cref="NoteFormatException">The origin is not accepted.</exception>
    public static async Task<TamperEvidentLog> OpenAsync(
        string address, IJournal journal, ILogKeyring keys, EntryKeys entries, SealerOptions options,
        CancellationToken cancellation)
    {
        var store = await LogStore.OpenAsync(address, cancellation);
        try
        {
            return new TamperEvidentLog(address, journal, store, keys, entries, options);
        }
        catch
        {
            await store.DisposeAsync();
            throw;
        }
    }

    public async ValueTask DisposeAsync()
    {
        await Sealer.DisposeAsync();
        await rows.DisposeAsync();
        await store.DisposeAsync();
    }
}
