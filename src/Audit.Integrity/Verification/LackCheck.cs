using System.Security.Cryptography;
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
/// Rows of which the entry alone is left are in order where a sealed event says so, which a node wrote; where no more,
/// no fewer and no others of them are gone than another event says at the end; and where whole streams are.
/// </summary>
internal sealed class CutCheck(EntryKeys? entries, StoreLook? look) : IDisposable
{
    private readonly SortedDictionary<long, (long Rows, long First, IncrementalHash Leaves)> cut = [];
    private readonly Dictionary<long, (long Rows, string Leaves)> done = [];

    /// <summary>What was cut in order.</summary>
    public IReadOnlyList<DisposedRows> Found { get; private set; } = [];

    /// <summary>Before the rows are read: of what is over by then nothing goes meanwhile.</summary>
    public async Task BeginAsync(CancellationToken cancellation)
    {
        foreach (var row in entries is null || look is null ? [] : await new StoreJournal(look).ReadStreamAsync(
            new StreamKey(StreamNames.Keeping), 0, int.MaxValue, cancellation))
        {
            if (DisposedRows.FindDone(row, entries!) is (var position, var rows, var leaves))
            {
                done[position] = (rows, leaves);
            }
        }
    }

    public void Take(RowBatch batch)
    {
        for (var i = 0; i < batch.Count; i++)
        {
            if (batch[i].Disposal == 0)
            {
                continue;
            }

            var known = cut.GetValueOrDefault(
                batch[i].Disposal,
                (0, batch[i].Position, IncrementalHash.CreateHash(HashAlgorithmName.SHA256)));
            known.Leaves.AppendData(batch.Leaf(i));
            cut[batch[i].Disposal] = known with { Rows = known.Rows + 1 };
        }
    }

    /// <param name="sealedUpTo">The last position that is sealed.</param>
    public async Task<IReadOnlyList<IntegrityFault>> EndAsync(long sealedUpTo, CancellationToken cancellation)
    {
        var (faults, found) = (new List<IntegrityFault>(), new List<DisposedRows>());
        foreach (var (position, (rows, first, leaves)) in cut)
        {
            var said = entries is null || look is null || position > sealedUpTo ? null : DisposedRows.Find(
                await new StoreJournal(look).ReadRowAsync(position, cancellation), entries);
            var digest = Convert.ToHexStringLower(leaves.GetCurrentHash());
            var isDone = done.Remove(position, out var end);
            if (Fault(position, rows, digest, said, isDone ? end : null) is { } fault)
            {
                faults.Add(new IntegrityFault(IntegrityFaultKind.RowsMissing, first, null, fault));
            }
            else
            {
                found.Add(said! with { Cut = rows, IsDone = isDone });
            }
        }

        // What an event says was cut, and stands in the journal or is gone without a trace.
        faults.AddRange(done.Where(one => one.Value.Rows > 0).Select(one => new IntegrityFault(
            IntegrityFaultKind.RowsMissing, one.Key, null,
            $"{one.Value.Rows} rows were cut by the event at position {one.Key}, and nothing of them is left.")));
        faults.AddRange(cut.Count == 0 ? [] : await StreamsAsync(cancellation));
        Found = found;
        return faults;
    }

    public void Dispose()
    {
        foreach (var (_, _, leaves) in cut.Values)
        {
            leaves.Dispose();
        }
    }

    private static string? Fault(
        long position, long rows, string digest, DisposedRows? said, (long Rows, string Leaves)? end) =>
        said is null
        ? $"{rows} rows were cut, and no sealed event of a node says so: there is none at position {position}."
        : end is { } whole && whole != (rows, digest)
        ? $"{rows} rows were cut by the event at position {position}, and they are not the {whole.Rows} that the "
            + "book says were cut by it: rows are gone in part, or others."
        : rows > said.Rows || (rows == said.Rows && digest != said.Leaves)
        ? $"{rows} rows were cut by the event at position {position}, and they are not the {said.Rows} that it "
            + $"names, of the archive's {said.Segment}."
        : null;

