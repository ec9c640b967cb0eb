using System.IO.Compression;
using System.Security.Cryptography;
using System.Text.RegularExpressions;

namespace Audit.Integrity.Keeping;

/// <summary>What is asked of a backup, or found in one, that cannot be; the message is a sentence.</summary>
public sealed class BackupException(string message, Exception? inner = null) : Exception(message, inner);

/// <summary>A file of a backup: the rows from a position to another, or small tables.</summary>
public sealed record BackupPart(string File, long First, long Last, long Rows, long Bytes, string Sha256);

/// <summary>
/// What a backup holds, in `backup.json` beside its files. It is written last, so that what stands in it is there.
/// </summary>
/// <param name="StoreId">Of the store, in hex.</param>
/// <param name="RowKey">The id of the key file, which is never in a backup.</param>
/// <param name="LastPosition">What was acknowledged up to there is in it.</param>
/// <param name="LastSha256">Of the message there, by which another history is known.</param>
/// <param name="Parts">The rows, in order; a later run adds to them and changes none.</param>
/// <param name="Tables">Everything but the rows, of the newest run.</param>
/// <param name="Log">The newest log, and how many entries were signed of it; null where nothing was.</param>
/// <remarks>
/// It has a MAC under the row key, which is in no backup: who writes in its directory can neither move the position up
/// to which it says to have everything, nor leave out files at its end.
/// </remarks>
public sealed partial record BackupManifest(
    string Id, string StoreId, string RowKey, string Store, DateTimeOffset TakenAt, long LastPosition,
    string LastSha256, long Rows, IReadOnlyList<BackupPart> Parts, BackupPart Tables, BackupLog? Log)
{
    public const string FileName = "backup.json";

    private const int KnownFormat = 2;

    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web)
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        WriteIndented = true,
    };

    public int Format { get; init; } = KnownFormat;

    public string? Mac { get; init; }

    /// <returns>Null where the directory has none.</returns>
    /// <exception cref="BackupException">It is none that this program reads, or not as it was written.</exception>
    public static BackupManifest? Find(string directory, RowKeys keys)
    {
        var found = Find(directory);
        return found is null || found.RowKey != keys.FirstId || found.IsProven(keys)
            ? found
            : throw new BackupException(
                $"{Path.Combine(directory, FileName)} is not as it was written: its MAC is not one of the row key "
                + $"{keys.FirstId}. Take another copy of this backup.");
    }

    private static BackupManifest? Find(string directory)
    {
        var path = Path.Combine(directory, FileName);
        try
        {
            var read = File.Exists(path)
                ? JsonSerializer.Deserialize<BackupManifest>(File.ReadAllBytes(path), Json)
                : null;
            return read is not (null or { Format: KnownFormat })
                ? throw new BackupException(
                    $"{path} is of another program, format {read.Format}; accepted is format {KnownFormat}.")
                : read is null || read.NamesOwnFiles
                ? read
                : throw new BackupException(
                    $"{path} names a file as this program names none; accepted are rows-FIRST-LAST.gz for the rows "
                    + "and tables-LAST-TIME.gz for the tables, beside it. Take another copy of this backup.");
        }
        catch (Exception failure) when (failure is JsonException or IOException or UnauthorizedAccessException)
        {
            throw new BackupException($"{path} cannot be read: {failure.Message}", failure);
        }
    }

    // What is named is read, and the tables are deleted by the next run.
    private bool NamesOwnFiles => Parts?.All(part => RowsName().IsMatch(part?.File ?? "")) == true
        && TablesName().IsMatch(Tables?.File ?? "");

    public void Save(string directory, RowKeys keys) => OwnerOnly.Replace(
        Path.Combine(directory, FileName),
        JsonSerializer.SerializeToUtf8Bytes(
            this with { Mac = Convert.ToHexStringLower(keys.MacOf(FileName, Covered)) }, Json));

    private bool IsProven(RowKeys keys) => Mac is { Length: 2 * RowKeys.MacLength } mac && mac.All(char.IsAsciiHexDigit)
        && keys.Proves(Convert.FromHexString(mac), FileName, Covered);

    private string Covered => JsonSerializer.Serialize(this with { Mac = null }, Json);

    [GeneratedRegex(@"^rows-[0-9]{12,19}-[0-9]{12,19}\.gz\z")]
    private static partial Regex RowsName();

    [GeneratedRegex(@"^tables-[0-9]{12,19}-[0-9]{17}\.gz\z")]
    private static partial Regex TablesName();
}

/// <summary>One at a time writes into a directory; the system lets go of it when the process ends.</summary>
internal static class BackupLock
{
    /// <exception cref="BackupException">Another one writes there.</exception>
    public static FileStream Take(string directory)
    {
        var path = Path.Combine(directory, "backup.lock");
        try
        {
            OwnerOnly.MakeFile(path);
            return new FileStream(path, FileMode.Open, FileAccess.ReadWrite, FileShare.None);
        }
        catch (IOException failure) when (File.Exists(path))
        {
            throw new BackupException(
                $"Another backup is being written into {directory}; one at a time may. Run it again afterwards.", failure);
        }
    }
}

