using System.Diagnostics;
using System.Security.Cryptography;
using Audit.Integrity.Entries;
using Audit.Integrity.Sealing;
using Audit.Storage.Schemas;

namespace Audit.Integrity.Keeping;

/// <summary>A file of keys apart from a backup: what was erased is not to come back from it.</summary>
public static class KeyBackup
{
    /// <summary>What tells this directory from one of the same path elsewhere; made where it has none.</summary>
    /// <exception cref="BackupException">It cannot be written.</exception>
    public static string IdOf(string directory)
    {
        try
        {
            OwnerOnly.MakeDirectory(directory);
            using var held = BackupLock.Take(directory);
            if (FindId(directory) is { } known)
            {
                return known;
            }

            var made = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(8));
            OwnerOnly.Replace(Path.Combine(directory, IdFile), Encoding.ASCII.GetBytes(made));
            return made;
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw new BackupException($"The keys cannot be written: {failure.Message}", failure);
        }
    }

    /// <summary>
    /// Writes it anew without the keys of what was erased, and with who erased it, where it can be reached from here.
    /// </summary>
    /// <param name="now">
    /// Gives the keys of the same as the store has them: asked when nobody else writes there and what lies there was
    /// read, for that may take until others have ended more of them.
    /// </param>
    /// <param name="id">Of the directory that is meant; null where it had none when the keys were written.</param>
    /// <returns>
    /// False where it cannot, where a backup is being written, where it is another directory, or while a key that was
    /// ended is in the store still.
    /// </returns>
    public static bool TryForget(
        string directory, IReadOnlyCollection<ErasedContent> erased, Func<IEnumerable<EndedKey>> now, RowKeys keys,
        string? id = null)
    {
        try
        {
            using var held = BackupLock.Take(directory);
            if (id is not null && FindId(directory) != id)
            {
                return false;
            }

            var (kept, before) = Read(directory, keys);
            RequireOwn(directory, kept, keys);
            var newer = now().ToDictionary(row => row.Owner);
            if (newer.Values.Any(row => KeyRing.Open(keys, row.Owner, row.KeyId, row.Wrapped)?.IsSettling == true))
            {
                return false;
            }

            Write(
                directory,
                kept.Select(row => newer.TryGetValue((string)row[0]!, out var one)
                    ? Joined(row, [one.Owner, one.KeyId, one.Wrapped], one.Cut, keys)
                    : row).Where(row => row[2] is not null),
                before.Concat(erased), keys);
            return true;
        }
        catch (Exception failure) when (failure
            is BackupException or IOException or InvalidDataException or UnauthorizedAccessException)
        {
            return false;
        }
    }

    /// <summary>Writes it anew as the store has it; an archive may have keys there of what was cut.</summary>
    /// <param name="cut">The streams that were cut, by their owners.</param>
    internal static void Renew(
        string directory, IEnumerable<object?[]> now, ILookup<string, string> cut, IEnumerable<ErasedContent> erased,
        RowKeys keys)
    {
        var kept = cut.Count > 0 && File.Exists(Path.Combine(directory, Backup.KeysFile))
            ? Read(directory, keys).Keys.ToDictionary(row => (string)row[0]!) : [];
        Write(
            directory,
            now.Select(row => kept.TryGetValue((string)row[0]!, out var before)
                ? Joined(before, row, [.. cut[(string)row[0]!]], keys) : row).ToList(),
            erased, keys);
    }

    /// <summary>A row of keys as the store has it, with what an earlier one has of streams that were cut.</summary>
    internal static object?[] Joined(
        object?[] earlier, object?[] now, IReadOnlyCollection<string> cut, RowKeys keys) =>
        cut.Count > 0 && Open(earlier, keys) is { } before && Open(now, keys) is { } ring
            ? [now[0], keys.Id, ring.With(before, cut).Wrap(keys, (string)now[0]!)]
            : now;

    internal static KeyRing? Open(object?[] row, RowKeys keys) =>
        KeyRing.Open(keys, (string)row[0]!, (string)row[1]!, (byte[]?)row[2]);

    /// <summary>A directory of keys is one book's: another's keys there would be written over.</summary>
    /// <exception cref="BackupException">It has keys that were sealed under other row keys.</exception>
    internal static void RequireOwn(string? directory, RowKeys keys)
    {
        if (directory is not null && File.Exists(Path.Combine(directory, Backup.KeysFile)))
        {
            RequireOwn(directory, Read(directory, keys).Keys, keys);
        }
    }

    private static void RequireOwn(string directory, List<object?[]> rows, RowKeys keys)
    {
        if (rows.Exists(row => !keys.Has((string)row[1]!)))
        {
            throw new BackupException(
                $"{directory} has the keys of another book, which would be lost. Accepted is another directory.");
        }
    }

    /// <summary>The rows of keys, and what was erased; a line about that which no node wrote says nothing.</summary>
    internal static (List<object?[]> Keys, List<ErasedContent> Erased) Read(string directory, RowKeys keys)
    {
        var rows = PartWriter.ReadKeys(Path.Combine(directory, Backup.KeysFile)).ToLookup(row => row.Table);
        return (
            [.. rows[TableShape.PayloadKeys].Select(row => row.Values)],
            [
                .. rows[TableShape.Erased].Select(row => row.Values).Where(values =>
                        values[4] is byte[] mac && keys.Proves(mac, TableShape.Erased.Name, TextsOf(values)))
                    .Select(values => new ErasedContent(
                        (string)values[0]!, (string)values[1]!, (string)values[2]!, (string)values[3]!, default, 0)),
            ]);
    }

    internal static void Write(
        string directory, IEnumerable<object?[]> rows, IEnumerable<ErasedContent> erased, RowKeys keys)
    {
        using var writer = new PartWriter(directory);
        foreach (var values in rows)
        {
            writer.Add(TableShape.PayloadKeys, values);
        }

        foreach (var one in erased.DistinctBy(one => one.What))
        {
            object?[] values = [one.Id, one.What, one.AskedBy, one.ConfirmedBy, null];
            values[4] = keys.MacOf(TableShape.Erased.Name, TextsOf(values));
            writer.Add(TableShape.Erased, values);
        }

        writer.Finish(Backup.KeysFile, 0, 0);
    }

    private const string IdFile = "place.id";

    private static string? FindId(string directory) =>
        Path.Combine(directory, IdFile) is var file && File.Exists(file) ? File.ReadAllText(file).Trim() : null;

    private static IEnumerable<string?> TextsOf(object?[] values) => values.Take(4).Select(value => value as string);
}