    /// <summary>Streams go as a whole: each has left all of its rows, and has none in the journal.</summary>
    private async Task<IEnumerable<IntegrityFault>> StreamsAsync(CancellationToken cancellation)
    {
        // Each in one statement: another run may cut at this moment.
        var torn = await look!.ReadAsync(
            session => session.QueryAsync(
                """
                SELECT d.disposal, d.many - coalesce(s.many, 0) FROM (
                    SELECT disposal, count(*) AS many FROM journal_cut GROUP BY disposal) AS d
                LEFT JOIN (
                    SELECT disposal, CAST(sum(sequence_number) AS BIGINT) AS many FROM journal_cut_stream
                    GROUP BY disposal) AS s ON s.disposal = d.disposal
                WHERE d.many <> coalesce(s.many, 0) ORDER BY 1
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
        return
        [
            .. torn.Select(one => new IntegrityFault(
                IntegrityFaultKind.RowsMissing, one.Disposal, null,
                $"By the event at position {one.Disposal} streams were cut in part: {Math.Abs(one.Rows)} rows "
                + (one.Rows > 0 ? "more than their streams had are gone." : "of streams that were cut left nothing."))),
            .. alive.Select(one => new IntegrityFault(
                IntegrityFaultKind.RowsMissing, one.Position, null,
                $"The stream {one.Stream} was cut, and has a row in the journal: it was cut in part, or is added to.")),
        ];
    }
}

/// <summary>That rows go which are in a segment of an archive, as the book says it.</summary>
/// <param name="Segment">Its file.</param>
/// <param name="Sha256">Of what the segment says of itself.</param>
/// <param name="Rows">How many it has; those of sessions that stay are not cut.</param>
/// <param name="Leaves">The SHA-256 over the leaves of all of its rows, in order of position.</param>
/// <param name="Parts">The SHA-256 over those of its parts; a part goes in one go.</param>
/// <param name="Version">Of the rules by which they go.</param>
/// <param name="To">Where the archive lay.</param>
public sealed record DisposedRows(
    string Segment, string Sha256, long Rows, string Leaves, string Parts, string Version, string To)
{
    public const string Act = "rows.disposed", Done = "rows.cut", KeysEnded = "rows.keys_ended",
        Forgotten = "rows.forgotten";

    /// <summary>Of the event that rows were cut: of which, how many, and what of them.</summary>
    public const string NumberMember = "number", CutMember = "cut", LeavesMember = "leaves";

    /// <summary>Of the event that nodes forgot: up to which end of a cut.</summary>
    public const string ThroughMember = "through";

    /// <summary>What was recorded later stays, in ticks: no rule makes it due.</summary>
    public long Before { get; init; }

    public string AdoptedBy { get; init; } = "";

    public string ConfirmedBy { get; init; } = "";

    /// <summary>The position of the event.</summary>
    public long Position { get; init; }

    public DateTimeOffset At { get; init; }

    /// <summary>How many rows were met that were cut by it.</summary>
    public long Cut { get; init; }

    /// <summary>The book says that these are all; otherwise it goes on, or was broken off.</summary>
    public bool IsDone { get; init; }

    public void WriteTo(Utf8JsonWriter json)
    {
        json.WriteString("segment", Segment);
        json.WriteString("sha256", Sha256);
        json.WriteNumber("rows", Rows);
        json.WriteString(LeavesMember, Leaves);
        json.WriteString("parts", Parts);
        json.WriteString("version", Version);
        json.WriteString("to", To);
        json.WriteNumber("before", Before);
        json.WriteString("adopted_by", AdoptedBy);
        json.WriteString("confirmed_by", ConfirmedBy);
    }

    /// <returns>Null where the row is not such an event, or no node wrote it.</returns>
    public static DisposedRows? Find(JournalRow? row, EntryKeys entries) => FactsOf(row, Act, entries) is { } facts
        ? Of(facts) with { Position = row!.Position, At = new DateTimeOffset(row.CreatedTicks, TimeSpan.Zero) }
        : null;

    /// <summary>What a row says was cut in the end by the event at a position, if it says that.</summary>
    public static (long Position, long Rows, string Leaves)? FindDone(JournalRow row, EntryKeys entries) =>
        FactsOf(row, Done, entries) is { } facts
            ? (facts.GetProperty(NumberMember).GetInt64(), facts.GetProperty(CutMember).GetInt64(),
                Text(facts, LeavesMember))
            : null;

    public static DisposedRows Of(JsonElement facts) => new(
        Text(facts, "segment"), Text(facts, "sha256"), facts.GetProperty("rows").GetInt64(),
        Text(facts, LeavesMember), Text(facts, "parts"), Text(facts, "version"), Text(facts, "to"))
    {
        Before = facts.TryGetProperty("before", out var before) && before.TryGetInt64(out var ticks) ? ticks : 0,
        AdoptedBy = Text(facts, "adopted_by"), ConfirmedBy = Text(facts, "confirmed_by"),
    };

    private static JsonElement? FactsOf(JournalRow? row, string act, EntryKeys entries)
    {
        if (row is null || row.PersistenceId != StreamNames.Keeping || !entries.Proves(row))
        {
            return null;
        }

        var view = EventReader.ViewOf(row);
        return view.Text(EventField.Act) == act && !view.Raw(EventField.Facts).IsEmpty
            ? JsonElement.Parse(view.Raw(EventField.Facts)) : null;
    }

    private static string Text(JsonElement facts, string name) =>
        facts.TryGetProperty(name, out var value) ? value.GetString() ?? "" : "";
}
