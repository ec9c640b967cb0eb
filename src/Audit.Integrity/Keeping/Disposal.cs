using System.Security.Cryptography;
using Audit.Integrity.Entries;
using Audit.Integrity.Verification;

namespace Audit.Integrity.Keeping;

/// <summary>What was cut of a segment.</summary>
/// <param name="Stayed">Sessions of it that stay, with why; a few of them.</param>
public sealed record CutRun(long Sessions, long Rows, IReadOnlyList<(string Owner, string Why)> Stayed);

/// <summary>
/// Cuts the rows of whole sessions that are in an archive, and leaves of each what its leaf in the log is made of. In a
/// database of PostgreSQL the owner's function does it, for who may call it; in a file the same is looked at here, and
/// the table lets no row go of which nothing is left.
/// </summary>
public sealed class Disposal
{
    /// <summary>Rows that are cut in one go: as long as that takes nobody else writes.</summary>
    private const int RowsOfPart = 300, MostNamed = 20;

    private readonly string address;
    private readonly EntryKeys entries;
    private readonly ArchiveKeys? aside;
    private readonly StoreLook look;
    private readonly StoreTarget target;
    private readonly ArchiveSegment segment;
    private readonly SegmentDigests digests;
    private readonly Func<SegmentDigests, Task<long>> order;
    private readonly List<StoredSession> waiting = [];
    private readonly List<(string, string)> stayed = [];
    private readonly RowBatch batch = new();
    private StoredSessions? all;
    private long sealedUpTo;
    private long kept;
    private long? disposal;
    private long sessions;
    private long rows;

    private Disposal(
        string address, EntryKeys entries, ArchiveKeys? aside, StoreLook look, StoreTarget target,
        ArchiveSegment segment, SegmentDigests digests, Func<SegmentDigests, Task<long>> order) =>
        (this.address, this.entries, this.aside, this.look, this.target, this.segment, this.digests, this.order) =
            (address, entries, aside, look, target, segment, digests, order);

    /// <summary>Nobody else writes to an archive, or cuts by it, until that is let go of.</summary>
    /// <exception cref="BackupException">Somebody does.</exception>
    public static IDisposable Hold(string directory) => BackupLock.Take(directory);

    /// <param name="segment">Of an archive that was verified before.</param>
    /// <param name="aside">The keys that were kept of its contents; null where nobody is to read them.</param>
    /// <param name="order">Has the event written that rows of this segment go; it returns its position. It is asked
    /// before the first of them does, and not where nothing is left to cut.</param>
    /// <exception cref="StoreException">The store refuses it, or cannot be reached.</exception>
    public static async Task<CutRun> CutAsync(
        string address, string directory, ArchiveSegment segment, EntryKeys entries, ArchiveKeys? aside,
        Retention retention, DateTimeOffset now, Func<SegmentDigests, Task<long>> order,
        IProgress<VerifyProgress>? progress, CancellationToken cancellation)
    {
        await using var look = new StoreLook(address);
        await using var target = StoreTarget.Open(address);
        var digests = SegmentDigests.Of(segment, PartsOf(directory, segment));
        var disposal = new Disposal(address, entries, aside, look, target, segment, digests, order);
        await using (var log = await SealedLog.OpenAsync(address, cancellation))
        {
            disposal.sealedUpTo = log.Newest.LastPosition;
        }

        foreach (var part in PartsOf(directory, segment))
        {
            foreach (var session in part.GroupBy(one => StreamNames.PayloadOwner((string)one.Values[3]!)))
            {
                await disposal.TakeAsync(
                    session.Key, [.. session.Select(one => one.Values)], retention, now, cancellation);
            }

            await disposal.FlushAsync([.. part.SelectMany(one => one.Leaf)], cancellation);
            progress?.Report(new VerifyProgress(disposal.rows, segment.Rows.Rows));
        }

        return new CutRun(disposal.sessions, disposal.rows, disposal.stayed);
    }

    /// <summary>The rows of a segment with their leaves, whole sessions together, in parts that go in one go.</summary>
    private static IEnumerable<List<(object?[] Values, byte[] Leaf)>> PartsOf(string directory, ArchiveSegment segment)
    {
        var (part, batch, owner) = (new List<(object?[], byte[])>(), new RowBatch(), "");
        foreach (var values in ArchiveCheck.RowsOf(directory, segment))
        {
            var next = StreamNames.PayloadOwner((string)values[3]!);
            if (next != owner && part.Count >= RowsOfPart)
            {
                yield return part;
                part = [];
            }

            owner = next;
            batch.Clear();
            batch.AddJournalRow(values);
            ((byte[])values[9]!).CopyTo(batch.Salt(0));
            batch.Hash(null);
            part.Add((values, batch.Leaf(0).ToArray()));
        }

        if (part.Count > 0)
        {
            yield return part;
        }
    }

