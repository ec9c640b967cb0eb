using System.Security.Cryptography;
using Audit.Integrity.Entries;

namespace Audit.Integrity.Keeping;

/// <summary>
/// A segment of an archive: whole sessions, each row with its place in the log. What it says of itself is a note that
/// the log's key signed; it is written last, so that a segment is there as a whole or not at all.
/// </summary>
/// <param name="StoreId">Of the store, in hex.</param>
/// <param name="RowKey">The id of the key file, with which alone the rows can be opened.</param>
/// <param name="Through">No row of it was written later, by the clock of the store's node.</param>
/// <param name="Key">The log's, as the note itself names it: whoever forged the note may have forged that.</param>
/// <param name="Checkpoint">Under which each row is proven.</param>
public sealed record ArchiveSegment(
    int Number, string StoreId, string RowKey, DateTimeOffset MadeAt, DateTimeOffset Through, BackupPart Rows,
    BackupPart Sessions, VerifierKey Key, SignedCheckpoint Checkpoint, SignedNote Note)
{
    private const string Heading = "audit log archive segment\n";

    /// <summary>By which an event in the book means this very segment.</summary>
    public string Sha256 => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(Note.Body)));

    public static string RowsName(int number) => Name(number, "rows.gz");

    public static string SessionsName(int number) => Name(number, "sessions.gz");

    /// <summary>The segments of a directory, the oldest first; none where there is no such directory.</summary>
    /// <exception cref="BackupException">One of them cannot be read.</exception>
    public static IReadOnlyList<ArchiveSegment> ReadAll(string directory)
    {
        try
        {
            return !Directory.Exists(directory) ? [] :
            [
                .. Directory.GetFiles(directory, "segment-*.note").Order(StringComparer.Ordinal)
                    .Select(path => Read(SignedNote.Parse(File.ReadAllBytes(path)), path)),
            ];
        }
        catch (Exception failure) when (failure is NoteFormatException or IOException or UnauthorizedAccessException)
        {
            throw new BackupException($"The archive {directory} cannot be read: {failure.Message}", failure);
        }
    }

    /// <summary>The sessions of it, by their owners, each with its last position.</summary>
    public IEnumerable<(string Owner, long Rows, long Last)> ReadSessions(string directory) =>
        PartWriter.Read(directory, Sessions).Select(row =>
            ((string)row.Values[0]!, (long)row.Values[1]!, (long)row.Values[2]!));

    internal static string TextOf(
        int number, string store, string rowKey, DateTimeOffset through, BackupPart rows, BackupPart sessions,
        VerifierKey key, StoredCheckpoint checkpoint) => JsonNote.Write(Heading, json =>
    {
        json.WriteNumber("segment", number);
        json.WriteString("store", store);
        json.WriteString("row_key", rowKey);
        json.WriteString("made_at", DateTimeOffset.UtcNow);
        json.WriteString("through", through);
        Write(json, "rows", rows);
        Write(json, "sessions", sessions);
        json.WriteString("key", key.ToString());
        json.WriteString("checkpoint", checkpoint.Note);
    });

    internal void Save(string directory)
    {
        var path = Path.Combine(directory, Name(Number, "note"));
        OwnerOnly.Replace(path, Encoding.UTF8.GetBytes(Note.ToString()));
    }

    internal static ArchiveSegment Read(SignedNote note, string path) => JsonNote.Read(
        note, Heading, "a segment of an archive", (json, text) =>
        {
            var number = json.GetProperty("segment").GetInt32();
            return Path.GetFileName(path) != Name(number, "note")
                ? throw new NoteFormatException($"{path} is the note of segment {number}: somebody renamed it.")
                : new ArchiveSegment(
                    number, text("store"), text("row_key"), json.GetProperty("made_at").GetDateTimeOffset(),
                    json.GetProperty("through").GetDateTimeOffset(), Part("rows", RowsName(number)),
                    Part("sessions", SessionsName(number)),
                    VerifierKey.Parse(text("key")), SignedCheckpoint.Parse(text("checkpoint")), note);

            BackupPart Part(string name, string file)
            {
                var part = json.GetProperty(name);
                return new BackupPart(
                    file, part.GetProperty("first").GetInt64(), part.GetProperty("last").GetInt64(),
                    part.GetProperty("rows").GetInt64(), part.GetProperty("bytes").GetInt64(),
                    part.GetProperty("sha256").GetString() ?? "");
            }
        });

    internal static string Name(int number, string kind) =>
        string.Create(CultureInfo.InvariantCulture, $"segment-{number:D6}.{kind}");

    private static void Write(Utf8JsonWriter json, string name, BackupPart part)
    {
        json.WriteStartObject(name);
        json.WriteNumber("first", part.First);
        json.WriteNumber("last", part.Last);
        json.WriteNumber("rows", part.Rows);
        json.WriteNumber("bytes", part.Bytes);
        json.WriteString("sha256", part.Sha256);
        json.WriteEndObject();
    }
}

