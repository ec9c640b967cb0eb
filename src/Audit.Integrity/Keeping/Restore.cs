using Audit.Integrity.Entries;
using Audit.Integrity.Receipts;
using Audit.Integrity.Verification;

namespace Audit.Integrity.Keeping;

/// <summary>What a restore came to.</summary>
/// <param name="Verdict">Of the rows that were put in, before any node could open them.</param>
/// <param name="Gone">Receipts of what was acknowledged after the backup.</param>
/// <param name="Erased">What was erased after the backup was taken, as the keys say: the book is to say it too.</param>
/// <param name="Against">What speaks against opening it; none where it may be opened.</param>
public sealed record Restored(
    BackupManifest Backup, VerificationResult Verdict, IReadOnlyList<KeptReceipt> Gone,
    IReadOnlyList<ErasedContent> Erased, IReadOnlyList<IntegrityFault> Against);

/// <summary>
/// Puts a backup into a store that has nothing yet. Until what was put in is verified no node opens that store: a mark
/// in its table `meta` says so.
/// </summary>
public sealed class Restore
{
    private const int RowsAtOnce = 500;

    private readonly string address;
    private readonly bool isSqlite;
    private readonly string directory;
    private readonly string? keysDirectory;
    private readonly RowKeys keys;
    private readonly IProgress<VerifyProgress>? progress;
    private readonly BackupManifest backup;
    private List<ErasedContent> erased = [];

    private Restore(
        string address, string directory, string? keysDirectory, RowKeys keys, BackupManifest backup,
        IProgress<VerifyProgress>? progress)
    {
        this.address = address;
        isSqlite = StoreAddress.Parse(address).IsSqlite;
        this.directory = directory;
        this.keysDirectory = keysDirectory;
        this.keys = keys;
        this.backup = backup;
        this.progress = progress;
    }

    /// <param name="keysDirectory">Where the keys of the payloads were kept; null to do without the content.</param>
    /// <param name="trust">The key and the receipts that it is held against.</param>
    /// <exception cref="BackupException">The backup or the store cannot be used; the message says why.</exception>
    /// <exception cref="StoreException">The store cannot be written.</exception>
    public static async Task<Restored> RunAsync(
        string address, string directory, string? keysDirectory, RowKeys keys, VerifyOptions trust,
        IProgress<VerifyProgress>? progress, CancellationToken cancellation)
    {
        var backup = BackupManifest.Find(directory, keys)
            ?? throw new BackupException($"There is no backup in {directory}: it has no {BackupManifest.FileName}.");
        if (keys.FirstId != backup.RowKey)
        {
            throw new BackupException(
                $"The backup is of a store with the row key {backup.RowKey}, and the file has {keys.FirstId}: give the "
                + "copy of the file that its first node made (--row-key FILE).");
        }

        var restore = new Restore(address, Path.GetFullPath(directory), keysDirectory, keys, backup, progress);
        try
        {
            await restore.FillAsync(cancellation);
            return await restore.VerifyAsync(trust, cancellation);
        }
        catch (Exception failure) when (failure is IOException or InvalidDataException or UnauthorizedAccessException)
        {
            throw new BackupException($"The backup cannot be put back: {failure.Message}", failure);
        }
    }

    /// <summary>Lets nodes open it.</summary>
    public static async Task OpenAsync(string address, CancellationToken cancellation)
    {
        await using var target = StoreTarget.Open(address);
        await target.ChangeAsync(
            session => session.ExecuteAsync(
                "DELETE FROM meta WHERE key = $1", [AuditStore.BeingRestored], cancellation),
            cancellation);
    }

    private async Task FillAsync(CancellationToken cancellation)
    {
        await BeginAsync(cancellation);
        await using (var target = StoreTarget.Open(address))
        {
            await PutStoreAsync(target, cancellation);
            await PutAsync(target, KeptRows(), "", cancellation);
            await PutAsync(target, Tables(TableShape.OfCut), "", cancellation);
            await PutKeysAsync(target, cancellation);
        }

        await using (await LogStore.OpenAsync(address, cancellation))
        {
            // Makes the tables of the log.
        }

        await using var log = StoreTarget.Open(LogPlace.AddressOf(address));
        await PutAsync(log, Tables(TableShape.OfLog), LogPlace.SchemaOf(address), cancellation);
        await HashAsync(log, cancellation);
    }