    private async Task TakeAsync(
        string owner, List<object?[]> archived, Retention retention, DateTimeOffset now, CancellationToken cancellation)
    {
        all ??= await OpenSessionsAsync(now, cancellation);
        if (await all.ReadAsync(owner, cancellation) is not { } session
            || !archived.Any(row => session.Rows.Any(one => Equals(one[0], row[0]))))
        {
            // It was cut before; what there is of it was begun since.
            return;
        }

        var why = session.Against
            ?? (!retention.IsDue(session, now) ? "it is not due by the rules" : null)
            ?? (!IsSame(session.Rows, archived) ? "it has other rows by now than this segment" : null)
            ?? (aside is null ? null : await aside.WhyNotAsync(session, look, cancellation));
        if (why is not null)
        {
            Leave(owner, why);
            return;
        }

        waiting.Add(session);
    }

    private static bool IsSame(IReadOnlyList<object?[]> stored, List<object?[]> archived) =>
        stored.Count == archived.Count && stored.Zip(archived).All(pair =>
            Enumerable.Range(0, TableShape.Journal.Columns.Length).All(column =>
                pair.First[column] is byte[] bytes
                    ? bytes.AsSpan().SequenceEqual((byte[])pair.Second[column]!)
                    : Equals(pair.First[column], pair.Second[column])));

    /// <summary>Cuts what waits, and then lets others write for longer than that took.</summary>
    /// <param name="leaves">Of all rows of the part, also of what stays.</param>
    private async Task FlushAsync(byte[] leaves, CancellationToken cancellation)
    {
        // Before anything is written down that the database would not do.
        foreach (var (owner, why) in await look.FindHeldAsync(waiting.Select(one => one.Owner), cancellation))
        {
            Leave(owner, why);
        }

        if (waiting.Count == 0)
        {
            return;
        }

        disposal ??= await order(digests);
        if (StoreAddress.Parse(address).IsSqlite)
        {
            await CutInFileAsync(cancellation);
        }
        else
        {
            await CutOnServerAsync(leaves, cancellation);
        }

        (sessions, rows) = (sessions + waiting.Count, rows + waiting.Sum(one => one.Rows.Count));
        waiting.Clear();
        await Task.Delay(TimeSpan.FromMilliseconds(Math.Min(3 * target.Held.TotalMilliseconds, 1_000)), cancellation);
    }

    private async Task<StoredSessions> OpenSessionsAsync(DateTimeOffset now, CancellationToken cancellation)
    {
        kept = await look.ReadAsync(session => LastActAsync(session, cancellation), cancellation);
        return await StoredSessions.OpenAsync(look, entries, sealedUpTo, now, cancellation);
    }

    private async Task CutInFileAsync(CancellationToken cancellation)
    {
        // Hashed before, for nobody else writes while it goes.
        var marked = waiting.ToDictionary(one => one.Owner, one => HashesOf(one).ToList());
        while (waiting.Count > 0
            && !await target.ChangeAsync(session => TryCutInFileAsync(session, marked, cancellation), cancellation))
        {
            // Whatever was ordered since the sessions were looked at, a hold say, is looked at first.
            all = await OpenSessionsAsync(DateTimeOffset.UtcNow, cancellation);
            foreach (var owner in waiting.Select(one => one.Owner).ToList())
            {
                if ((await all.ReadAsync(owner, cancellation))?.Against is { } why)
                {
                    Leave(owner, why);
                }
            }
        }
    }

    /// <returns>False where something was ordered since the sessions were looked at; then nothing was cut.</returns>
    private async Task<bool> TryCutInFileAsync(
        IStoreSession session, Dictionary<string, List<(object?[] Values, byte[] Stream)>> marked,
        CancellationToken cancellation)
    {
        if (await LastActAsync(session, cancellation) != kept)
        {
            return false;
        }

        await RequireOrderedAsync(session, cancellation);
        foreach (var one in waiting)
        {
            var (from, until) = StreamNames.CallsOf(one.Owner);
            if ((await session.QueryAsync(
                "SELECT count(*) FROM journal WHERE persistence_id = $1 "
                + "OR (persistence_id >= $2 AND persistence_id < $3)", [one.Owner, from, until],
                row => row.Number(0), cancellation))[0] != one.Rows.Count)
            {
                throw new StoreException($"Something was added to {one.Owner} meanwhile: run it again.");
            }

            await session.ExecuteAllAsync(
                "INSERT INTO journal_cut VALUES ($1, $2, $3, $4, $5)", marked[one.Owner].Select(row => new object?[]
                {
                    row.Values[0], row.Values[4], row.Values[1],
                    (byte[])[.. row.Stream, .. SHA256.HashData((byte[])row.Values[5]!)], disposal,
                }), cancellation);
            await session.ExecuteAllAsync(
                "INSERT INTO journal_cut_stream VALUES ($1, $2, $3)",
                one.Rows.GroupBy(row => (string)row[3]!)
                    .Select(stream => new object?[] { stream.Key, stream.Max(row => (long)row[4]!), disposal }),
                cancellation);
            await session.ExecuteAllAsync(
                "DELETE FROM journal WHERE ordering = $1", one.Rows.Select(row => new[] { row[0] }), cancellation);
        }

        return true;
    }

