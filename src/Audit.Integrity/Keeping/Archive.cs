using Audit.Integrity.Entries;

namespace Audit.Integrity.Keeping;

/// <summary>What a run of archiving did.</summary>
/// <param name="Made">The segments that were added.</param>
/// <param name="Unsaid">Those of the archive that the book does not name: also of runs that were broken off.</param>
/// <param name="Stayed">Sessions that were due and stayed, each with why; a few of them.</param>
public sealed record ArchiveRun(
    IReadOnlyList<ArchiveSegment> Made, IReadOnlyList<ArchiveSegment> Unsaid, long Sessions, long Rows,
    IReadOnlyList<(string Owner, string Why)> Stayed, long StayedCount);

/// <summary>
/// Writes whole settled sessions into an archive, beside a node or without one. It changes nothing in the store. What
/// stands in a segment already is not written again, so that a run which was broken off is gone on with by the next.
/// </summary>
public sealed class Archive : IDisposable
{
    private const int MostNamed = 20;

    private readonly string directory;
    private readonly string? keys;
    private readonly EntryKeys entries;
    private readonly FileStream held;
    private readonly List<ArchiveSegment> made = [];
    private readonly List<(string, string)> stayed = [];
    private readonly List<object?[]> sessions = [];
    private readonly SortedDictionary<long, List<int>> tiles = [];
    private readonly RowBatch batch = new();
    private PartWriter? open;
    private long first;
    private long last;
    private DateTime through;
    private long stayedCount;
    private long sessionCount;
    private long rowCount;

    private Archive(string directory, string? keys, EntryKeys entries)
    {
        this.directory = Path.GetFullPath(directory);
        this.keys = keys is null ? null : Path.GetFullPath(keys);
        this.entries = entries;
        Backup.RequireApart(this.directory, this.keys);
        OwnerOnly.MakeDirectory(this.directory);
        held = BackupLock.Take(this.directory);
    }

    /// <summary>Rows of a segment; a session is never divided.</summary>
    public static int MostRows { get; set; } = 50_000;

    /// <param name="keys">Where the keys of the contents go; null for nowhere.</param>
    /// <param name="isDue">Whether a session is meant that may go, by its newest row; null for all of before.</param>
    /// <exception cref="BackupException">It cannot be written there; the message says why.</exception>
    /// <exception cref="StoreException">The store cannot be read.</exception>
    /// <exception cref="LogKeyException">The log's key cannot be used.</exception>
    internal static async Task<ArchiveRun> RunAsync(
        string address, string directory, string? keys, EntryKeys entries, ILogKeyring signers, DateTimeOffset before,
        Func<StoredSession, bool>? isDue, IProgress<VerifyProgress>? progress, CancellationToken cancellation)
    {
        using var archive = new Archive(directory, keys, entries);
        try
        {
            return await archive.RunAsync(address, signers, before, isDue, progress, cancellation);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw new BackupException($"The archive cannot be written: {failure.Message}", failure);
        }
    }

    /// <summary>What is due by rules of retention.</summary>
    public static Task<ArchiveRun> RunAsync(
        string address, string directory, string? keys, EntryKeys entries, ILogKeyring signers, DateTimeOffset now,
        Retention rules, IProgress<VerifyProgress>? progress, CancellationToken cancellation) => RunAsync(
        address, directory, keys, entries, signers, now, one => rules.IsDue(one, now), progress, cancellation);

    /// <summary>All that may go of what was recorded before a time.</summary>
    public static Task<ArchiveRun> RunAsync(
        string address, string directory, string? keys, EntryKeys entries, ILogKeyring signers, DateTimeOffset before,
        IProgress<VerifyProgress>? progress, CancellationToken cancellation) =>
        RunAsync(
            address, directory, keys, entries, signers, before, (Func<StoredSession, bool>?)null, progress,
            cancellation);

    public void Dispose()
    {
        open?.Dispose();
        held.Dispose();
    }