    /// <summary>Makes the store, or takes up one that a restore left behind.</summary>
    private async Task BeginAsync(CancellationToken cancellation)
    {
        var place = StoreAddress.Parse(address);
        if (isSqlite && place.IsMissing && SqliteLogDatabase.PathFor(place.Place) is var beside && File.Exists(beside))
        {
            throw new BackupException(
                $"There is a log {beside} already, and no journal beside it. Move it aside, with its files -wal and "
                + "-shm; nothing is written over.");
        }

        if (isSqlite && !place.IsMissing)
        {
            if (!await IsUnfinishedAsync(cancellation))
            {
                throw new BackupException(
                    $"There is a store {address} already. Move it aside, with its files -wal and -shm and the log "
                    + "beside it; nothing is written over.");
            }

            foreach (var file in new[] { Path.GetFullPath(place.Place), SqliteLogDatabase.PathFor(place.Place) })
            {
                File.Delete(file);
                File.Delete(file + "-wal");
                File.Delete(file + "-shm");
            }
        }

        if (!isSqlite && await IsUnfinishedAsync(cancellation))
        {
            throw new BackupException(
                "The database has what a restore left behind that was broken off or did not verify: drop it, and make "
                + "it anew.");
        }

        await using (await AuditStore.OpenAsync(address, _ => keys, cancellation))
        {
            // Makes the tables of the store.
        }

        await using var target = StoreTarget.Open(address);
        var rows = await target.ReadAsync(
            session => session.QueryAsync(
                "SELECT coalesce(max(ordering), 0) FROM journal", [], row => row.Number(0), cancellation),
            cancellation);
        if (rows[0] > 0)
        {
            throw new BackupException("The database has a journal already; accepted is an empty one, newly made.");
        }
    }

    private async Task<bool> IsUnfinishedAsync(CancellationToken cancellation)
    {
        await using var look = new StoreLook(address);
        return await look.ReadAsync(
            async session => (isSqlite || (await session.QueryAsync(
                    "SELECT to_regclass('meta') IS NOT NULL", [], row => row.Flag(0), cancellation))[0])
                && (await session.QueryAsync(
                    "SELECT count(*) FROM meta WHERE key = $1", [AuditStore.BeingRestored], row => row.Number(0),
                    cancellation))[0] > 0,
            cancellation);
    }

    private async Task PutStoreAsync(StoreTarget target, CancellationToken cancellation)
    {
        await target.ChangeAsync(
            async session =>
            {
                await session.ExecuteAsync("DELETE FROM meta", [], cancellation);
                await session.ExecuteAsync(
                    TableShape.Meta.InsertSql(""), [AuditStore.BeingRestored, Encoding.UTF8.GetBytes(backup.Id)],
                    cancellation);
                // The sequence first: a row behind what it gave is refused.
                return isSqlite || backup.LastPosition == 0 ? [] : await session.QueryAsync(
                    "SELECT setval('journal_ordering_seq', $1)", [backup.LastPosition], row => row.Number(0),
                    cancellation);
            },
            cancellation);
        await PutAsync(target, Tables(TableShape.OfStore), "", cancellation);
    }

    /// <summary>
    /// The keys, but for those of what was erased, as the rows or the file of keys have it: these are ended, however
    /// old the file is, and are never in the store.
    /// </summary>
    private async Task PutKeysAsync(StoreTarget target, CancellationToken cancellation)
    {
        var (kept, said) = keysDirectory is null ? ([], []) : KeyBackup.Read(keysDirectory, keys);
        var known = await KnownErasedAsync(cancellation);
        erased = [.. said.Where(one => !known.ContainsKey(one.What))];
        var ended = ErasedContent.KeysOf(known.Values.Concat(erased));
        var rows = new List<object?[]>();
        foreach (var row in kept)
        {
            var calls = ended.GetValueOrDefault((string)row[0]!, []);
            rows.Add(calls is null ? [row[0], keys.Id, null]
                : calls.Count == 0 ? row
                : await WithoutAsync(row, calls, cancellation));
        }

        var owners = kept.Select(row => (string)row[0]!).ToHashSet();
        rows.AddRange(ended.Where(one => one.Value is null && !owners.Contains(one.Key))
            .Select(one => (object?[])[one.Key, keys.Id, null]));
        await PutAsync(target, rows.Select(row => (TableShape.PayloadKeys, row)), "", cancellation);
    }

    /// <summary>A key of a session for all of its streams but those of calls that were erased.</summary>
    private async Task<object?[]> WithoutAsync(
        object?[] row, IReadOnlyCollection<string> calls, CancellationToken cancellation)
    {
        var owner = (string)row[0]!;
        if (KeyRing.Open(keys, owner, (string)row[1]!, (byte[]?)row[2]) is not { } ring)
        {
            return row;
        }

        await using var look = new StoreLook(address);
        var streams = await look.ReadAsync(
            session => KeyEnding.StreamsAsync(session, owner, cancellation), cancellation);
        // What was ended could be derived for as long as the earlier key is there.
        var settled = ring.Settled(streams);
        var after = settled.Without(streams, calls) ?? settled;
        return ReferenceEquals(after, ring) ? row : [owner, keys.Id, after.Wrap(keys, owner)];
    }

    private async Task<Dictionary<string, ErasedContent>> KnownErasedAsync(CancellationToken cancellation)
    {
        await using var look = new StoreLook(address);
        return await ErasedContent.ReadAllAsync(
            await StoreMeta.EntryKeysAsync(address, keys, cancellation), look, cancellation);
    }

