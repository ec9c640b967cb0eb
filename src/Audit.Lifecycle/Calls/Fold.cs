using System.Collections.Immutable;

namespace Audit.Lifecycle.Calls;

/// <summary>
/// A long history in its order, with the law's verdicts and where the call stood every few messages: what comes late is
/// judged from there, and only as far as it changes anything. Immutable.
/// </summary>
internal sealed class Fold
{
    private const int Longest = 64;

    private readonly ImmutableList<Piece> pieces;
    private readonly Comparison<Entry> order;

    private Fold(ImmutableList<Piece> pieces, Comparison<Entry> order, int violations) =>
        (this.pieces, this.order, Violations) = (pieces, order, violations);

    public int Violations { get; }

    public Standing Standing => pieces[^1].End;

    /// <param name="entries">At least one.</param>
    public static Fold Of(IEnumerable<Entry> entries, Comparison<Entry> order)
    {
        var sorted = entries.ToArray();
        Array.Sort(sorted, order);
        var pieces = ImmutableList.CreateBuilder<Piece>();
        var standing = default(Standing);
        foreach (var part in sorted.Chunk(Longest))
        {
            pieces.Add(Piece.Of(part, standing));
            standing = pieces[^1].End;
        }

        return new Fold(pieces.ToImmutable(), order, pieces.Sum(piece => piece.Violations));
    }

    /// <summary>Each message with its verdict.</summary>
    public IEnumerable<(Entry Entry, Verdict Verdict)> Judged =>
        pieces.SelectMany(piece => piece.Entries.Select((entry, index) => (entry, piece.VerdictAt(index))));

    public bool EndsWith(Entry entry) => pieces[^1].Entries[^1].Sequence == entry.Sequence;

    /// <summary>
    /// The verdict that a message would have at its place, and where the call stood before and after.
    /// </summary>
    public Verdict Look(Entry entry, out Standing before, out Standing after)
    {
        var piece = pieces[PieceOf(entry)];
        before = piece.Before;
        for (var index = 0; index < piece.PlaceOf(entry, order); index++)
        {
            CallLaw.Step(ref before, piece.Entries[index].Message, piece.Entries[index].Sequence);
        }

        after = before;
        return CallLaw.Step(ref after, entry.Message, entry.Sequence);
    }

    /// <param name="most">So many changes are looked for: of more none is written.</param>
    /// <param name="verdict">Of the message itself.</param>
    /// <param name="changed">The other messages of which there is something else to say now.</param>
    public Fold Insert(Entry entry, int most, out Verdict verdict, out List<VerdictChange> changed)
    {
        changed = [];
        var at = PieceOf(entry);
        var old = pieces[at];
        var place = old.PlaceOf(entry, order);
        var piece = Piece.Of([.. old.Entries[..place], entry, .. old.Entries[place..]], old.Before);
        verdict = piece.VerdictAt(place);
        var violations = Violations + piece.Violations - old.Violations;
        Note(old, piece, place, most, changed);
        var next = pieces.SetItem(at, piece);
        var after = piece.End;
        for (var later = at + 1; later < next.Count && !next[later].Before.Equals(after); later++)
        {
            var judged = next[later].After(after);
            Note(next[later], judged, judged.Entries.Length, most, changed);
            violations += judged.Violations - next[later].Violations;
            next = next.SetItem(later, judged);
            after = judged.End;
        }

        return new Fold(piece.Entries.Length < 2 * Longest ? next : Split(next, at), order, violations);
    }

    /// <summary>The fold with a message behind all others.</summary>
    public Fold Append(Entry entry, Verdict verdict, in Standing after)
    {
        var last = pieces[^1];
        var violations = verdict.IsViolation ? 1 : 0;
        var next = last.Entries.Length < Longest
            ? pieces.SetItem(
                pieces.Count - 1,
                new Piece(
                    [.. last.Entries, entry], [.. last.Entries.Select((_, index) => last.VerdictAt(index)), verdict],
                    last.Before, after, last.Violations + violations))
            : pieces.Add(new Piece([entry], [verdict], last.End, after, violations));
        return new Fold(next, order, Violations + violations);
    }

    /// <summary>The last piece to whose begin the message does not come before.</summary>
    private int PieceOf(Entry entry)
    {
        var (low, high) = (0, pieces.Count - 1);
        while (low < high)
        {
            var middle = (low + high + 1) / 2;
            (low, high) = order(pieces[middle].Entries[0], entry) <= 0 ? (middle, high) : (low, middle - 1);
        }

        return low;
    }

