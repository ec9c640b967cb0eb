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

    private readonly StoredRows rows;
    private readonly LogStore store;
    private readonly LogHeads heads;

    internal LogReader(StoredRows rows, LogStore store, LogHeads heads)
    {
        this.rows = rows;
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
        return head.Log.RestartNote is null ? LogFile.OfTile(content) : LogFile.OfTileOfLaterLog(content);
    }

    /// <summary>The proof that the row at a position is in the log.</summary>
    /// <returns>Null where there is no such row, or no checkpoint covers it yet.</returns>
    /// <exception cref="LogDamagedException">The row is not the one that was sealed.</exception>
    public async Task<ProofFile?> ProveAsync(long position, CancellationToken cancellation)
    {
        var proofs = await ProveAllAsync([position], cancellation);
        return proofs.Places.TryGetValue(position, out var place) ? proofs.Of(place) : null;
    }

    /// <summary>Proofs for several rows, all under the newest checkpoint.</summary>
    /// <param name="positions">In ascending order; what is not sealed yet gets none.</param>
    /// <exception cref="LogDamagedException">A row is not the one that was sealed.</exception>
    public async Task<SharedProofs> ProveAllAsync(IReadOnlyList<long> positions, CancellationToken cancellation)
    {
        var places = new Dictionary<long, ProofPlace>(positions.Count);
        var head = await HeadAsync(cancellation);
        if (head?.Stored is null)
        {
            return new SharedProofs(null, places);
        }

        var tree = new TreeReader(new StoreTiles(store, head.Log.Number), head.Size);
        for (var next = 0; next < positions.Count && positions[next] <= head.LastPosition; next++)
        {
            // Of a bundle of neighbours the rows are read once.
            if (places.ContainsKey(positions[next])
                || await store.FindBundleAsync(head.Log.Number, positions[next], cancellation) is not { } start)
            {
                continue;
            }

            var wanted = positions.Skip(next).Take(TileShape.Width).Where(one => one <= head.LastPosition).ToHashSet();
            var found = await rows.ReadAsync(start, TileShape.Width, wanted.Max(), cancellation);
            for (var i = 0; i < found.Count; i++)
            {
                var index = start.Number * TileShape.Width + i;
                if (index < head.Size && wanted.Contains(found[i].Position))
                {
                    CheckLeaf(found[i], await tree.LeafAsync(index, cancellation));
                    places[found[i].Position] = new ProofPlace(
                        index, await tree.InclusionAsync(index, cancellation), found[i].Entry);
                }
            }
        }

        return new SharedProofs(SignedCheckpoint.Parse(head.Stored.Note), places);
    }

    /// <summary>How many sealed rows no node of the store can have written.</summary>
    public async Task<UnprovenRows> UnprovenAsync(CancellationToken cancellation) =>
        await HeadAsync(cancellation) is { } head
            ? await store.ReadUnprovenAsync(head.Log.Number, cancellation)
            : default;

    /// <summary>The newest checkpoint that so many witnesses cosigned; null where there is none.</summary>
    public async Task<StoredCheckpoint?> WitnessedAsync(int quorum, CancellationToken cancellation) =>
        quorum > 0 && await HeadAsync(cancellation) is { } head
            ? await store.ReadWitnessedAsync(head.Log.Number, quorum, cancellation)
            : null;

    /// <summary>The logs that there were, the oldest first.</summary>
    public Task<IReadOnlyList<LogRecord>> LogsAsync(CancellationToken cancellation) =>
        store.ReadLogsAsync(cancellation);

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
        var found = await rows.ReadAsync(start, tile.Count, long.MaxValue, cancellation);
        if (found.Count < tile.Count)
        {
            throw new LogDamagedException($"The journal ends within the log's bundle {tile.Number}.");
        }

        for (var i = 0; i < found.Count; i++)
        {
            CheckLeaf(found[i], hashes.AsSpan(i * TreeHash.Size, TreeHash.Size));
        }

        return EntryBundle.Of(found.Select(row => row.Entry));
    }

    private static void CheckLeaf(StoredRow row, ReadOnlySpan<byte> leaf)
    {
        if (!row.Leaf.AsSpan().SequenceEqual(leaf))
        {
            throw new LogDamagedException($"The row at position {row.Position} is not the one that was sealed.");
        }
    }
}

/// <summary>Where a row stands in the log, and the hashes that lead from there to the checkpoint.</summary>
/// <param name="Entry">Of the row, in its bytes.</param>
public sealed record ProofPlace(long Index, IReadOnlyList<byte[]> Hashes, byte[] Entry);

/// <summary>Proofs under one checkpoint.</summary>
/// <param name="Checkpoint">Null before there is one.</param>
public sealed record SharedProofs(SignedCheckpoint? Checkpoint, IReadOnlyDictionary<long, ProofPlace> Places)
{
    public ProofFile Of(ProofPlace place) => new(place.Index, place.Hashes, Checkpoint!);
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
