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
                    ? [one.Owner, one.KeyId, one.Wrapped]
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
