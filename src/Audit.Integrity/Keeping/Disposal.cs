using System.Diagnostics;
using System.Security.Cryptography;
using Audit.Integrity.Entries;
using Audit.Integrity.Verification;

namespace Audit.Integrity.Keeping;

/// <summary>
/// Cuts the rows of whole sessions that are in an archive, and leaves of each what its leaf in the log is made of:
/// those that a sealed event names, and no other. In a database of PostgreSQL the owner's function does it, for who may
/// call it; in a file the same is looked at here, and the table lets no row go of which nothing is left. What was
/// broken off is gone on with under the event that it began with.
/// </summary>
public sealed class Disposal
{
    private const int MostNamed = 20;

    /// <summary>A node seals within a second or two; where none does, nothing is cut.</summary>
    private static readonly TimeSpan SealPatience = TimeSpan.FromMinutes(2), SealLook = TimeSpan.FromMilliseconds(50);

    private readonly string address;
    private readonly string directory;
    private readonly EntryKeys entries;
    private readonly ArchiveKeys? aside;
    private readonly Retention retention;
    private readonly DateTimeOffset now;
    private readonly IDisposalBook book;
    private readonly StoreLook look;
    private readonly StoreTarget target;
    private readonly LogStore log;
    private readonly ArchiveSegment segment;
    private readonly Dictionary<string, string> stayed = [];
    private readonly RowBatch batch = new();
    private StoredSessions? all;
    private (long Acts, long Windows) kept;
    private long before = long.MaxValue;
    private bool isHeld;
    private long sessions, rows;

    private Disposal(
        string address, string directory, EntryKeys entries, ArchiveKeys? aside, Retention retention,
        DateTimeOffset now, IDisposalBook book, StoreLook look, StoreTarget target, LogStore log,
        ArchiveSegment segment) =>
        (this.address, this.directory, this.entries, this.aside, this.retention, this.now, this.book, this.look,
            this.target, this.log, this.segment) =
            (address, directory, entries, aside, retention, now, book, look, target, log, segment);

    /// <summary>Nobody else writes to an archive, or cuts by it, until that is let go of.</summary>
    /// <exception cref="BackupException">Somebody does.</exception>
    public static IDisposable Hold(string directory) => BackupLock.Take(directory);

    /// <param name="segment">Of an archive that was verified before.</param>
    /// <param name="aside">The keys that were kept of its contents; null where nobody is to read them.</param>
    /// <param name="book">It is not asked where nothing is left to cut.</param>
    /// <exception cref="StoreException">The store refuses it, or cannot be reached.</exception>
    public static async Task<CutRun> CutAsync(
        string address, string directory, ArchiveSegment segment, EntryKeys entries, ArchiveKeys? aside,
        Retention retention, DateTimeOffset now, IDisposalBook book, IProgress<VerifyProgress>? progress,
        CancellationToken cancellation)
    {
        await using var look = new StoreLook(address);
        await using var target = StoreTarget.Open(address);
        await using var log = await LogStore.FindForReadingAsync(address, cancellation)
            ?? throw new StoreException("Nothing of the store was sealed yet, and nothing is cut that is not.");
        var disposal = new Disposal(
            address, directory, entries, aside, retention, now, book, look, target, log, segment);
        foreach (var begun in await disposal.BegunAsync(cancellation))
        {
            await disposal.CutAsync(
                begun.Position, SegmentRows.Named(directory, segment, begun), progress, cancellation);
        }

        // A hold that comes behind an event ends it, and what it does not mean is ordered anew.
        for (disposal.isHeld = true;
            disposal.isHeld && await disposal.ChooseAsync(cancellation) is { Rows: > 0 } named;)
        {
            await disposal.CutAsync(
                await book.OrderAsync(segment, named, cancellation), named, progress, cancellation);
        }

        return new CutRun(
            disposal.sessions, disposal.rows,
            [.. disposal.stayed.Take(MostNamed).Select(one => (one.Key, one.Value))]);
    }

    /// <summary>What went by this segment, or was to go, and has no end yet.</summary>
    private async Task<IEnumerable<DisposedRows>> BegunAsync(CancellationToken cancellation)
    {
        var begun = new SortedDictionary<long, DisposedRows>();
        var acts = await new StoreJournal(look).ReadStreamAsync(
            new StreamKey(StreamNames.Keeping), 0, int.MaxValue, cancellation);
        foreach (var row in acts.Where(entries.Proves))
        {
            if (DisposedRows.Find(row) is { } said && said.Sha256 == segment.Sha256)
            {
                begun[row.Position] = said;
            }
            else if (DisposedRows.FindDone(row) is (var position, _, _))
            {
                begun.Remove(position);
            }
        }

        return begun.Values;
    }

    /// <summary>Which sessions of the segment may go now, each as it was archived.</summary>
    private async Task<NamedRows> ChooseAsync(CancellationToken cancellation)
    {
        await LookAsync(cancellation);
        before = long.MaxValue;
        var going = new List<string>();
        foreach (var (owner, archived) in SegmentRows.Sessions(directory, segment))
        {
            going.AddRange(await FindAsync(owner, archived, cancellation) is null ? [] : [owner]);
        }

        // Before anything is written down that the database would not do.
        return SegmentRows.Named(directory, segment, (await FreeAsync(going, cancellation)).Contains);
    }

