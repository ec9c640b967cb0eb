using Audit.Integrity.Bundles;
using Audit.Integrity.Contents;
using Audit.Integrity.Entries;

namespace Audit.Integrity.Verification;

/// <summary>
/// Whether a bundle of a part of the book has all of what it is about. What was sealed of a session says how many rows
/// it had and which; the entries show which of them the bundle has, and that nothing newer was kept from it.
/// </summary>
internal sealed class ContentsCheck
{
    private static readonly byte[] ContentsPrefix = Encoding.UTF8.GetBytes(StreamNames.ContentsPrefix);
    private static readonly byte[] CasePrefix = Encoding.UTF8.GetBytes(StreamNames.CasePrefix);

    private readonly List<Followed> sessions;
    private readonly Dictionary<long, Followed> byMark = [];
    private readonly Dictionary<long, Followed> byRow = [];
    private readonly Dictionary<string, (long First, long Last)> withheld = [];
    private readonly Dictionary<string, (string Name, long Last, bool IsWhole)> given = [];

    /// <param name="contents">What the bundle says; null where it has all rows there are.</param>
    public ContentsCheck(IReadOnlyList<BundleContents>? contents)
    {
        IsAsked = contents is not null;
        sessions = [.. (contents ?? []).Select(one => new Followed(one))];
        foreach (var session in sessions)
        {
            session.Said.Rows.ForEach(row => byRow[row] = session);
            if (session.Said.Mark is { } mark)
            {
                byMark[mark] = session;
            }
        }
    }

    /// <summary>Whether the bundle has a part of the book.</summary>
    public bool IsAsked { get; }

    /// <param name="before">How many rows went before.</param>
    public void Take(RowBatch rows, long before)
    {
        for (var i = 0; IsAsked && i < rows.Count; i++)
        {
            var stream = LogEntry.StreamOf(rows.Entry(i));
            if (rows[i].IsEntry)
            {
                var position = rows[i].Position;
                withheld[stream] = (withheld.TryGetValue(stream, out var known) ? known.First : position, position);
            }
            else
            {
                TakeRow(rows, i, stream, byMark.GetValueOrDefault(before + i));
            }

            byRow.GetValueOrDefault(before + i)?.Add(rows[i], rows.Leaf(i));
        }
    }

    public IReadOnlyList<ContentsReport> Report(List<IntegrityFault> faults)
    {
        foreach (var (stream, one) in given)
        {
            // What was sealed of a session before is not needed beside the newest, and what came behind that is.
            if (withheld.TryGetValue(stream, out var rows) && (one.IsWhole || rows.Last > one.Last))
            {
                var position = one.IsWhole ? rows.First : rows.Last;
                Add(
                    faults, position,
                    $"The row at position {position} is of {one.Name}, and the bundle does not have it.");
            }
        }

        return [.. sessions.Select(session => session.Report(faults))];
    }

    // Of what a bundle has to have whole, no row can be kept back unseen: its entry has the same hash of the stream.
    private void TakeRow(RowBatch rows, int index, string stream, Followed? marked)
    {
        var name = rows.Stream(index);
        if (name.StartsWith(ContentsPrefix))
        {
            var session = Encoding.UTF8.GetString(name[ContentsPrefix.Length..]);
            given[stream] = ($"what was sealed of the session {session}", rows[index].Position, false);
            var read = rows[index].Unproven ? null : SessionContents.TryRead(rows.MessageMemory(index));
            if (marked is not null && marked.Said.Session == session && read?.Session == session)
            {
                marked.Sealed = read;
            }
        }
        else if (name.StartsWith(CasePrefix))
        {
            given[stream] = (
                $"the case {Encoding.UTF8.GetString(name[CasePrefix.Length..])}", rows[index].Position, true);
        }
        else if (StreamNames.TrySplit(name, out var of, out _, out _)
            && Encoding.UTF8.GetString(of) is var whole
            && sessions.Exists(one => one.Said.IsWhole && one.Said.Session == whole))
        {
            given[stream] = ($"the session {whole}", rows[index].Position, true);
        }
    }

    private static void Add(List<IntegrityFault> faults, long? position, string sentence) =>
        faults.Add(new IntegrityFault(IntegrityFaultKind.RowsMissing, position, null, sentence));

    private sealed class Followed(BundleContents said)
    {
        private readonly List<(long Position, byte[] Leaf, long Disposal)> leaves = [];
        private long entries;
        private long? firstEntry;

        public BundleContents Said { get; } = said;

        /// <summary>What the row says that the bundle names; null where that is none.</summary>
        public SessionContents? Sealed { get; set; }