    private async Task<ArchiveRun> RunAsync(
        string address, ILogKeyring signers, DateTimeOffset before, Func<StoredSession, bool>? isDue,
        IProgress<VerifyProgress>? progress, CancellationToken cancellation)
    {
        await using var look = new StoreLook(address);
        var store = await StoreMeta.FindAsync(look, AuditStore.StoreId, cancellation)
            ?? throw new StoreException("The store has no id: no node ever wrote to it.");
        var known = Known(Convert.ToHexStringLower(store));
        KeyBackup.RequireOwn(keys, entries.Rows!);
        await using var log = await SealedLog.OpenAsync(address, cancellation);
        var signer = signers.Find(log.Record.Key) ?? throw new LogKeyException(
            "The log's key is not here, and a segment is signed with it: archive where the node has it, or name it.");
        var all = await StoredSessions.OpenAsync(
            look, entries, log.Newest.LastPosition, DateTimeOffset.UtcNow, cancellation);
        // In the order in which they ended, so that what lies together in the book and in its log is in one segment.
        var over = new List<(DateTime Recorded, string Owner)>();
        await foreach (var owner in all.OwnersAsync(cancellation))
        {
            if (await all.RecordedAsync(owner, cancellation) is { } recorded && recorded < before.UtcDateTime)
            {
                over.Add((recorded, owner));
            }
        }

        over.Sort();
        foreach (var (_, owner) in over)
        {
            // By a run beside this one it may be gone since.
            if (await all.ReadAsync(owner, cancellation) is not { } session)
            {
                continue;
            }

            if (isDue?.Invoke(session) == false || known.GetValueOrDefault(owner) == session.Last)
            {
                continue;
            }

            if (session.Against is { } why)
            {
                stayedCount++;
                stayed.AddRange(stayed.Count < MostNamed ? [(owner, why)] : []);
                continue;
            }

            await AddAsync(session, log, cancellation);
            progress?.Report(new VerifyProgress(rowCount, rowCount));
            if (open!.Rows >= MostRows)
            {
                await FinishAsync(Convert.ToHexStringLower(store), log, signer, cancellation);
            }
        }

        await FinishAsync(Convert.ToHexStringLower(store), log, signer, cancellation);
        await WriteKeysAsync(look, cancellation);
        var said = (await KeepingActs.ReadAsync(entries, look, cancellation))
            .Select(act => act.Facts.TryGetProperty("sha256", out var sum) ? sum.GetString() : null).ToHashSet();
        return new ArchiveRun(
            made, [.. ArchiveSegment.ReadAll(directory).Where(one => !said.Contains(one.Sha256))], sessionCount,
            rowCount, stayed, stayedCount);
    }

    /// <summary>What is archived already, by owners, with the last position of each.</summary>
    private Dictionary<string, long> Known(string store)
    {
        var known = new Dictionary<string, long>();
        foreach (var segment in ArchiveSegment.ReadAll(directory))
        {
            if (segment.StoreId != store)
            {
                throw new BackupException(
                    $"{directory} has an archive of another store, {segment.StoreId}; this one is {store}. Begin in an "
                    + "empty directory.");
            }

            foreach (var (owner, _, end) in segment.ReadSessions(directory))
            {
                known[owner] = end;
            }
        }

        return known;
    }

    private async Task AddAsync(StoredSession session, SealedLog log, CancellationToken cancellation)
    {
        open ??= new PartWriter(directory);
        first = open.Rows == 0 ? long.MaxValue : first;
        foreach (var part in session.Rows.Chunk(RowBatch.MostRows))
        {
            batch.Clear();
            foreach (var values in part)
            {
                batch.AddJournalRow(values);
            }

            batch.Hash(entries);
            for (var index = 0; index < part.Length; index++)
            {
                var leaf = await log.FindAsync(batch[index].Position, batch.Leaf(index).ToArray(), cancellation);
                open.Add(TableShape.ArchivedRow, [.. part[index], batch.Salt(index).ToArray(), leaf]);
                tiles.TryAdd(leaf / TileShape.Width, []);
            }
        }

        first = Math.Min(first, (long)session.Rows[0][0]!);
        last = Math.Max(last, session.Last);
        through = session.Recorded > through ? session.Recorded : through;
        sessions.Add([session.Owner, (long)session.Rows.Count, session.Last, session.Recorded.Ticks]);
        (sessionCount, rowCount) = (sessionCount + 1, rowCount + session.Rows.Count);
    }