    /// <summary>Without those that the database keeps for a hold.</summary>
    private async Task<HashSet<string>> FreeAsync(IReadOnlyCollection<string> going, CancellationToken cancellation)
    {
        var free = going.ToHashSet();
        foreach (var (owner, why) in going.Count == 0 ? [] : await look.FindHeldAsync(going, cancellation))
        {
            stayed[owner] = why;
            free.Remove(owner);
        }

        return free;
    }

    /// <returns>Null where it stays, or is gone.</returns>
    private async Task<StoredSession?> FindAsync(
        string owner, IReadOnlyList<(long Position, byte[] Leaf)> archived, CancellationToken cancellation)
    {
        if (await all!.ReadAsync(owner, cancellation) is not { } session
            || !archived.Any(row => session.Rows.Any(one => (long)one[0]! == row.Position)))
        {
            // It was cut before; what there is of it was begun since.
            return null;
        }

        var why = session.Against
            ?? (!retention.IsDue(session, now) ? "it is not due by the rules" : null)
            ?? (session.Recorded.Ticks > before ? "it is younger than what goes by this event" : null)
            ?? (!IsSame(session, archived) ? "it has other rows by now than this segment" : null)
            ?? (aside is null ? null : await aside.WhyNotAsync(session, look, cancellation));
        if (why is null)
        {
            stayed.Remove(owner);
            return session;
        }

        stayed[owner] = why;
        return null;
    }

    private bool IsSame(StoredSession session, IReadOnlyList<(long Position, byte[] Leaf)> archived) =>
        SegmentRows.LeavesOf(session, entries, batch).Select(one => (one.Position, Convert.ToHexString(one.Leaf)))
            .ToHashSet().SetEquals(archived.Select(one => (one.Position, Convert.ToHexString(one.Leaf))));

    /// <summary>Cuts what an event names, as far as it may go still, and has the end written down.</summary>
    private async Task CutAsync(
        long disposal, NamedRows named, IProgress<VerifyProgress>? progress, CancellationToken cancellation)
    {
        await WaitForSealAsync(disposal, cancellation);
        await LookAsync(disposal, named, cancellation);
        foreach (var part in named.Parts)
        {
            if (await look.ReadAsync(session => LastActAsync(session, cancellation), cancellation) != kept)
            {
                await LookAsync(disposal, named, cancellation);
            }

            if (isHeld)
            {
                break;
            }

            var going = new List<StoredSession>();
            foreach (var owner in part.Owners)
            {
                if (await FindAsync(owner, named.RowsOf(owner), cancellation) is { } session)
                {
                    going.Add(session);
                }
            }

            var free = await FreeAsync([.. going.Select(one => one.Owner)], cancellation);
            going.RemoveAll(one => !free.Contains(one.Owner));
            await (going.Count == 0 ? Task.CompletedTask : CutAsync(disposal, named, part, going, cancellation));
            progress?.Report(new VerifyProgress(rows, segment.Rows.Rows));
        }

        // What is gone is what the archive has, row by row: otherwise nobody says that it is at its end.
        var gone = LeafList.Of(await CutCheck.ReadCutAsync(look, disposal, cancellation));
        if (gone.CountBeside(named.Leaves) is > 0 and var others)
        {
            throw new StoreException(
                $"{others} rows that were cut by the event at position {disposal} are not among those that it names, "
                + $"of the archive's {segment.Rows.File}: its end is not written down. audit verify says more.");
        }

        await book.EndAsync(segment, disposal, gone.Digest(), named, cancellation);
    }

    /// <summary>Cuts a part, and then lets others write for longer than that took.</summary>
    private async Task CutAsync(
        long disposal, NamedRows named, NamedPart part, List<StoredSession> going, CancellationToken cancellation)
    {
        await RequireUnhaltedAsync(cancellation);
        if (StoreAddress.Parse(address).IsSqlite)
        {
            await CutInFileAsync(disposal, named, going, cancellation);
        }
        else
        {
            await CutOnServerAsync(disposal, named, part, going, cancellation);
        }

        (sessions, rows) = (sessions + going.Count, rows + going.Sum(one => one.Rows.Count));
        await Task.Delay(TimeSpan.FromMilliseconds(Math.Min(3 * target.Held.TotalMilliseconds, 1_000)), cancellation);
    }

    /// <summary>What is not sealed may be taken back unseen; what is cut must be said for ever.</summary>
    private async Task WaitForSealAsync(long disposal, CancellationToken cancellation)
    {
        for (var clock = Stopwatch.StartNew(); ; await Task.Delay(SealLook, cancellation))
        {
            var record = await RequireUnhaltedAsync(cancellation);
            if ((await log.ReadLastCheckpointAsync(record.Number, cancellation))?.LastPosition >= disposal)
            {
                return;
            }

            if (clock.Elapsed > SealPatience)
            {
                throw new StoreException(
                    $"The event at position {disposal}, by which rows go, was not sealed within "
                    + $"{SealPatience.TotalMinutes} minutes: nothing is cut until a node with the log's key seals it. "
                    + "Run it again then.");
            }
        }
    }