/// <param name="Size">Of its newest checkpoint.</param>
public sealed record BackupLog(int Number, string Origin, string Key, long Size);

/// <summary>A table as it stands in a backup, the same for both databases.</summary>
/// <param name="Name">In the database.</param>
/// <param name="Columns">Each a name and what it holds: n a number, t a text, b bytes, f a truth.</param>
internal sealed record TableShape(string Name, params (string Name, char Kind)[] Columns)
{
    public static readonly TableShape Journal = new(
        "journal", ("ordering", 'n'), ("created", 'n'), ("deleted", 'f'), ("persistence_id", 't'),
        ("sequence_number", 'n'), ("message", 'b'), ("manifest", 't'), ("identifier", 'n'), ("writer_uuid", 't'));

    /// <summary>What is left of rows that were cut, and of their streams; an older store has neither.</summary>
    public static readonly TableShape Cut = new(
        "journal_cut", ("ordering", 'n'), ("sequence_number", 'n'), ("created", 'n'), ("hashes", 'b'),
        ("disposal", 'n'));

    public static readonly TableShape CutStreams = new(
        "journal_cut_stream", ("persistence_id", 't'), ("sequence_number", 'n'), ("disposal", 'n'));

    public static readonly IReadOnlyList<TableShape> OfCut = [Cut, CutStreams];

    public static readonly TableShape Meta = new("meta", ("key", 't'), ("value", 'b'));

    public static readonly TableShape PayloadKeys = new(
        "payload_keys", ("owner", 't'), ("key_id", 't'), ("wrapped", 'b'));

    /// <summary>In no database: a row of the journal, the salt of its stream, and where its leaf stands.</summary>
    public static readonly TableShape ArchivedRow = new(
        "archived_row", [.. Journal.Columns, ("salt", 'b'), ("leaf", 'n')]);

    /// <summary>In no database: the leaves of a tile, and the hashes that lead from there to the root.</summary>
    public static readonly TableShape ArchivedTile = new(
        "archived_tile", ("number", 'n'), ("leaves", 'b'), ("path", 'b'));

    /// <summary>In no database: a session that is archived, and when the store last wrote of it.</summary>
    public static readonly TableShape ArchivedSession = new(
        "archived_session", ("owner", 't'), ("rows", 'n'), ("last", 'n'), ("recorded", 'n'));

    /// <summary>In no database: what was erased, kept with the keys, so that a book of before knows it.</summary>
    /// <remarks>Each with a MAC: who writes in that directory erases nothing so.</remarks>
    public static readonly TableShape Erased = new(
        "erased", ("id", 't'), ("what", 't'), ("asked_by", 't'), ("confirmed_by", 't'), ("mac", 'b'));

    public static readonly TableShape Logs = new(
        "log", ("number", 'n'), ("origin", 't'), ("verifier_key", 't'), ("started_at", 'n'), ("restart", 't'),
        ("halted_reason", 't'), ("halted_position", 'n'), ("halted_at", 'n'), ("keys", 't'));

    public static readonly TableShape Checkpoints = new(
        "checkpoint", ("log", 'n'), ("size", 'n'), ("last_position", 'n'), ("note", 't'), ("signed_at", 'n'));

    /// <summary>Beside the journal; whoever signed in signs in again.</summary>
    public static readonly IReadOnlyList<TableShape> OfStore =
    [
        Meta,
        new(
            "tokens", ("name", 't'), ("sha256", 'b'), ("roles", 't'), ("person", 't'), ("source_n", 'n'),
            ("source", 't'), ("agents", 't'), ("tasks", 't'), ("sources", 't'), ("created_at", 'n'),
            ("created_by", 't'), ("expires_at", 'n'), ("last_used_at", 'n'), ("revoked_at", 'n'), ("mac", 'b')),
        new(
            "sources", ("n", 'n'), ("name", 't'), ("created_at", 'n'), ("created_by", 't'), ("written_down", 'n'),
            ("mac", 'b')),
    ];

    /// <summary>Of the log; its hashes are made again from the rows, and must come to what was signed.</summary>
    public static readonly IReadOnlyList<TableShape> OfLog =
    [
        Logs, Checkpoints,
        new("cosignature", ("log", 'n'), ("size", 'n'), ("witness", 't'), ("line", 't')),
        new("unproven", ("log", 'n'), ("position", 'n')),
    ];

    public static TableShape? Find(string name) =>
        OfStore.Concat(OfLog).Concat(OfCut)
            .Concat([Journal, PayloadKeys, Erased, ArchivedRow, ArchivedTile, ArchivedSession])
            .FirstOrDefault(table => table.Name == name);

    /// <param name="schema">What stands before the name.</param>
    public string SelectSql(string schema) =>
        $"SELECT {string.Join(", ", Columns.Select(column => column.Name))} FROM {schema}{Name}";

    /// <param name="overriding">What lets numbers be given that the database gives otherwise.</param>
    public string InsertSql(string schema, string overriding = "") =>
        $"INSERT INTO {schema}{Name} ({string.Join(", ", Columns.Select(column => column.Name))}) {overriding} VALUES ("
        + string.Join(", ", Columns.Select((column, index) => $"${index + 1}{(column.Kind == 'f' ? " <> 0" : "")}"))
        + ")";