        public void Add(in RowSlot row, ReadOnlySpan<byte> leaf)
        {
            leaves.Add((row.Position, leaf.ToArray(), row.Disposal));
            // Whether what is said to be cut was is looked at by itself.
            if (row is { IsEntry: true, Disposal: 0 })
            {
                entries++;
                firstEntry ??= row.Position;
            }
        }

        public ContentsReport Report(List<IntegrityFault> faults)
        {
            if (Said.Mark is not null && Sealed is null)
            {
                ContentsCheck.Add(faults, null,
                    $"What the bundle names as sealed of the session {Said.Session} is no such row.");
            }

            if (Said.IsWhole && entries > 0)
            {
                ContentsCheck.Add(faults, firstEntry,
                    $"The bundle is of the session {Said.Session}, and does not have {entries} of its rows, the first "
                    + $"at position {firstEntry}.");
            }

            if (Sealed is { } told && !IsBorneOut(told))
            {
                ContentsCheck.Add(faults, null,
                    $"Of the session {Said.Session} {told.Rows} rows were sealed up to position {told.Through}, and "
                    + "the rows that the bundle counts to it are others: some are missing.");
            }

            return new ContentsReport(
                Said.Session, Said.IsWhole, Sealed?.Through, Sealed?.Rows ?? 0, Sealed?.Calls ?? 0, leaves.Count,
                entries, leaves.LongCount(one => one.Disposal > 0));
        }

        // What was sealed after a cut counts what was left: of each event all rows of a session went in one go.
        private bool IsBorneOut(SessionContents told) =>
            leaves.Select(one => one.Disposal).Append(0).Distinct().Any(through => Comes(told, through));

        private bool Comes(SessionContents told, long withoutThrough)
        {
            var tree = new GrowingTree();
            foreach (var (_, leaf, _) in leaves.Where(one =>
                one.Position <= told.Through && (one.Disposal == 0 || one.Disposal > withoutThrough)))
            {
                tree.Append(leaf, []);
            }

            return tree.Size == told.Rows && tree.Root().AsSpan().SequenceEqual(told.Root);
        }
    }
}

/// <summary>Whether the page for people in a bundle is one whose hash the rows have.</summary>
/// <param name="report">Null where there is none.</param>
internal sealed class ReportCheck(BundleReport? report)
{
    private static readonly byte[] CasePrefix = Encoding.UTF8.GetBytes(StreamNames.CasePrefix);
    private static readonly byte[] Exported = Encoding.UTF8.GetBytes($"\"{BundleReport.Act}\"");

    /// <summary>The position of that row.</summary>
    public long? FoundAt { get; private set; }

    public void Take(RowBatch rows)
    {
        for (var i = 0; report is not null && i < rows.Count; i++)
        {
            if (!rows[i].IsEntry && !rows[i].Unproven && rows.Stream(i).StartsWith(CasePrefix)
                && rows.Message(i).IndexOf(Exported) >= 0 && HashIn(rows.MessageMemory(i)) == report.Sha256)
            {
                FoundAt = rows[i].Position;
            }
        }
    }

    public IEnumerable<IntegrityFault> Faults() => report is null || FoundAt is not null ? [] :
    [
        new IntegrityFault(
            IntegrityFaultKind.ReportDiffers, null, null,
            $"The page {BundlePaths.Report} is not one that was exported: no row has its hash, and it was changed or "
            + "put there."),
    ];

    private static string? HashIn(ReadOnlyMemory<byte> message)
    {
        try
        {
            using var json = JsonDocument.Parse(message);
            return json.RootElement.GetProperty(EventField.Act.Name).GetString() == BundleReport.Act
                ? json.RootElement.GetProperty(EventField.Facts.Name).GetProperty(BundleReport.HashMember).GetString()
                : null;
        }
        catch (Exception failure) when (JsonNote.IsOther(failure))
        {
            return null;
        }
    }
}

/// <summary>How much a bundle has of a session.</summary>
/// <param name="IsWhole">Whether it claims to have all of its rows.</param>
/// <param name="CompleteThrough">Up to which position it was sealed what the session held, so that nothing can be
/// missing unseen; null where nothing says so.</param>
/// <param name="SealedRows">How many rows it had then.</param>
/// <param name="Rows">How many of its rows are known to the bundle.</param>
/// <param name="EntriesOnly">Of how many of these it has the entry alone.</param>
/// <param name="Cut">Of how many of these the store had nothing else, for they were cut and are in an archive.</param>
public sealed record ContentsReport(
    string Session, bool IsWhole, long? CompleteThrough, long SealedRows, long Calls, long Rows, long EntriesOnly,
    long Cut)
{
    /// <summary>All rows that the session had when that was last sealed are there to be read.</summary>
    public bool IsComplete => CompleteThrough is not null && EntriesOnly + Cut == 0;
}