    private async Task<LogRecord> RequireUnhaltedAsync(CancellationToken cancellation)
    {
        var record = (await log.ReadLogsAsync(cancellation)).LastOrDefault();
        return record is null ? throw new StoreException("The store has no log: nothing is cut that is not sealed.")
            : record.Halt is { } halt
            ? throw new StoreException($"The log is halted, and nothing is cut until it goes on: {halt.Reason}")
            : record;
    }

    /// <summary>
    /// Looks anew, also at the event: it is there as a node wrote it, names these rows and nothing else, and is not at
    /// its end.
    /// </summary>
    private async Task LookAsync(long disposal, NamedRows named, CancellationToken cancellation)
    {
        await LookAsync(cancellation);
        var written = await new StoreJournal(look).ReadStreamAsync(
            new StreamKey(StreamNames.Keeping), 0, int.MaxValue, cancellation);
        // Whoever may have lifted it since: a database cannot tell whether a node wrote that.
        isHeld = written.Any(row =>
            row.Position > disposal && row.Message.AsSpan().IndexOf("\"act\":\"hold.added\""u8) >= 0);
        var acts = written.Where(entries.Proves).ToList();
        if (acts.Find(row => row.Position == disposal) is not { } row || DisposedRows.Find(row) is not { } said
            || said.Sha256 != segment.Sha256 || !named.Are(said))
        {
            throw new StoreException(
                $"No event at position {disposal} says that these very rows of {segment.Rows.File} go: none was cut.");
        }

        before = said.Before;
        if (acts.Exists(one => DisposedRows.FindDone(one)?.Position == disposal))
        {
            throw new StoreException(
                $"What went by the event at position {disposal} is written down as ended: nothing more goes by it. Run "
                + "it again.");
        }
    }

    /// <summary>Looks anew at what is sealed, held and open.</summary>
    private async Task LookAsync(CancellationToken cancellation)
    {
        var record = await RequireUnhaltedAsync(cancellation);
        var newest = await log.ReadLastCheckpointAsync(record.Number, cancellation);
        kept = await look.ReadAsync(session => LastActAsync(session, cancellation), cancellation);
        all = await StoredSessions.OpenAsync(
            look, entries, newest?.LastPosition ?? 0, DateTimeOffset.UtcNow, cancellation);
    }

    private async Task CutInFileAsync(
        long disposal, NamedRows named, List<StoredSession> going, CancellationToken cancellation)
    {
        // Hashed before, for nobody else writes while it goes.
        var marked = going.ToDictionary(one => one.Owner, one => HashesOf(one).ToList());
        while (going.Count > 0 && !await target.ChangeAsync(
            session => TryCutInFileAsync(session, disposal, going, marked, cancellation), cancellation))
        {
            // Whatever was ordered since the sessions were looked at, a hold say, is looked at first.
            await LookAsync(disposal, named, cancellation);
            foreach (var one in going.ToList())
            {
                if (isHeld || await FindAsync(one.Owner, named.RowsOf(one.Owner), cancellation) is null)
                {
                    going.Remove(one);
                }
            }
        }
    }

    /// <returns>False where something was ordered since the sessions were looked at; then nothing was cut.</returns>
    private async Task<bool> TryCutInFileAsync(
        IStoreSession session, long disposal, List<StoredSession> going,
        Dictionary<string, List<(object?[] Values, byte[] Stream)>> marked, CancellationToken cancellation)
    {
        if (await LastActAsync(session, cancellation) != kept)
        {
            return false;
        }

        foreach (var one in going)
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

    private async Task CutOnServerAsync(
        long disposal, NamedRows named, NamedPart part, List<StoredSession> going, CancellationToken cancellation)
    {
        var marked = going.SelectMany(HashesOf).ToList();
        object?[] values =
        [
            disposal, segment.Sha256, named.PartDigests, part.Leaves.Bytes.ToArray(),
            going.Select(one => one.Owner).ToArray(), marked.Select(row => (long)row.Values[0]!).ToArray(),
            marked.Select(row => row.Stream).ToArray(),
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

    /// <summary>The last that may keep a session: an act, or something about a window of its task.</summary>
    private static async Task<(long Acts, long Windows)> LastActAsync(
        IStoreSession session, CancellationToken cancellation) => (await session.QueryAsync(
            "SELECT (SELECT coalesce(max(sequence_number), 0) FROM journal WHERE persistence_id = $1), "
            + "(SELECT coalesce(max(ordering), 0) FROM journal WHERE persistence_id > $2 AND persistence_id < $3)",
            [StreamNames.Keeping, StoredSessions.Windows, StoredSessions.EndOf(StoredSessions.Windows)],
            row => (row.Number(0), row.Number(1)), cancellation))[0];
}
