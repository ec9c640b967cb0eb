using Audit.Integrity.Bundles;
using Audit.Integrity.Entries;

namespace Audit.Integrity.Verification;

/// <summary>
/// What rows lack, whether or not they are what was sealed: numbers before them in their streams, and keys of their
/// content.
/// </summary>
/// <param name="look">Null with a bundle, which says itself what its store could not open.</param>
/// <param name="bundle">Null with a store.</param>
internal sealed class LackCheck(VerifyOptions options, StoreLook? look, BundleReader? bundle)
{
    private const int MostNamed = 10;

    private readonly StreamNumbers numbers = new(
        look, bundle?.Contents?.Where(one => one.IsWhole).Select(one => one.Session).ToHashSet());
    private readonly ContentLook? contents = options.Entries is { Rows: { } rows } keys && look is not null
        ? new(keys, rows, look, options.Erased)
        : null;
    private readonly List<MissingNumbers> missing = [];
    private readonly List<long> closed = [];
    private long missingCount;
    private long closedCount;

    public async Task TakeAsync(RowBatch batch, CancellationToken cancellation)
    {
        await (contents?.MarkAsync(batch, cancellation) ?? default);
        // Without keys a store's rows have no salts, and their streams cannot be told apart.
        var gaps = options.Entries is null && look is not null ? [] : await numbers.TakeAsync(batch, 0, cancellation);
        missingCount += gaps.Count;
        missing.AddRange(gaps.Take(MostNamed - missing.Count));
        for (var i = 0; i < batch.Count; i++)
        {
            if (!batch[i].IsClosed)
            {
                continue;
            }

            closedCount++;
            if (closed.Count < MostNamed)
            {
                closed.Add(batch[i].Position);
            }
        }
    }

    /// <summary>What was erased in order.</summary>
    public IReadOnlyList<ErasedContent> Erased => [.. contents?.Erased ?? []];

    public IEnumerable<IntegrityFault> Faults()
    {
        if (closedCount > 0)
        {
            yield return new IntegrityFault(
                IntegrityFaultKind.ContentClosed, closed[0], null,
                $"The content of {Rows(closedCount)} cannot be opened, at {Positions()}: the keys of their sessions "
                + "are missing from the table payload_keys or do not open, and no erasure is in the book.");
        }

        foreach (var gap in missing)
        {
            yield return new IntegrityFault(IntegrityFaultKind.NumbersMissing, gap.Position, null, gap.Sentence);
        }

        if (missingCount > missing.Count)
        {
            yield return new IntegrityFault(
                IntegrityFaultKind.NumbersMissing, null, null,
                $"Numbers are missing in streams at {missingCount - missing.Count} further places.");
        }
    }

    private string Positions() =>
        $"position {string.Join(", ", closed)}{(closedCount > closed.Count ? " and further on" : "")}";

    private static string Rows(long count) => count == 1 ? "1 row" : $"{count} rows";
}

/// <summary>
/// Rows of which the entry alone is left are in order where a sealed event says so, which a node wrote, and where
/// exactly those are gone that another event says at the end, or all that the first one names; of what is under way, or
/// was broken off, where an archive that was given shows each of them. And streams are gone as a whole.
/// </summary>
/// <param name="look">Asks the store; null with a bundle, which has these events among its rows.</param>
internal sealed class CutCheck(EntryKeys? entries, StoreLook? look)
{
    private static readonly byte[] Keeping = Encoding.UTF8.GetBytes(StreamNames.Keeping);

    private readonly SortedDictionary<long, (long First, LeafList Leaves)> cut = [];
    private readonly Dictionary<long, DisposedRows> said = [];
    private readonly Dictionary<long, (long Rows, string Leaves)> done = [];

    /// <summary>What was cut in order.</summary>
    public IReadOnlyList<DisposedRows> Found { get; private set; } = [];

    /// <summary>Before the rows are read: of what is over by then nothing goes meanwhile.</summary>
    public Task BeginAsync(CancellationToken cancellation) => ReadActsAsync(cancellation);

