using System.Security.Cryptography;
using Audit.Integrity.Entries;
using Audit.Integrity.Sealing;
using Audit.Storage.Schemas;

namespace Audit.Integrity.Keeping;

/// <summary>
/// Takes a backup of a store, beside a node or without one, and goes on with an earlier one: rows never change, so only
/// those that came since are written.
/// </summary>
/// <remarks>
/// The order is what makes it verify. The log is read first, so that each of its checkpoints has its rows; then the
/// rows in short readings, which keep no node from taking in its write-ahead log; then, in one snapshot, the last rows
/// and the tables, so that each row has the key of its content and each act on a token its token.
/// </remarks>
public sealed class Backup
{
    public const string KeysFile = "payload-keys.gz";

    private const int RowsAtOnce = 100, RowsInPart = 200_000, CopiedAtOnce = 2_000;

    private readonly string address;
    private readonly string directory;
    private readonly string? keys;
    private readonly RowKeys rowKeys;
    private readonly IProgress<VerifyProgress>? progress;
    private readonly List<BackupPart> parts = [];
    private BackupManifest? before;
    private PartWriter? open;
    private FileStream? holdOfRows;
    private FileStream? holdOfKeys;
    private long first;
    private long last;
    private long end;
    private byte[] lastHash = SHA256.HashData([]);
    private IReadOnlyList<ErasedContent> erased = [];
    private EntryKeys? entries;

    private Backup(
        string address, string directory, string? keys, RowKeys rowKeys, IProgress<VerifyProgress>? progress)
    {
        (this.address, this.rowKeys) = (address, rowKeys);
        this.directory = Path.GetFullPath(directory);
        this.keys = keys is null ? null : Path.GetFullPath(keys);
        this.progress = progress;
    }

    private static string RowsSql =>
        TableShape.Journal.SelectSql("") + " WHERE ordering > $1 ORDER BY ordering LIMIT $2";

    /// <param name="keys">Where the keys of the payloads go, which are to be kept apart; null for nowhere. It is to
    /// stand in the book before, so that an erasure meanwhile knows of it.</param>
    /// <param name="rowKeys">By which the next run, and a restore, know that it is as it was written.</param>
    /// <exception cref="BackupException">It cannot be made there; the message says why.</exception>
    /// <exception cref="StoreException">The store cannot be read.</exception>
    public static async Task<BackupManifest> TakeAsync(
        string address, string directory, string? keys, RowKeys rowKeys, IProgress<VerifyProgress>? progress,
        CancellationToken cancellation)
    {
        var backup = new Backup(address, directory, keys, rowKeys, progress);
        try
        {
            return await backup.TakeAsync(cancellation);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw new BackupException($"The backup cannot be written: {failure.Message}", failure);
        }
        finally
        {
            backup.open?.Dispose();
            backup.holdOfRows?.Dispose();
            backup.holdOfKeys?.Dispose();
        }
    }

    private async Task<BackupManifest> TakeAsync(CancellationToken cancellation)
    {
        RequireApart(directory, keys);
        OwnerOnly.MakeDirectory(directory);
        holdOfRows = BackupLock.Take(directory);
        if (keys is not null)
        {
            OwnerOnly.MakeDirectory(keys);
            holdOfKeys = BackupLock.Take(keys);
        }

        before = BackupManifest.Find(directory, rowKeys);
        await using var look = new StoreLook(address);
        var store = Convert.ToHexStringLower(await MetaAsync(look, AuditStore.StoreId, cancellation));
        KeyBackup.RequireOwn(keys, rowKeys);
        entries = await StoreMeta.EntryKeysAsync(address, rowKeys, cancellation);
        if (before is not null)
        {
            await GoOnAsync(look, store, cancellation);
        }

        // Before the rows, so that none is missing of what it covers.
        var log = await ReadLogAsync(cancellation);
        end = await look.ReadAsync(
            async session => (await session.QueryAsync(
                "SELECT coalesce(max(ordering), 0) FROM journal", [], row => row.Number(0), cancellation))[0],
            cancellation);
        while (await look.ReadAsync(session => ReadRowsAsync(session, cancellation), cancellation) is var rows)
        {
            Write(rows);
            if (rows.Count < RowsAtOnce)
            {
                break;
            }
        }

        return await look.ReadAsync(session => ReadRestAsync(session, store, log, cancellation), cancellation);
    }