/// <summary>The keys of an archive's contents as they lie in their directory: what goes needs them.</summary>
public sealed class ArchiveKeys
{
    private readonly string directory;
    private readonly RowKeys keys;
    private readonly Dictionary<string, object?[]> rows;

    private ArchiveKeys(string directory, RowKeys keys, IEnumerable<object?[]> rows) =>
        (this.directory, this.keys, this.rows) = (directory, keys, rows.ToDictionary(row => (string)row[0]!));

    /// <exception cref="BackupException">They cannot be read.</exception>
    public static ArchiveKeys Read(string directory, RowKeys keys)
    {
        try
        {
            return new ArchiveKeys(directory, keys, KeyBackup.Read(directory, keys).Keys);
        }
        catch (Exception failure) when (failure
            is IOException or InvalidDataException or UnauthorizedAccessException or ArgumentException)
        {
            throw new BackupException($"The keys in {directory} cannot be read: {failure.Message}", failure);
        }
    }

    /// <returns>Why a session must stay, of which the content opens in its store and would not from here.</returns>
    internal async Task<string?> WhyNotAsync(StoredSession session, StoreLook look, CancellationToken cancellation)
    {
        var there = await look.ReadAsync(
            asked => asked.QueryAsync(
                $"{TableShape.PayloadKeys.SelectSql("")} WHERE owner = $1", [session.Owner],
                TableShape.PayloadKeys.Read, cancellation),
            cancellation);
        return there is [var row] && KeyBackup.Open(row, keys) is { } ring
            && !(rows.TryGetValue(session.Owner, out var kept)
                && KeyBackup.Open(kept, keys)?.Opens(ring, session.Streams) == true)
            ? $"the key of its content is not in {directory}" : null;
    }
}

/// <summary>Something that is wrong with a store, or soon may be.</summary>
/// <param name="IsBad">It keeps the node from working, or rows are missing; otherwise it is advice.</param>
/// <param name="Do">What to do.</param>
public sealed record Complaint(bool IsBad, string What, string Do);

/// <summary>Looks at what a store and a node remember of each other, and changes nothing.</summary>
public static class Examination
{
    /// <summary>Which version the tables of a store's log have.</summary>
    /// <exception cref="StoreException">They cannot be read.</exception>
    public static Task<SchemaState> OfLogSchemaAsync(string address, CancellationToken cancellation) =>
        (StoreAddress.Parse(address).IsSqlite ? SqliteLogDatabase.Scripts : PostgresLogDatabase.Scripts).LookAsync(
            "log", LogPlace.AddressOf(address), $"{LogPlace.SchemaOf(address)}schema_version", isMadeAnew: false,
            cancellation);