    private async Task FinishAsync(string store, SealedLog log, ILogSigner signer, CancellationToken cancellation)
    {
        if (open is null)
        {
            return;
        }

        foreach (var tile in tiles.Keys)
        {
            var (leaves, path) = await log.ProveTileAsync(tile, cancellation);
            open.Add(TableShape.ArchivedTile, [tile, leaves, path]);
        }

        var number = (ArchiveSegment.ReadAll(directory).LastOrDefault()?.Number ?? 0) + 1;
        var rows = open.Finish(ArchiveSegment.RowsName(number), first, last) with
        {
            Rows = sessions.Sum(one => (long)one[1]!),
        };
        open.Dispose();
        open = null;
        var body = ArchiveSegment.TextOf(
            number, store, entries.Rows!.FirstId, new DateTimeOffset(through), rows, WriteSessions(number),
            log.Record.Key, log.Newest);
        var segment = ArchiveSegment.Read(
            await SignedNote.SignAsync(body, signer, cancellation), ArchiveSegment.Name(number, "note"));
        segment.Save(directory);
        made.Add(segment);
        sessions.Clear();
        tiles.Clear();
        (last, through) = (0, default);
        log.Forget();
    }

    private BackupPart WriteSessions(int number)
    {
        using var writer = new PartWriter(directory);
        foreach (var session in sessions)
        {
            writer.Add(TableShape.ArchivedSession, session);
        }

        return writer.Finish(ArchiveSegment.SessionsName(number), first, last);
    }

    /// <summary>Adds the keys of what was archived to those that are kept, as far as nothing was erased.</summary>
    private async Task WriteKeysAsync(StoreLook look, CancellationToken cancellation)
    {
        if (keys is null)
        {
            return;
        }

        OwnerOnly.MakeDirectory(keys);
        using var alone = BackupLock.Take(keys);
        var (rows, erased) = File.Exists(Path.Combine(keys, Backup.KeysFile))
            ? KeyBackup.Read(keys, entries.Rows!)
            : ([], []);
        var kept = rows.ToDictionary(row => (string)row[0]!);
        var known = await ErasedContent.ReadAllAsync(entries, look, cancellation);
        erased.AddRange(known.Values);
        // Also those of segments whose run was broken off before their keys, or was asked for none.
        var here = made.Select(segment => segment.Number).ToHashSet();
        var owners = ArchiveSegment.ReadAll(directory)
            .SelectMany(segment => segment.ReadSessions(directory)
                .Where(session => here.Contains(segment.Number) || !kept.ContainsKey(session.Owner)))
            .Select(session => session.Owner)
            .Concat(known.Values.Select(one => one.Owner).Where(kept.ContainsKey)).Distinct().ToArray();
        foreach (var owner in owners)
        {
            foreach (var row in await look.ReadAsync(
                session => session.QueryAsync(
                    $"{TableShape.PayloadKeys.SelectSql("")} WHERE owner = $1", [owner], TableShape.PayloadKeys.Read,
                    cancellation),
                cancellation))
            {
                // A session that went on after it was cut has another key, and needs that of what was cut as well.
                kept[owner] = kept.TryGetValue(owner, out var before)
                    ? KeyBackup.Joined(
                        before, row, await look.ReadAsync(
                            session => KeyEnding.CutStreamsAsync(session, owner, cancellation), cancellation),
                        entries.Rows!)
                    : row;
            }

            if (kept.TryGetValue(owner, out var one) && (one[2] is null || known.ContainsKey(owner)))
            {
                kept.Remove(owner);
            }
        }

        KeyBackup.Write(keys, kept.Values, erased, entries.Rows!);
    }
}