    private BackupManifest Save(
        string store, DateTimeOffset at, List<(TableShape Table, object?[] Values)> tables, BackupPart written)
    {
        var manifest = new BackupManifest(
            Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(8)), store,
            Encoding.UTF8.GetString(Single(tables, AuditStore.RowKeyId)).Split(' ')[0],
            StoreAddress.Parse(address).IsSqlite ? "sqlite" : "postgres", at, last,
            Convert.ToHexStringLower(lastHash), parts.Sum(part => part.Rows), [.. parts], written, LogOf(tables));
        manifest.Save(directory, rowKeys);
        if (before is not null)
        {
            File.Delete(Path.Combine(directory, before.Tables.File));
        }

        return manifest;
    }

    private static byte[] Single(IEnumerable<(TableShape Table, object?[] Values)> tables, string key) =>
        (byte[])tables.Single(one => one.Table == TableShape.Meta && (string)one.Values[0]! == key).Values[1]!;

    private static BackupLog? LogOf(List<(TableShape Table, object?[] Values)> tables)
    {
        var log = tables.LastOrDefault(one => one.Table == TableShape.Logs).Values;
        return log is null ? null : new BackupLog(
            (int)(long)log[0]!, (string)log[1]!, (string)log[2]!,
            tables.Where(one => one.Table == TableShape.Checkpoints && Equals(one.Values[0], log[0]))
                .Select(one => (long)one.Values[1]!).DefaultIfEmpty().Max());
    }

    /// <exception cref="BackupException">They are not.</exception>
    internal static void RequireApart(string directory, string? keys)
    {
        if (keys is not null && (keys + Path.DirectorySeparatorChar).StartsWith(
            directory + Path.DirectorySeparatorChar, StringComparison.Ordinal))
        {
            throw new BackupException(
                $"The keys are to be kept apart from the rows: {keys} lies in {directory}. Accepted is another place.");
        }
    }

    /// <summary>Takes up an earlier backup, if it is one of this very history.</summary>
    private async Task GoOnAsync(StoreLook look, string store, CancellationToken cancellation)
    {
        if (before!.StoreId != store)
        {
            throw new BackupException(
                $"{directory} has a backup of another store, {before.StoreId}; this one is {store}. Begin in an empty "
                + "directory.");
        }

        var there = await look.ReadAsync(
            session => session.QueryAsync(
                "SELECT message FROM journal WHERE ordering = $1", [before.LastPosition], row => row.Blob(0),
                cancellation),
            cancellation);
        var cut = there.Count > 0 ? [] : await look.ReadAsync(
            async session => await HasCutAsync(session, cancellation)
                ? await session.QueryAsync(
                    "SELECT hashes FROM journal_cut WHERE ordering = $1", [before.LastPosition], row => row.Blob(0),
                    cancellation)
                : [],
            cancellation);
        var hash = there is [var message] ? SHA256.HashData(message)
            : cut is [var hashes] ? hashes[SHA256.HashSizeInBytes..] : [];
        if (before.Rows > 0 && Convert.ToHexStringLower(hash) != before.LastSha256)
        {
            throw new BackupException(
                $"The store does not have the row at position {before.LastPosition} with which the backup in "
                + $"{directory} ends: it was set back since, or is another history. Keep that backup, and begin in an "
                + "empty directory.");
        }

        parts.AddRange(before.Parts);
        (last, lastHash) = (before.LastPosition, hash);
    }

    private async Task<List<(TableShape Table, object?[] Values)>> ReadLogAsync(CancellationToken cancellation)
    {
        if (await LogStore.FindForReadingAsync(address, cancellation) is not { } log)
        {
            return [];
        }

        await log.DisposeAsync();
        await using var look = new StoreLook(LogPlace.AddressOf(address));
        return await look.ReadAsync(
            session => SnapshotAsync(
                session, () => ReadTablesAsync(session, TableShape.OfLog, LogPlace.SchemaOf(address), cancellation),
                cancellation),
            cancellation);
    }

    private Task<List<object?[]>> ReadRowsAsync(IStoreSession session, CancellationToken cancellation) =>
        session.QueryAsync(RowsSql, [last, (long)RowsAtOnce], TableShape.Journal.Read, cancellation);

    /// <summary>What came while the rows were read, and the tables, as they are at one moment.</summary>
    private Task<BackupManifest> ReadRestAsync(
        IStoreSession session, string store, List<(TableShape Table, object?[] Values)> log,
        CancellationToken cancellation) => SnapshotAsync(
        session,
        async () =>
        {
            while (await ReadRowsAsync(session, cancellation) is { Count: > 0 } rows)
            {
                Write(rows);
            }

            erased =
            [
                .. (await session.QueryAsync(
                    $"SELECT {JournalTable.Columns} FROM journal WHERE persistence_id = $1 ORDER BY sequence_number",
                    [StreamNames.Keeping], row => new JournalRows().Read(row), cancellation))
                    // What no node wrote erases nothing, here as in a restore.
                    .Where(entries!.Proves).SelectMany(ErasedContent.Find),
            ];
            FinishPart();
            var at = DateTimeOffset.UtcNow;
            var tables = await ReadTablesAsync(session, TableShape.OfStore, "", cancellation);
            tables.AddRange(log);
            var hasCut = await HasCutAsync(session, cancellation);
            using var writer = new PartWriter(directory);
            foreach (var (table, values) in tables)
            {
                writer.Add(table, values);
            }

            foreach (var table in hasCut ? TableShape.OfCut : [])
            {
                await CopyAsync(session, table, writer, cancellation);
            }

            if (keys is not null)
            {
                var held = await session.QueryAsync(
                    TableShape.PayloadKeys.SelectSql(""), [], TableShape.PayloadKeys.Read, cancellation);
                var cut = hasCut ? await session.QueryAsync(
                    JournalTable.CutStreamsSql, [], row => row.Text(0), cancellation) : [];
                KeyBackup.Renew(keys, held, cut.ToLookup(StreamNames.PayloadOwner), erased, rowKeys);
            }

            return Save(store, at, tables, writer.Finish(
                string.Create(CultureInfo.InvariantCulture, $"tables-{last:D12}-{at:yyyyMMddHHmmssfff}.gz"), 0, 0));
        },
        cancellation);

    private static async Task<bool> HasCutAsync(IStoreSession session, CancellationToken cancellation) =>
        (await session.QueryAsync(JournalTable.HasCutSql, [], row => row.Number(0), cancellation))[0] > 0;

    /// <summary>Copies a table that may be as long as the journal was, in the order of its key.</summary>
    private static async Task CopyAsync(
        IStoreSession session, TableShape table, PartWriter writer, CancellationToken cancellation)
    {
        var (key, isNumber) = (table.Columns[0].Name, table.Columns[0].Kind == 'n');
        for (object? after = isNumber ? long.MinValue : ""; ;)
        {
            var rows = await session.QueryAsync(
                $"{table.SelectSql("")} WHERE {key} > $1 ORDER BY {key} LIMIT $2", [after, (long)CopiedAtOnce],
                table.Read, cancellation);
            rows.ForEach(values => writer.Add(table, values));
            if (rows.Count < CopiedAtOnce)
            {
                return;
            }

            after = rows[^1][0];
        }
    }

    private static async Task<List<(TableShape Table, object?[] Values)>> ReadTablesAsync(
        IStoreSession session, IEnumerable<TableShape> tables, string schema, CancellationToken cancellation)
    {
        var rows = new List<(TableShape, object?[])>();
        foreach (var table in tables)
        {
            rows.AddRange(await session.QueryAsync(
                $"{table.SelectSql(schema)} ORDER BY 1, 2", [], row => (table, table.Read(row)), cancellation));
        }

        return rows;
    }

    /// <summary>SQLite reads in one snapshot by itself.</summary>
    private async Task<T> SnapshotAsync<T>(IStoreSession session, Func<Task<T>> read, CancellationToken cancellation)
    {
        if (StoreAddress.Parse(address).IsSqlite)
        {
            return await read();
        }

        await session.RunScriptAsync("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY", cancellation);
        try
        {
            return await read();
        }
        finally
        {
            await session.RunScriptAsync("ROLLBACK", CancellationToken.None);
        }
    }

    private void Write(List<object?[]> rows)
    {
        foreach (var values in rows)
        {
            var position = (long)values[0]!;
            open ??= new PartWriter(directory);
            first = open.Rows == 0 ? position : first;
            last = position;
            open.Add(TableShape.Journal, values);
            if (open.Rows == RowsInPart)
            {
                FinishPart();
            }
        }

        lastHash = rows.Count > 0 ? SHA256.HashData((byte[])rows[^1][5]!) : lastHash;
        progress?.Report(new VerifyProgress(last, Math.Max(last, end)));
    }

    private void FinishPart()
    {
        if (open is { Rows: > 0 })
        {
            parts.Add(open.Finish(
                string.Create(CultureInfo.InvariantCulture, $"rows-{first:D12}-{last:D12}.gz"), first, last));
        }

        open?.Dispose();
        open = null;
    }

    private static async Task<byte[]> MetaAsync(StoreLook look, string key, CancellationToken cancellation) =>
        (await look.ReadAsync(
            session => session.QueryAsync(
                "SELECT value FROM meta WHERE key = $1", [key], row => row.Blob(0), cancellation),
            cancellation)).SingleOrDefault()
        ?? throw new StoreException("The store has no id: no node ever wrote to it.");
}