    private static ImmutableList<Piece> Split(ImmutableList<Piece> pieces, int at)
    {
        var first = Piece.Of(pieces[at].Entries[..Longest], pieces[at].Before);
        var second = Piece.Of(pieces[at].Entries[Longest..], first.End);
        return pieces.SetItem(at, first).Insert(at + 1, second);
    }

    private static void Note(Piece old, Piece now, int inserted, int most, List<VerdictChange> changed)
    {
        for (var index = 0; index < old.Entries.Length && changed.Count < most; index++)
        {
            var verdict = now.VerdictAt(index < inserted ? index : index + now.Entries.Length - old.Entries.Length);
            if (!verdict.RulesAs(old.VerdictAt(index)))
            {
                changed.Add(new VerdictChange(old.Entries[index], old.VerdictAt(index), verdict));
            }
        }
    }

    /// <param name="Shift">By how many attempts its verdicts are further on than they were judged.</param>
    private sealed record Piece(
        Entry[] Entries, Verdict[] Verdicts, Standing Before, Standing End, int Violations, int Shift = 0)
    {
        public Verdict VerdictAt(int index) =>
            Shift == 0 ? Verdicts[index] : Verdicts[index] with { Attempt = Verdicts[index].Attempt + Shift };

        /// <summary>The same messages where the call stood otherwise before.</summary>
        public Piece After(in Standing before)
        {
            // The law asks of attempts only which one is next: one more before them is one more in all of them.
            var further = before.Attempt - Before.Attempt;
            return Before.Attempt == 0 || before.Attempt == 0 || !before.Equals(Before with { Attempt = before.Attempt })
                ? Of(Entries, before)
                : this with
                {
                    Before = before, End = End with { Attempt = End.Attempt + further }, Shift = Shift + further,
                };
        }

        public static Piece Of(Entry[] entries, in Standing before)
        {
            var verdicts = new Verdict[entries.Length];
            var standing = before;
            for (var index = 0; index < entries.Length; index++)
            {
                verdicts[index] = CallLaw.Step(ref standing, entries[index].Message, entries[index].Sequence);
            }

            return new Piece(entries, verdicts, before, standing, verdicts.Count(verdict => verdict.IsViolation));
        }

        public int PlaceOf(Entry entry, Comparison<Entry> order)
        {
            var place = Array.FindIndex(Entries, one => order(one, entry) > 0);
            return place < 0 ? Entries.Length : place;
        }
    }
}

/// <summary>Another verdict on a message than before.</summary>
internal readonly record struct VerdictChange(Entry Entry, Verdict Was, Verdict Now);

/// <summary>
/// A long history by what the host says of its order and, where that is another one, by arrival: what
/// <see cref="Judge"/> says of it, without judging all of it again for each message that comes late.
/// </summary>
internal sealed class LongHistory
{
    /// <summary>Shorter ones are judged as a whole.</summary>
    public const int Shortest = 100;

    private readonly Fold byHost;
    private readonly Fold? byArrival;
    private readonly bool inOrder;
    private readonly bool numbered;
    private readonly CallMessage furthest;
    private readonly ImmutableHashSet<long> setBack;

    private LongHistory(
        Fold byHost, Fold? byArrival, bool inOrder, bool numbered, CallMessage furthest, ImmutableHashSet<long> setBack)
    {
        (this.byHost, this.inOrder, this.numbered, this.furthest, this.setBack) =
            (byHost, inOrder, numbered, furthest, setBack);
        this.byArrival = byArrival ?? (inOrder || byHost.Violations == 0 ? null
            : Fold.Of(byHost.Judged.Select(judged => judged.Entry), Entry.CompareArrival));
        IsByArrival = !inOrder && byHost.Violations > 0 && this.byArrival!.Violations == 0;
    }

    public Standing Standing => Folded.Standing;

    public bool InOrder => inOrder;

    /// <summary>The host's own order is not believed: its clock was set back.</summary>
    private bool IsByArrival { get; }

    private Fold Folded => IsByArrival ? byArrival! : byHost;

    /// <param name="byArrivalOrder">The judged messages by arrival.</param>
    public static LongHistory Of(IReadOnlyList<Entry> byArrivalOrder, bool numbered)
    {
        var byHost = Fold.Of(byArrivalOrder, (one, other) => Entry.Compare(one, other, numbered));
        var inOrder = byHost.Judged.Select(judged => judged.Entry.Sequence)
            .SequenceEqual(byArrivalOrder.Select(entry => entry.Sequence));
        var (furthest, setBack) = (byArrivalOrder[0].Message, ImmutableHashSet<long>.Empty);
        foreach (var entry in byArrivalOrder.Skip(1))
        {
            (furthest, setBack) = Mark(furthest, setBack, entry, numbered);
        }

        return new LongHistory(byHost, null, inOrder, numbered, furthest, setBack);
    }