    public object?[] Read(IStoredRow row)
    {
        var values = new object?[Columns.Length];
        for (var index = 0; index < values.Length; index++)
        {
            values[index] = row.IsNull(index) ? null : Columns[index].Kind switch
            {
                'n' => row.Number(index),
                'f' => row.Flag(index) ? 1L : 0L,
                't' => row.Text(index),
                _ => row.Blob(index),
            };
        }

        return values;
    }
}

/// <summary>Writes rows of tables into a file that is there as a whole or not at all.</summary>
internal sealed class PartWriter : IDisposable
{
    private const byte Table = 0, Row = 1, End = 2;
    private const byte Null = 0, Number = 1, Text = 2, Bytes = 3;

    private readonly string directory;
    private readonly string temporary;
    private readonly FileStream file;
    private readonly BinaryWriter writer;
    private TableShape? current;

    public PartWriter(string directory)
    {
        this.directory = directory;
        temporary = Path.Combine(directory, "unfinished.part");
        File.Delete(temporary);
        file = OwnerOnly.Create(
            temporary, new FileStreamOptions { Access = FileAccess.ReadWrite, BufferSize = 1 << 18 });
        writer = new BinaryWriter(new GZipStream(file, CompressionLevel.Fastest, leaveOpen: true));
    }

    public long Rows { get; private set; }

    public void Add(TableShape table, object?[] values)
    {
        if (!ReferenceEquals(table, current))
        {
            current = table;
            writer.Write(Table);
            writer.Write(table.Name);
            writer.Write((byte)table.Columns.Length);
        }

        Rows++;
        writer.Write(Row);
        foreach (var value in values)
        {
            Write(value);
        }
    }

    /// <summary>Ends the file and gives it its name.</summary>
    public BackupPart Finish(string name, long first, long last)
    {
        writer.Write(End);
        writer.Dispose();
        file.Flush(flushToDisk: true);
        file.Position = 0;
        var digest = SHA256.HashData(file);
        var length = file.Length;
        file.Dispose();
        OwnerOnly.Move(temporary, Path.Combine(directory, name));
        return new BackupPart(name, first, last, Rows, length, Convert.ToHexStringLower(digest));
    }

    public void Dispose()
    {
        file.Dispose();
        File.Delete(temporary);
    }

    /// <summary>Reads the rows of a part, in order.</summary>
    /// <exception cref="BackupException">The file is missing, or is not as it was written.</exception>
    public static IEnumerable<(TableShape Table, object?[] Values)> Read(string directory, BackupPart part)
    {
        var path = Path.Combine(directory, part.File);
        Require(path, part.Sha256);
        return Read(path);
    }

    /// <summary>Reads a file of keys, which is one of no backup: only its newest version is kept.</summary>
    /// <exception cref="BackupException">It is missing.</exception>
    public static IEnumerable<(TableShape Table, object?[] Values)> ReadKeys(string path)
    {
        Require(path, null);
        return Read(path);
    }

    private static IEnumerable<(TableShape Table, object?[] Values)> Read(string path)
    {
        using var reader = new BinaryReader(new GZipStream(File.OpenRead(path), CompressionMode.Decompress));
        TableShape? table = null;
        for (var kind = reader.ReadByte(); kind != End; kind = reader.ReadByte())
        {
            if (kind == Table)
            {
                var name = reader.ReadString();
                table = TableShape.Find(name);
                if (table is null || reader.ReadByte() != table.Columns.Length)
                {
                    throw new BackupException(
                        $"{path} has a table \"{name}\" of a form that this program does not know.");
                }

                continue;
            }

            var values = new object?[table!.Columns.Length];
            for (var index = 0; index < values.Length; index++)
            {
                values[index] = ReadValue(reader);
            }

            yield return (table, values);
        }
    }

    private static void Require(string path, string? sha256)
    {
        if (!File.Exists(path))
        {
            throw new BackupException($"The backup lacks its file {path}.");
        }

        using var file = File.OpenRead(path);
        if (sha256 is not null && Convert.ToHexStringLower(SHA256.HashData(file)) != sha256)
        {
            throw new BackupException(
                $"{path} is not as it was written: its SHA-256 is not {sha256}. Take another copy of this backup.");
        }
    }

    private void Write(object? value)
    {
        switch (value)
        {
            case long number:
                writer.Write(Number);
                writer.Write7BitEncodedInt64(number);
                break;
            case string text:
                writer.Write(Text);
                writer.Write(text);
                break;
            case byte[] bytes:
                writer.Write(Bytes);
                writer.Write7BitEncodedInt(bytes.Length);
                writer.Write(bytes);
                break;
            default:
                writer.Write(Null);
                break;
        }
    }

    private static object? ReadValue(BinaryReader reader) => reader.ReadByte() switch
    {
        Number => reader.Read7BitEncodedInt64(),
        Text => reader.ReadString(),
        Bytes => reader.ReadBytes(reader.Read7BitEncodedInt()),
        _ => null,
    };
}