    /// <summary>The rows of all parts, but those that were cut since: both are in order of position.</summary>
    private IEnumerable<(TableShape Table, object?[] Values)> KeptRows()
    {
        using var cut = Tables([TableShape.Cut]).Select(row => (long)row.Values[0]!).GetEnumerator();
        var isMore = cut.MoveNext();
        foreach (var row in backup.Parts.SelectMany(part => PartWriter.Read(directory, part)))
        {
            while (isMore && cut.Current < (long)row.Values[0]!)
            {
                isMore = cut.MoveNext();
            }

            if (!isMore || cut.Current != (long)row.Values[0]!)
            {
                yield return row;
            }
        }
    }

    private IEnumerable<(TableShape Table, object?[] Values)> Tables(IReadOnlyList<TableShape> wanted) =>
        PartWriter.Read(directory, backup.Tables).Where(row => wanted.Contains(row.Table));

    private async Task PutAsync(
        StoreTarget target, IEnumerable<(TableShape Table, object?[] Values)> rows, string schema,
        CancellationToken cancellation)
    {
        foreach (var chunk in rows.Chunk(RowsAtOnce))
        {
            await target.ChangeAsync(
                async session =>
                {
                    foreach (var table in chunk.GroupBy(row => row.Table))
                    {
                        var overriding = isSqlite || table.Key != TableShape.Journal ? "" : "OVERRIDING SYSTEM VALUE";
                        await session.ExecuteAllAsync(
                            table.Key.InsertSql(schema, overriding), table.Select(row => row.Values), cancellation);
                    }

                    return true;
                },
                cancellation);
            if (chunk[^1].Table == TableShape.Journal)
            {
                progress?.Report(new VerifyProgress((long)chunk[^1].Values[0]!, backup.LastPosition));
            }
        }
    }

    /// <summary>Makes the hashes of the newest log again, as far as it was signed.</summary>
    private async Task HashAsync(StoreTarget target, CancellationToken cancellation)
    {
        if (backup.Log is not { Size: > 0 } log)
        {
            return;
        }

        var entries = await StoreMeta.EntryKeysAsync(address, keys, cancellation);
        await using var rows = await RowSource.OpenAsync(address, cancellation);
        var (tree, batch, sql) = (new GrowingTree(), new RowBatch(), new LogSql(LogPlace.SchemaOf(address)));
        var number = (long)log.Number;
        var (tiles, bundles) = (new List<LogTile>(), new List<BundleStart>());
        while (tree.Size < log.Size)
        {
            batch.Clear();
            await rows.FillAsync(batch, cancellation);
            if (batch.Count == 0)
            {
                // The verification says that rows are missing.
                break;
            }

            batch.Hash(entries);
            for (var index = 0; index < batch.Count && tree.Size < log.Size; index++)
            {
                if (tree.Size % TileShape.Width == 0)
                {
                    bundles.Add(new BundleStart(tree.Size / TileShape.Width, batch[index].Position));
                }

                tree.Append(batch.Leaf(index), tiles);
            }

            tiles.AddRange(tree.Size < log.Size ? [] : tree.TakeChangedEdge());
            await target.ChangeAsync(
                async session =>
                {
                    await session.ExecuteAllAsync(
                        sql.PutTile,
                        tiles.Select(tile => new object[] { number, (long)tile.Level, tile.Number, tile.Hashes }),
                        cancellation);
                    await session.ExecuteAllAsync(
                        sql.PutBundle,
                        bundles.Select(bundle => new object[] { number, bundle.Number, bundle.FirstPosition }),
                        cancellation);
                    return true;
                },
                cancellation);
            tiles.Clear();
            bundles.Clear();
        }
    }

    private async Task<Restored> VerifyAsync(VerifyOptions trust, CancellationToken cancellation)
    {
        var gone = trust.Receipts.Where(receipt => receipt.Position > backup.LastPosition).ToList();
        var verdict = await LogVerifier.VerifyStoreAsync(
            address,
            trust with
            {
                Entries = await StoreMeta.EntryKeysAsync(address, keys, cancellation),
                Erased = erased,
                // What is proven under a later checkpoint can be met no more; the row itself can.
                Receipts = [.. trust.Receipts.Except(gone).Select(receipt =>
                    receipt.Checkpoint?.Checkpoint.Size > (backup.Log?.Size ?? 0)
                        ? receipt with { Checkpoint = null, Proof = null }
                        : receipt)],
                Signatures = gone.Count > 0 ? [] : trust.Signatures,
            },
            progress, cancellation);
        return new Restored(backup, verdict, gone, erased, [.. verdict.Integrity.Faults.Where(SpeaksAgainst)]);
    }

    // What was not sealed yet, and a log that was halted, were so when the backup was taken.
    private bool SpeaksAgainst(IntegrityFault fault) =>
        fault.Kind is not (IntegrityFaultKind.Unsealed or IntegrityFaultKind.Halted)
        && !(fault.Kind is IntegrityFaultKind.ContentClosed && keysDirectory is null)
        && !(fault.Kind is IntegrityFaultKind.NoLog && backup.Log is not { Size: > 0 });
}