    /// <exception cref="StoreException">The store cannot be read.</exception>
    public static async Task<IReadOnlyList<Complaint>> OfLogAsync(
        string address, RowKeys keys, string checkpointFile, CancellationToken cancellation)
    {
        await using var look = new StoreLook(address);
        var journal = new StoreJournal(look);
        var last = await journal.LastPositionAsync(cancellation);
        if (await LogStore.FindForReadingAsync(address, cancellation) is not { } store)
        {
            return last == 0 ? [] : [new Complaint(
                true,
                "The journal has rows, and there is no log over them: its database was not put back with the journal.",
                "Put it back; only if it is lost, audit log restart --reason.")];
        }

        await using (store)
        {
            var entries = await StoreMeta.EntryKeysAsync(address, keys, cancellation);
            var memory = new LogMemory(
                address, journal, store, entries, new SealerOptions { CheckpointFile = checkpointFile });
            var found = new List<Complaint>();
            foreach (var one in await memory.FindLostAsync(cancellation))
            {
                found.Add(one.By == "log"
                    ? new Complaint(
                        true,
                        $"The log sealed the row at position {one.Position}, and the journal, which ends at {last}, "
                        + "does not have it: the log is newer than the journal, which was copied before it or is "
                        + "older.",
                        "Put back the journal that belongs to this log, or audit restore a backup.")
                    : new Complaint(
                        true,
                        $"{one.By} remembers {one.Position} sealed rows, and the store has fewer: it was set back.",
                        "Put back the newer store; only if it is lost, audit serve --accept-set-back REASON, once."));
            }

            var logs = await store.ReadLogsAsync(cancellation);
            if (logs is [.., { Halt: { } halt }])
            {
                found.Add(new Complaint(
                    true, $"The log is halted: {halt.Reason}",
                    "audit verify names every place; then audit log resume."));
            }

            return found;
        }
    }
}

/// <summary>A database that is written while no node has it, or in short transactions beside one.</summary>
internal sealed class StoreTarget : IAsyncDisposable
{
    /// <summary>How long it waits in all for a file that others write into without a break.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    // What is deleted is overwritten, as by a node.
    private const string FileSettings = "PRAGMA secure_delete = ON";

    private readonly SqliteDatabase? file;
    private readonly PostgresPool? pool;

    /// <summary>How long the last change kept others from writing, without what it waited for a file.</summary>
    public TimeSpan Held { get; private set; }

    private StoreTarget(SqliteDatabase? file, PostgresPool? pool) => (this.file, this.pool) = (file, pool);

    public static StoreTarget Open(string address)
    {
        var place = StoreAddress.Parse(address);
        return place.IsSqlite
            ? new StoreTarget(SqliteDatabase.OpenWriter(Path.GetFullPath(place.Place), FileSettings), null)
            : new StoreTarget(null, new PostgresPool(
                place.Place, new PostgresUse("SET synchronous_commit = on", (_, failure) => failure)
                {
                    CommandSeconds = 0, MostConnections = 1,
                }));
    }

    public Task<T> ReadAsync<T>(Func<IStoreSession, Task<T>> read, CancellationToken cancellation) =>
        file is null ? pool!.ReadAsync(read, cancellation) : read(new SqliteSession(file));

    public async Task<T> ChangeAsync<T>(Func<IStoreSession, Task<T>> change, CancellationToken cancellation)
    {
        var clock = Stopwatch.StartNew();
        var changed = file is not null
            ? Change(file, Begun, cancellation)
            : await pool!.ChangeAsync(change, cancellation);
        Held = clock.Elapsed;
        return changed;

        Task<T> Begun(IStoreSession session)
        {
            clock.Restart();
            return change(session);
        }
    }

    private static T Change<T>(
        SqliteDatabase file, Func<IStoreSession, Task<T>> change, CancellationToken cancellation)
    {
        for (var waited = Stopwatch.StartNew(); ;)
        {
            cancellation.ThrowIfCancellationRequested();
            try
            {
                return file.Transact(within => change(new SqliteSession(within)).GetAwaiter().GetResult());
            }
            catch (SqliteFailure failure) when (failure.IsBusy && waited.Elapsed < Patience)
            {
                // SQLite gives no turns: beside a node that writes all the time one waits for longer than that.
                file.RollBack();
            }
            catch
            {
                file.RollBack();
                throw;
            }
        }
    }

    public ValueTask DisposeAsync()
    {
        file?.Dispose();
        return pool?.DisposeAsync() ?? default;
    }

    /// <summary>Puts rows of one table in, whole.</summary>
    public Task<bool> PutAsync(TableShape table, IEnumerable<object?[]> rows, CancellationToken cancellation) =>
        ChangeAsync(
            async session =>
            {
                await session.ExecuteAllAsync(table.InsertSql(""), rows, cancellation);
                return true;
            },
            cancellation);
}