    /// <summary>What the law says of a message of the history.</summary>
    public Verdict VerdictOf(Entry entry, out bool isLate)
    {
        isLate = !Folded.EndsWith(entry);
        return VerdictsBySequence()[entry.Sequence];
    }

    /// <inheritdoc cref="Fold.Look"/>
    public Verdict Look(Entry entry, out Standing before, out Standing after) =>
        Folded.Look(entry, out before, out after);

    /// <summary>With a message that comes last in every order.</summary>
    public LongHistory Append(Entry entry, Verdict verdict, in Standing after)
    {
        var marked = Mark(furthest, setBack, entry, numbered);
        return new LongHistory(
            byHost.Append(entry, verdict, after), null, inOrder, numbered, marked.Furthest, marked.SetBack);
    }

    /// <inheritdoc cref="Fold.Insert"/>
    public LongHistory Insert(
        Entry entry, int most, out Verdict verdict, out bool isLate, out IReadOnlyList<VerdictChange> changed)
    {
        var marked = Mark(furthest, setBack, entry, numbered);
        var host = byHost.Insert(entry, most, out verdict, out var changedByHost);
        List<VerdictChange>? changedByArrival = null;
        var verdictByArrival = verdict;
        var arrival = byArrival?.Insert(entry, most, out verdictByArrival, out changedByArrival);
        var next = new LongHistory(
            host, arrival, inOrder && host.EndsWith(entry), numbered, marked.Furthest, marked.SetBack);
        changed = next.ChangesSince(this, changedByHost, changedByArrival);
        isLate = !next.Folded.EndsWith(entry);
        verdict = !next.IsByArrival ? verdict
            : byArrival is not null ? next.Marked(entry.Sequence, verdictByArrival)
            : next.VerdictsBySequence()[entry.Sequence];
        return next;
    }

    /// <summary>What the messages of an older history are judged to be now, by arrival.</summary>
    public IReadOnlyList<VerdictChange> ChangesSince(LongHistory was)
    {
        var now = VerdictsBySequence();
        return
        [
            .. was.Folded.Judged.OrderBy(judged => judged.Entry.Sequence)
                .Select(judged => new VerdictChange(
                    judged.Entry, was.Marked(judged.Entry.Sequence, judged.Verdict), now[judged.Entry.Sequence]))
                .Where(change => !change.Was.RulesAs(change.Now)),
        ];
    }

    private IReadOnlyList<VerdictChange> ChangesSince(
        LongHistory was, List<VerdictChange> byHostOrder, List<VerdictChange>? byArrivalOrder) =>
        (was.IsByArrival, IsByArrival) switch
        {
            (false, false) => [.. byHostOrder.OrderBy(change => change.Entry.Sequence)],
            (true, true) =>
            [
                .. byArrivalOrder!.OrderBy(change => change.Entry.Sequence).Select(change => change with
                {
                    Was = Marked(change.Entry.Sequence, change.Was),
                    Now = Marked(change.Entry.Sequence, change.Now),
                }),
            ],
            _ => ChangesSince(was),
        };

    private Dictionary<long, Verdict> VerdictsBySequence() => Folded.Judged.ToDictionary(
        judged => judged.Entry.Sequence, judged => Marked(judged.Entry.Sequence, judged.Verdict));

    private Verdict Marked(long sequence, in Verdict verdict) => IsByArrival && setBack.Contains(sequence)
        ? verdict with { Anomalies = verdict.Anomalies | Anomalies.ClockWentBack }
        : verdict;

    private static (CallMessage Furthest, ImmutableHashSet<long> SetBack) Mark(
        CallMessage furthest, ImmutableHashSet<long> setBack, Entry entry, bool numbered) =>
        EntryChain.PlaceNamedBy(entry.Message) is not null ? (furthest, setBack)
        : Judge.Compare(entry.Message, furthest, numbered) < 0 ? (furthest, setBack.Add(entry.Sequence))
        : (entry.Message, setBack);
}

/// <summary>Holds what can be made again of the messages: two histories are the same with it and without it.</summary>
internal readonly struct LongHistoryCache(LongHistory? value) : IEquatable<LongHistoryCache>
{
    public LongHistory? Value { get; } = value;

    public bool Equals(LongHistoryCache other) => true;

    public override bool Equals(object? obj) => obj is LongHistoryCache;

    public override int GetHashCode() => 0;
}