    public void Take(RowBatch batch)
    {
        for (var i = 0; i < batch.Count; i++)
        {
            if (batch[i].Disposal != 0)
            {
                var known = cut.GetValueOrDefault(
                    batch[i].Disposal, (First: batch[i].Position, Leaves: new LeafList()));
                known.Leaves.Add(batch.Leaf(i));
                cut[batch[i].Disposal] = known;
            }
            else if (look is null && !batch[i].IsEntry && !batch[i].Unproven && batch.Stream(i).SequenceEqual(Keeping))
            {
                Note(new JournalRow(
                    batch[i].Position, StreamNames.Keeping, batch[i].Sequence, batch[i].Created,
                    Encoding.UTF8.GetString(batch.Manifest(i)), batch.Message(i).ToArray()));
            }
        }
    }

    /// <param name="sealedUpTo">The last position that is sealed.</param>
    /// <param name="archives">The leaves of the segments of archives, by their digests; null where none was given.
    /// </param>
    public async Task<IReadOnlyList<IntegrityFault>> EndAsync(
        long sealedUpTo, IReadOnlyDictionary<string, LeafList>? archives, CancellationToken cancellation)
    {
        var (faults, found) = (new List<IntegrityFault>(), new List<DisposedRows>());
        var over = done.Keys.ToHashSet();
        await ReadActsAsync(cancellation);
        foreach (var position in cut.Keys.Where(one => look is not null && !over.Contains(one)).ToList())
        {
            // It went on while the rows were read: what is gone by now is what the end speaks of.
            cut[position] = (cut[position].First, LeafList.Of(await ReadCutAsync(look!, position, cancellation)));
        }

        foreach (var (position, (first, leaves)) in cut)
        {
            var named = position <= sealedUpTo ? said.GetValueOrDefault(position) : null;
            var isDone = done.Remove(position, out var end);
            if (Fault(position, leaves, named, isDone ? end : null, archives) is { } fault)
            {
                faults.Add(new IntegrityFault(IntegrityFaultKind.RowsMissing, first, null, fault));
            }
            else
            {
                found.Add(named! with { Cut = leaves.Count, IsDone = isDone });
            }
        }

        // What an event says was cut, and stands in the journal or is gone without a trace.
        faults.AddRange(done.Where(one => one.Value.Rows > 0 && look is not null).Select(one => new IntegrityFault(
            IntegrityFaultKind.RowsMissing, one.Key, null,
            $"{one.Value.Rows} rows were cut by the event at position {one.Key}, and nothing of them is left.")));
        faults.AddRange(look is null ? [] : await StreamsAsync(cancellation));
        Found = found;
        return faults;
    }

    private static string? Fault(
        long position, LeafList leaves, DisposedRows? said, (long Rows, string Leaves)? end,
        IReadOnlyDictionary<string, LeafList>? archives)
    {
        var (rows, digest) = (leaves.Count, leaves.Digest());
        if (said is null)
        {
            return $"{rows} rows were cut, and no sealed event of a node says so: there is none at position "
                + $"{position}.";
        }

        if (end is { } whole && whole != (rows, digest))
        {
            return $"{rows} rows were cut by the event at position {position}, and they are not the {whole.Rows} that "
                + "the book says were cut by it: rows are gone in part, or others.";
        }

        if (rows > said.Rows || (rows == said.Rows && digest != said.Leaves))
        {
            return $"{rows} rows were cut by the event at position {position}, and they are not the {said.Rows} that "
                + $"it names, of the archive's {said.Segment}.";
        }

        if (archives is null)
        {
            return end is not null || rows == said.Rows ? null
                : $"{rows} rows are gone of the {said.Rows} that the event at position {position} names, and nothing "
                    + "says yet that it is these: audit keep run goes on with what was broken off, and audit verify "
                    + $"--archive DIR holds them to {said.Segment} until then.";
        }

        return !archives.TryGetValue(said.Sha256, out var there)
            ? $"{rows} rows were cut by the event at position {position}, and no archive that was given has the "
                + $"segment {said.Segment} with the digest {said.Sha256}."
            : leaves.CountBeside(there) is > 0 and var others
            ? $"{others} of the {rows} rows that were cut by the event at position {position} are not in the archive's "
                + $"{said.Segment}."
            : null;
    }