/// <summary>What an archive came to.</summary>
/// <param name="Segments">Of which nothing is wrong.</param>
/// <param name="KeyIsEnclosed">The signatures were held against the key that lies with them alone.</param>
public sealed record ArchiveVerdict(
    IReadOnlyList<ArchiveSegment> Segments, long Rows, long Sessions, IReadOnlyList<string> Faults, bool KeyIsEnclosed);

/// <summary>
/// Verifies an archive by itself, with neither store nor row key: that the log's key signed each segment and the
/// checkpoint in it, that each row stands in the log where the segment says, and that no stream lacks a number.
/// </summary>
public static class ArchiveCheck
{
    /// <param name="trusted">The only keys that count; none for those that the segments name themselves.</param>
    /// <param name="only">One segment; null for all.</param>
    /// <exception cref="BackupException">There is nothing that could be verified.</exception>
    public static ArchiveVerdict Run(
        string directory, IReadOnlyList<VerifierKey> trusted, int? only, IProgress<VerifyProgress>? progress,
        CancellationToken cancellation)
    {
        var segments = ArchiveSegment.ReadAll(directory).Where(one => only is null || one.Number == only).ToList();
        if (segments.Count == 0)
        {
            throw new BackupException($"There is no archive in {directory}: it has no file segment-….note.");
        }

        var (faults, whole, rows, sessions) = (new List<string>(), new List<ArchiveSegment>(), 0L, 0L);
        foreach (var segment in segments)
        {
            cancellation.ThrowIfCancellationRequested();
            if (segments.Count > 1 && segment.StoreId != segments[0].StoreId)
            {
                faults.Add($"Segment {segment.Number} is of another store, {segment.StoreId}.");
                continue;
            }

            try
            {
                Check(directory, segment, trusted);
                whole.Add(segment);
                (rows, sessions) = (rows + segment.Rows.Rows, sessions + segment.Sessions.Rows);
                progress?.Report(new VerifyProgress(rows, rows));
            }
            catch (Exception failure) when (failure is BackupException or IOException or InvalidDataException
                or InvalidCastException or ArgumentException or UnauthorizedAccessException)
            {
                faults.Add($"Segment {segment.Number}: {failure.Message}");
            }
        }

        if (only is null && segments.Where((one, index) => one.Number != index + 1).FirstOrDefault() is { } gap)
        {
            faults.Add($"Before segment {gap.Number} one is missing: their numbers begin at 1 and have no gap.");
        }

        return new ArchiveVerdict(whole, rows, sessions, faults, trusted.Count == 0);
    }

    /// <summary>The rows of a segment, as the journal has them.</summary>
    internal static IEnumerable<object?[]> RowsOf(string directory, ArchiveSegment segment) =>
        PartWriter.Read(directory, segment.Rows).Where(row => row.Table == TableShape.ArchivedRow)
            .Select(row => row.Values);