/// <summary>The newest log of a store, as it is asked where rows stand in it.</summary>
internal sealed class SealedLog : IAsyncDisposable
{
    private readonly LogStore store;
    private readonly long[] starts;
    private Dictionary<long, byte[]> leaves = [];
    private TreeReader tree;

    private SealedLog(LogStore store, LogRecord record, StoredCheckpoint newest, long[] starts)
    {
        (this.store, Record, Newest, this.starts) = (store, record, newest, starts);
        tree = new TreeReader(new StoreTiles(store, record.Number), newest.Size);
    }

    public LogRecord Record { get; }

    public StoredCheckpoint Newest { get; }

    /// <exception cref="BackupException">Nothing was sealed yet.</exception>
    public static async Task<SealedLog> OpenAsync(string address, CancellationToken cancellation)
    {
        var store = await LogStore.FindForReadingAsync(address, cancellation);
        var record = store is null ? null : (await store.ReadLogsAsync(cancellation)).LastOrDefault();
        var newest = record is null ? null : await store!.ReadLastCheckpointAsync(record.Number, cancellation);
        if (newest is null)
        {
            await (store?.DisposeAsync() ?? default);
            throw new BackupException("Nothing of the store was sealed yet, so that nothing of it can be proven.");
        }

        await using var look = new StoreLook(LogPlace.AddressOf(address));
        var starts = await look.ReadAsync(
            session => session.QueryAsync(
                $"SELECT first_position FROM {LogPlace.SchemaOf(address)}bundle WHERE log = $1 ORDER BY number",
                [(long)record!.Number], row => row.Number(0), cancellation),
            cancellation);
        return new SealedLog(store!, record!, newest, [.. starts]);
    }

    /// <summary>Where the leaf of the row at a position stands.</summary>
    /// <exception cref="BackupException">It is not the row that was sealed.</exception>
    public async Task<long> FindAsync(long position, byte[] leaf, CancellationToken cancellation)
    {
        var found = Array.BinarySearch(starts, position);
        var tile = found < 0 ? ~found - 1 : found;
        var hashes = tile < 0 ? [] : await LeavesAsync(tile, cancellation);
        for (var at = 0; at < hashes.Length; at += TreeHash.Size)
        {
            if (hashes.AsSpan(at, TreeHash.Size).SequenceEqual(leaf))
            {
                return ((long)tile * TileShape.Width) + (at / TreeHash.Size);
            }
        }

        throw new BackupException(
            $"The row at position {position} is not the one that was sealed; audit verify says more. Nothing of the "
            + "segment was kept.");
    }

    /// <summary>The leaves of a tile, and the hashes that lead from their root to that of the log.</summary>
    public async Task<(byte[] Leaves, byte[] Path)> ProveTileAsync(long tile, CancellationToken cancellation)
    {
        var hashes = await LeavesAsync(tile, cancellation);
        var within = System.Numerics.BitOperations.Log2(
            System.Numerics.BitOperations.RoundUpToPowerOf2((uint)(hashes.Length / TreeHash.Size)));
        var path = await tree.InclusionAsync(tile * TileShape.Width, cancellation);
        return (hashes, [.. path.Skip(within).SelectMany(hash => hash)]);
    }

    public void Forget()
    {
        leaves = [];
        tree = new TreeReader(new StoreTiles(store, Record.Number), Newest.Size);
    }

    public ValueTask DisposeAsync() => store.DisposeAsync();

    private async Task<byte[]> LeavesAsync(long tile, CancellationToken cancellation)
    {
        if (leaves.TryGetValue(tile, out var known))
        {
            return known;
        }

        var length = TileShape.BytesOf(TileShape.CountIn(Newest.Size, 0, tile));
        var found = await store.ReadTilesAsync(Record.Number, 0, tile, 1, cancellation);
        return leaves[tile] = found is [{ } hashes] && hashes.Length >= length
            ? hashes[..length]
            : throw new BackupException($"The log's tile {tile} is missing or too short; audit verify says more.");
    }
}
