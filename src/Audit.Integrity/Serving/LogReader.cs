using Audit.Integrity.Entries;
using Audit.Integrity.Sealing;

namespace Audit.Integrity.Serving;

/// <summary>
/// Answers what is asked of the log, on every node of a store. Entries are made from the journal's rows when they are
/// asked for and compared with the sealed hashes: kept a second time they would take a quarter of the journal's room,
/// and they could only be right or wrong where the row is.
/// </summary>
public sealed class LogReader
{
    public const string CheckpointPath = "checkpoint";

    private const long BytesInPage = 8 << 20;

    private readonly IJournal journal;
    private readonly LogStore store;
    private readonly LogHeads heads;

    internal LogReader(IJournal journal, LogStore store, LogHeads heads)
    {
        this.journal = journal;
        this.store = store;
        this.heads = heads;
    }

    /// <returns>Null before there is a log.</returns>
    public Task<LogHead?> HeadAsync(CancellationToken cancellation) => heads.ReadAsync(cancellation);

    /// <summary>Serves `checkpoint` and `tile/…` as C2SP tlog-tiles has them.</summary>
    /// <returns>Null where nothing is.</returns>
    /// <exception cref="LogDamagedException">A row is not the one that was sealed, so its entry cannot be
    /// given.</exception>
    public async Task<LogFile?> ReadAsync(string path, CancellationToken cancellation)
    {
        var head = await HeadAsync(cancellation);
        if (head?.Stored is null)
        {
            return null;
        }

        if (path == CheckpointPath)
        {
            return LogFile.OfCheckpoint(Encoding.UTF8.GetBytes(head.Stored.Note));
        }

        if (!TilePath.TryParse(path, out var tile) || tile.Level >= TileShape.Levels)
        {
            return null;
        }

        var available = TileShape.CountIn(head.Size, Math.Max(tile.Level, 0), tile.Number);
        if (tile.Count > available)
        {
            return null;
        }

        var content = tile.Level == TilePath.Entries
            ? await EntriesAsync(head, tile, cancellation)
            : await HashesAsync(head, tile.Level, tile.Number, tile.Count, cancellation);
        return head.Log.Previous is null ? LogFile.OfTile(content) : LogFile.OfTileOfLaterLog(content);
    }

    /// <summary>The proof that the row at a position is in the log.</summary>
    /// <returns>Null where there is no such row, or no checkpoint covers it yet.</returns>
    /// <exception cref="LogDamagedException">The row is not the one that was sealed.</exception>
    public async Task<ProofFile?> ProveAsync(long position, CancellationToken cancellation)
    {
        var head = await HeadAsync(cancellation);
        if (head?.Stored is null || position > head.LastPosition)
        {
            return null;
        }

        var bundle = await store.FindBundleAsync(head.Log.Number, position, cancellation);
        if (bundle is not { } start)
        {
            return null;
        }

        var rows = await RowsAsync(start, TileShape.Width, position, cancellation);
        if (rows.Count == 0 || rows[^1].Position != position)
        {
            return null;
        }

        var index = start.Number * TileShape.Width + rows.Count - 1;
        var tree = new TreeReader(new StoreTiles(store, head.Log.Number), head.Size);
        CheckLeaf(rows[^1], await tree.LeafAsync(index, cancellation));
        var hashes = await tree.InclusionAsync(index, cancellation);
        return new ProofFile(index, hashes, SignedCheckpoint.Parse(head.Stored.Note));
    }

    private async Task<byte[]> HashesAsync(
        LogHead head, int level, long number, int count, CancellationToken cancellation)
    {
        var tiles = await store.ReadTilesAsync(head.Log.Number, level, number, 1, cancellation);
        var length = TileShape.BytesOf(count);
        return tiles.Count == 1 && tiles[0].Length >= length
            ? tiles[0][..length]
            : throw new LogDamagedException($"The log's tile {number} of level {level} is missing or too short.");
    }

    private async Task<byte[]> EntriesAsync(LogHead head, TilePath tile, CancellationToken cancellation)
    {
        var start = await store.ReadBundleAsync(head.Log.Number, tile.Number, cancellation)
            ?? throw new LogDamagedException($"The log does not know where its bundle {tile.Number} begins.");
        var hashes = await HashesAsync(head, 0, tile.Number, tile.Count, cancellation);
        var rows = await RowsAsync(start, tile.Count, long.MaxValue, cancellation);
        if (rows.Count < tile.Count)
        {
            throw new LogDamagedException($"The journal ends within the log's bundle {tile.Number}.");
        }

        for (var i = 0; i < rows.Count; i++)
        {
            CheckLeaf(rows[i], hashes.AsSpan(i * TreeHash.Size, TreeHash.Size));
        }

        return EntryBundle.Of(rows.Select(RowEntry.Write));
    }

    private async Task<List<JournalRow>> RowsAsync(
        BundleStart start, int limit, long last, CancellationToken cancellation)
    {
        var rows = new List<JournalRow>(limit);
        var after = start.FirstPosition - 1;
        while (rows.Count < limit && after < last)
        {
            var page = await journal.ReadAfterAsync(after, limit - rows.Count, BytesInPage, cancellation);
            if (page.Count == 0)
            {
                break;
            }

            rows.AddRange(page.TakeWhile(row => row.Position <= last));
            after = page[^1].Position;
        }
        return rows;
    }

    private static void CheckLeaf(JournalRow row, ReadOnlySpan<byte> leaf)
    {
        Span<byte> hash = stackalloc byte[TreeHash.Size];
        RowEntry.HashLeaf(row, hash);
        if (!hash.SequenceEqual(leaf))
        {
            throw new LogDamagedException($"The row at position {row.Position} is not the one that was sealed.");
        }
    }
}

/// <summary>What is served of the log under a path, with the headers that go with it.</summary>
public sealed record LogFile(byte[] Content, string ContentType, string CacheControl)
{
    internal static LogFile OfCheckpoint(byte[] content) => new(content, "text/plain; charset=utf-8", "no-cache");

    /// <summary>
    /// A tile never changes; it is not marked public, for the node may serve it to bearers of a token only.
    /// </summary>
    internal static LogFile OfTile(byte[] content) =>
        new(content, "application/octet-stream", "max-age=31536000, immutable");

    /// <summary>A log that was started anew has other tiles under the paths of the one before it.</summary>
    internal static LogFile OfTileOfLaterLog(byte[] content) => new(content, "application/octet-stream", "no-cache");
}