    private static void Check(string directory, ArchiveSegment segment, IReadOnlyList<VerifierKey> trusted)
    {
        var checkpoint = segment.Checkpoint;
        var keys = trusted.Count > 0 ? trusted : [segment.Key];
        if (!keys.Any(key => segment.Note.IsSignedBy(key) && checkpoint.IsSignedBy(key)))
        {
            throw new BackupException(
                $"Its note, or the checkpoint in it of the log {checkpoint.Checkpoint.Origin}, is not signed by the "
                + "log's key.");
        }

        var reading = new SegmentReading(segment);
        foreach (var (table, values) in PartWriter.Read(directory, segment.Rows))
        {
            if (table == TableShape.ArchivedRow)
            {
                reading.TakeRow(values);
            }
            else
            {
                reading.TakeTile(values);
            }
        }

        reading.End(segment.ReadSessions(directory));
    }

    /// <summary>One reading of a segment: the leaves that its rows come to wait for their tiles.</summary>
    private sealed class SegmentReading(ArchiveSegment segment)
    {
        private readonly Dictionary<long, List<(int At, byte[] Leaf)>> waiting = [];
        private readonly Dictionary<string, long> streams = [];
        private readonly Dictionary<string, long> sessions = [];
        private readonly RowBatch batch = new();
        private long rows;

        public void TakeRow(object?[] values)
        {
            var (stream, sequence, leaf) = ((string)values[3]!, (long)values[4]!, (long)values[10]!);
            if (streams.GetValueOrDefault(stream) + 1 != sequence)
            {
                throw new BackupException(
                    $"The stream {stream} goes from number {streams.GetValueOrDefault(stream)} to {sequence}: rows "
                    + "are missing or doubled.");
            }

            streams[stream] = sequence;
            var owner = StreamNames.PayloadOwner(stream);
            sessions[owner] = sessions.GetValueOrDefault(owner) + 1;
            rows++;
            batch.Clear();
            batch.AddJournalRow(values);
            ((byte[])values[9]!).CopyTo(batch.Salt(0));
            batch.Hash(null);
            if (!waiting.TryGetValue(leaf / TileShape.Width, out var tile))
            {
                waiting.Add(leaf / TileShape.Width, tile = []);
            }

            tile.Add(((int)(leaf % TileShape.Width), batch.Leaf(0).ToArray()));
        }

        public void TakeTile(object?[] values)
        {
            var (number, leaves, path) = ((long)values[0]!, (byte[])values[1]!, (byte[])values[2]!);
            var signed = segment.Checkpoint.Checkpoint;
            var count = TileShape.CountIn(signed.Size, 0, number);
            var tree = new GrowingTree();
            for (var at = 0; at < count && leaves.Length == TileShape.BytesOf(count); at++)
            {
                tree.Append(leaves.AsSpan(at * TreeHash.Size, TreeHash.Size), null);
            }

            var tiles = (signed.Size + TileShape.Width - 1) / TileShape.Width;
            if (count == 0 || tree.Size != count || !MerkleProof.IsIncluded(
                number, tiles, tree.Root(), [.. path.Chunk(TreeHash.Size)], signed.Root))
            {
                throw new BackupException($"The proofs of its tile {number} do not lead to the checkpoint.");
            }

            waiting.Remove(number, out var theirs);
            if (theirs?.Find(one => one.At >= count || !Stands(one.Leaf, leaves, one.At)) is { Leaf: not null } one)
            {
                throw new BackupException(
                    $"The row of index {(number * TileShape.Width) + one.At} is not the one that was sealed.");
            }
        }

        public void End(IEnumerable<(string Owner, long Rows, long Last)> listed)
        {
            if (waiting.Count > 0)
            {
                throw new BackupException($"{waiting.Values.Sum(tile => tile.Count)} rows of it have no proof.");
            }

            if (rows != segment.Rows.Rows
                || listed.Any(one => !sessions.Remove(one.Owner, out var count) || count != one.Rows)
                || sessions.Count > 0)
            {
                throw new BackupException("It does not have the rows of the sessions that it lists.");
            }
        }

        private static bool Stands(byte[] leaf, byte[] leaves, int at) =>
            leaves.AsSpan(at * TreeHash.Size, TreeHash.Size).SequenceEqual(leaf);
    }
}