    /// <exception cref="StoreException">No event that has not ended stands for what is to go.</exception>
    private async Task RequireOrderedAsync(IStoreSession session, CancellationToken cancellation)
    {
        var acts = await session.QueryAsync(
            $"SELECT {JournalTable.Columns} FROM journal WHERE persistence_id = $1 AND ordering >= $2",
            [StreamNames.Keeping, disposal], new JournalRows().Read, cancellation);
        if (acts.Select(row => DisposedRows.Find(row, entries)).FirstOrDefault() is not { } said
            || said.Position != disposal || !digests.Are(said))
        {
            throw new StoreException(
                $"No event at position {disposal} says that the rows of this very segment go: nothing was cut.");
        }

        if (acts.Exists(row => DisposedRows.FindDone(row, entries)?.Position == disposal))
        {
            throw new StoreException(
                $"What went by the event at position {disposal} is written down as ended: nothing more goes by it.");
        }

        if (waiting.Find(one => one.Last > disposal || one.Recorded.Ticks > said.Before) is { } young)
        {
            throw new StoreException(
                $"{young.Owner} is younger than what goes by the event at position {disposal}: nothing was cut.");
        }
    }

    private void Leave(string owner, string why)
    {
        waiting.RemoveAll(one => one.Owner == owner);
        stayed.AddRange(stayed.Count < MostNamed ? [(owner, why)] : []);
    }

    private async Task CutOnServerAsync(byte[] leaves, CancellationToken cancellation)
    {
        var marked = waiting.SelectMany(HashesOf).ToList();
        object?[] values =
        [
            disposal, segment.Sha256, digests.Parts, leaves, waiting.Select(one => one.Owner).ToArray(),
            marked.Select(row => (long)row.Values[0]!).ToArray(), marked.Select(row => row.Stream).ToArray(),
        ];
        try
        {
            await target.ChangeAsync(
                session => session.QueryAsync(
                    "SELECT journal_cut_rows($1, $2, $3, $4, $5, $6, $7)", values, row => row.Number(0), cancellation),
                cancellation);
        }
        catch (System.Data.Common.DbException refused)
        {
            throw new StoreException($"The database cuts nothing: {refused.Message}", refused);
        }
    }

    /// <summary>Each row with the hash of its salted stream, as its entry in the log has it.</summary>
    private IEnumerable<(object?[] Values, byte[] Stream)> HashesOf(StoredSession session)
    {
        var hashes = new byte[2 * SHA256.HashSizeInBytes];
        foreach (var values in session.Rows)
        {
            batch.Clear();
            batch.AddJournalRow(values);
            batch.Hash(entries);
            LogEntry.Hashes(batch.Fields(0), hashes);
            yield return (values, hashes[..SHA256.HashSizeInBytes]);
        }
    }

    private static async Task<long> LastActAsync(IStoreSession session, CancellationToken cancellation) =>
        (await session.QueryAsync(
            "SELECT coalesce(max(sequence_number), 0) FROM journal WHERE persistence_id = $1", [StreamNames.Keeping],
            row => row.Number(0), cancellation))[0];
}

/// <summary>What the event that rows go stands for: a segment, and the leaves of its rows.</summary>
/// <param name="Leaves">The SHA-256 over all of them in order of position.</param>
/// <param name="Parts">The SHA-256 of the leaves of each part, in the order of the segment.</param>
public sealed record SegmentDigests(ArchiveSegment Segment, string Leaves, byte[] Parts)
{
    public string Name => ArchiveSegment.RowsName(Segment.Number);

    public string PartsSha256 => Convert.ToHexStringLower(SHA256.HashData(Parts));

    /// <summary>Whether an event names them.</summary>
    internal bool Are(DisposedRows said) => said.Segment == Name && said.Sha256 == Segment.Sha256
        && said.Rows == Segment.Rows.Rows && said.Leaves == Leaves && said.Parts == PartsSha256;

    internal static SegmentDigests Of(
        ArchiveSegment segment, IEnumerable<IReadOnlyList<(object?[] Values, byte[] Leaf)>> parts)
    {
        var (all, digests) = (new List<(long Position, byte[] Leaf)>(), new ArrayBufferWriter<byte>());
        foreach (var part in parts)
        {
            digests.Write(SHA256.HashData([.. part.SelectMany(one => one.Leaf)]));
            all.AddRange(part.Select(one => ((long)one.Values[0]!, one.Leaf)));
        }

        return new SegmentDigests(
            segment, DigestOf(all.OrderBy(one => one.Position).Select(one => one.Leaf)),
            digests.WrittenSpan.ToArray());
    }

    /// <summary>Of the leaves of rows that were cut, in order of position.</summary>
    public static string DigestOf(IEnumerable<CutRow> rows) => DigestOf(rows.Select(row =>
    {
        Span<byte> entry = stackalloc byte[LogEntry.Longest];
        var length = LogEntry.WriteOfHashes(row.Position, row.Sequence, row.Created, row.Hashes, entry);
        var leaf = new byte[TreeHash.Size];
        TreeHash.Leaf(entry[..length], leaf);
        return leaf;
    }));

    private static string DigestOf(IEnumerable<byte[]> leaves)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (var leaf in leaves)
        {
            hash.AppendData(leaf);
        }

        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }
}
