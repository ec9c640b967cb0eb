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

/// <summary>
/// Reads a few rows as they are stored, with their entries, over one connection that is opened when somebody first
/// asks: the journal itself gives them as they may be read.
/// </summary>
internal sealed class StoredRows(string address, EntryKeys keys) : IAsyncDisposable
{
    private readonly SemaphoreSlim turn = new(1);
    private readonly RowBatch batch = new();
    private IRowSource? source;

    /// <param name="limit">How many at most.</param>
    /// <param name="last">The last position that is wanted.</param>
    public async Task<List<StoredRow>> ReadAsync(
        BundleStart start, int limit, long last, CancellationToken cancellation)
    {
        await turn.WaitAsync(cancellation);
        try
        {
            source ??= await RowSource.OpenAsync(address, cancellation);
            return await ReadAsync(source, start, limit, last, cancellation);
        }
        catch
        {
            // In what state it was left does not matter: the next one opens another.
            await CloseAsync();
            throw;
        }
        finally
        {
            turn.Release();
        }
    }

    public async ValueTask DisposeAsync()
    {
        await CloseAsync();
        turn.Dispose();
    }

    private async Task<List<StoredRow>> ReadAsync(
        IRowSource from, BundleStart start, int limit, long last, CancellationToken cancellation)
    {
        var rows = new List<StoredRow>(limit);
        await from.SeekAsync(start.FirstPosition, cancellation);
        while (rows.Count < limit)
        {
            batch.Clear();
            await from.FillAsync(batch, cancellation);
            if (batch.Count == 0)
            {
                break;
            }

            batch.Hash(keys);
            for (var i = 0; i < batch.Count && rows.Count < limit; i++)
            {
                if (batch[i].Position > last)
                {
                    return rows;
                }

                rows.Add(new StoredRow(batch[i].Position, batch.Entry(i), batch.Leaf(i).ToArray()));
            }
        }

        return rows;
    }

    private async ValueTask CloseAsync()
    {
        if (source is { } open)
        {
            source = null;
            await open.DisposeAsync();
        }
    }
}

/// <summary>A row's entry in the log.</summary>
internal sealed record StoredRow(long Position, byte[] Entry, byte[] Leaf);