/// <summary>Makes a store of its own of an archive, which a node beside the live one serves.</summary>
public static class ArchiveBook
{
    /// <summary>Puts in what was verified before; no node opens the store until all of it is there.</summary>
    /// <param name="address">A file of SQLite that is not there yet.</param>
    /// <exception cref="BackupException">The archive or the place cannot be used; the message says why.</exception>
    public static async Task MakeAsync(
        string address, string directory, IReadOnlyList<ArchiveSegment> segments, string? keysDirectory, RowKeys keys,
        IProgress<VerifyProgress>? progress, CancellationToken cancellation)
    {
        if (segments.FirstOrDefault(one => one.RowKey != keys.FirstId) is { } other)
        {
            throw new BackupException(
                $"Segment {other.Number} is of a store with the row key {other.RowKey}, and the file has "
                + $"{keys.FirstId}: give the copy of the file that its first node made (--row-key FILE).");
        }

        await using (await AuditStore.OpenAsync(address, _ => keys, cancellation))
        {
            // Makes the tables of the store.
        }

        var id = Convert.FromHexString(segments[0].StoreId);
        await using var target = StoreTarget.Open(address);
        await target.ChangeAsync(
            async session =>
            {
                await session.ExecuteAsync("DELETE FROM meta", [], cancellation);
                foreach (var (key, value) in new Dictionary<string, byte[]>
                {
                    [AuditStore.BeingRestored] = Encoding.UTF8.GetBytes("archive"), [AuditStore.StoreId] = id,
                    [AuditStore.RowKeyId] = AuditStore.CheckValue(keys, id),
                    [AuditStore.OpenedArchive] = Encoding.UTF8.GetBytes(directory),
                })
                {
                    await session.ExecuteAsync(TableShape.Meta.InsertSql(""), [key, value], cancellation);
                }

                return true;
            },
            cancellation);
        var done = 0L;
        // In order of position: a journal takes nothing before what it has. Of a stream that was archived twice the
        // later has all of it; one that was cut in between is in the earlier alone.
        foreach (var chunk in Newest(directory, segments).OrderBy(row => (long)row[0]!).Chunk(500))
        {
            await target.PutAsync(
                TableShape.Journal, chunk.Select(row => row[..TableShape.Journal.Columns.Length]), cancellation);
            progress?.Report(new VerifyProgress(done += chunk.Length, segments.Sum(one => one.Rows.Rows)));
        }

        if (keysDirectory is not null)
        {
            var there = segments.SelectMany(one => one.ReadSessions(directory)).Select(one => one.Owner).ToHashSet();
            var (rows, erased) = KeyBackup.Read(keysDirectory, keys);
            var gone = erased.Select(one => one.What).ToHashSet();
            await target.PutAsync(
                TableShape.PayloadKeys,
                rows.Where(row => there.Contains((string)row[0]!) && !gone.Contains((string)row[0]!)), cancellation);
        }

        await Restore.OpenAsync(address, cancellation);
    }

    private static IEnumerable<object?[]> Newest(string directory, IReadOnlyList<ArchiveSegment> segments)
    {
        var twice = segments.SelectMany(one => one.ReadSessions(directory)).GroupBy(session => session.Owner)
            .Where(one => one.Skip(1).Any()).Select(one => one.Key).ToHashSet();
        var newest = new Dictionary<string, int>();
        foreach (var (number, stream) in twice.Count == 0 ? [] : segments.SelectMany(
            one => ArchiveCheck.RowsOf(directory, one), (one, row) => (one.Number, Stream: (string)row[3]!)))
        {
            if (twice.Contains(StreamNames.PayloadOwner(stream)))
            {
                newest[stream] = Math.Max(number, newest.GetValueOrDefault(stream));
            }
        }

        return segments.SelectMany(
            one => ArchiveCheck.RowsOf(directory, one).Where(row =>
                newest.GetValueOrDefault((string)row[3]!, one.Number) == one.Number));
    }
}
