using System.Security.Cryptography;

namespace Audit.Integrity.Keeping;

/// <summary>A file of keys apart from a backup: what was erased is not to come back from it.</summary>
public static class KeyBackup
{
    private const string IdFile = "place.id";

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