    private async Task ReadActsAsync(CancellationToken cancellation)
    {
        if (entries is null || look is null)
        {
            return;
        }

        foreach (var row in (await new StoreJournal(look).ReadStreamAsync(
            new StreamKey(StreamNames.Keeping), 0, int.MaxValue, cancellation)).Where(entries.Proves))
        {
            Note(row);
        }
    }

    /// <param name="row">That a node wrote.</param>
    private void Note(JournalRow row)
    {
        if (DisposedRows.Find(row) is { } begun)
        {
            said[row.Position] = begun;
        }
        else if (DisposedRows.FindDone(row) is (var position, var rows, var leaves))
        {
            done[position] = (rows, leaves);
        }
    }

    /// <summary>What is left of the rows that were cut by an event, in order of position.</summary>
    public static Task<List<CutRow>> ReadCutAsync(StoreLook look, long disposal, CancellationToken cancellation) =>
        look.ReadAsync(
            session => session.QueryAsync(
                "SELECT ordering, sequence_number, created, hashes FROM journal_cut WHERE disposal = $1 ORDER BY 1",
                [disposal], row => new CutRow(row.Number(0), row.Number(1), row.Number(2), row.Blob(3)), cancellation),
            cancellation);

    /// <summary>Streams go as a whole: each has left all of its rows, and has none in the journal.</summary>
    private async Task<IEnumerable<IntegrityFault>> StreamsAsync(CancellationToken cancellation)
    {
        if (!await look!.HasCutAsync(cancellation))
        {
            return [];
        }

        // Each in one statement: another run may cut at this moment.
        var torn = await look.ReadAsync(
            session => session.QueryAsync(
                """
                SELECT disposal, CAST(sum(many) AS BIGINT) FROM (
                    SELECT disposal, 1 AS many FROM journal_cut
                    UNION ALL SELECT disposal, -sequence_number FROM journal_cut_stream) AS gone
                GROUP BY disposal HAVING sum(many) <> 0 ORDER BY 1
                """,
                [], row => (Disposal: row.Number(0), Rows: row.Number(1)), cancellation),
            cancellation);
        var alive = await look.ReadAsync(
            session => session.QueryAsync(
                """
                SELECT j.ordering, j.persistence_id FROM journal_cut_stream s
                JOIN journal j ON j.persistence_id = s.persistence_id ORDER BY 1 LIMIT 10
                """,
                [], row => (Position: row.Number(0), Stream: row.Text(1)), cancellation),
            cancellation);
        var closed = await look.ReadAsync(
            session => session.QueryAsync(
                "SELECT disposal, persistence_id FROM journal_cut_stream WHERE sequence_number < 1 LIMIT 10", [],
                row => (Disposal: row.Number(0), Stream: row.Text(1)), cancellation),
            cancellation);
        return
        [
            .. torn.Select(one => new IntegrityFault(
                IntegrityFaultKind.RowsMissing, one.Disposal, null,
                $"By the event at position {one.Disposal} streams were cut in part: {Math.Abs(one.Rows)} rows "
                + (one.Rows > 0 ? "more than their streams had are gone." : "of streams that were cut left nothing."))),
            .. alive.Select(one => new IntegrityFault(
                IntegrityFaultKind.RowsMissing, one.Position, null,
                $"The stream {one.Stream} was cut, and has a row in the journal: it was cut in part, or is added to.")),
            .. closed.Select(one => new IntegrityFault(
                IntegrityFaultKind.RowsMissing, one.Disposal, null,
                $"The stream {one.Stream} is closed as one that was cut, and had no row: nothing can be added to it.")),
        ];
    }
}
