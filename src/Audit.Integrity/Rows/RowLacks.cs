using System.Runtime.InteropServices;
using System.Text.Json.Serialization;
using Audit.Integrity.Entries;

namespace Audit.Integrity.Rows;

/// <summary>Numbers of a stream that are not in the journal.</summary>
/// <param name="Position">Of the row behind them.</param>
internal sealed record MissingNumbers(string Stream, long First, long Last, long Position)
{
    public string Sentence => First == Last
        ? $"The stream {Stream} has no number {First}: the row before position {Position} is missing."
        : $"The stream {Stream} has no numbers {First} to {Last}: the rows before position {Position} are missing.";
}

/// <summary>
/// Follows the numbers of each stream while the rows go by. Of the many streams of a large book the latest are kept;
/// the store is asked for the others.
/// </summary>
/// <param name="look">Null where nobody can be asked: then as many are kept as there is room for.</param>
/// <param name="sessions">In a bundle of a part the sessions, with their sources before them, of which it has all rows:
/// of others it may have one row and not the next. Null where all rows are there.</param>
internal sealed class StreamNumbers(StoreLook? look, IReadOnlySet<string>? sessions = null)
{
    private const int MostAsked = 1 << 18, MostKept = 1 << 22;

    private readonly List<(string Stream, long Sequence, long Position)> asked = [];
    private Dictionary<long, long> known = [];
    private Dictionary<long, long> older = [];
    private bool isBlind;

    /// <summary>Looks at rows that were hashed, for their salts tell their streams apart.</summary>
    /// <param name="first">The first row of the batch that is new.</param>
    public async ValueTask<IReadOnlyList<MissingNumbers>> TakeAsync(
        RowBatch batch, int first, CancellationToken cancellation)
    {
        List<MissingNumbers>? missing = null;
        asked.Clear();
        for (var i = first; i < batch.Count && !isBlind; i++)
        {
            if (batch[i].Disposal > 0)
            {
                // Cut with its whole stream.
                continue;
            }

            // Of an entry alone nobody knows the stream.
            isBlind = batch[i].IsEntry && sessions is null;
            if (!isBlind && IsWhole(batch, i) && Follow(batch, i) is { } gap)
            {
                (missing ??= []).Add(gap);
            }
        }

        if (asked.Count > 0)
        {
            var before = await look!.FindBeforeAsync(asked, cancellation);
            for (var i = 0; i < before.Length; i++)
            {
                if (before[i] + 1 < asked[i].Sequence)
                {
                    (missing ??= []).Add(
                        new MissingNumbers(asked[i].Stream, before[i] + 1, asked[i].Sequence - 1, asked[i].Position));
                }
            }
        }

        return missing ?? (IReadOnlyList<MissingNumbers>)[];
    }

    private bool IsWhole(RowBatch batch, int index) => sessions is null
        || (!batch[index].IsEntry && StreamNames.TrySplit(batch.Stream(index), out var session, out _, out _)
            && sessions.Contains(Encoding.UTF8.GetString(session)));

    private MissingNumbers? Follow(RowBatch batch, int index)
    {
        ref readonly var row = ref batch[index];
        var stream = MemoryMarshal.Read<long>(batch.Salt(index));
        var isKnown = known.TryGetValue(stream, out var last) || older.TryGetValue(stream, out last);
        Keep(stream, Math.Max(row.Sequence, last));
        if (row.Sequence <= 1 || (isKnown && row.Sequence <= last + 1))
        {
            return null;
        }

        var name = Encoding.UTF8.GetString(batch.Stream(index));
        if (isKnown || look is null)
        {
            return new MissingNumbers(name, last + 1, row.Sequence - 1, row.Position);
        }

        asked.Add((name, row.Sequence, row.Position));
        return null;
    }

    private void Keep(long stream, long last)
    {
        if (known.Count >= (look is null ? MostKept : MostAsked))
        {
            (older, known) = (known, []);
            // Without anybody to ask, what was forgotten would look like a gap.
            isBlind |= look is null;
        }

        known[stream] = last;
    }
}

/// <summary>Looks whether the content of rows can be opened still. Whoever lacks the row keys does not know.</summary>
/// <param name="alsoErased">What was erased, though the book does not say so yet.</param>
internal sealed class ContentLook(
    EntryKeys entries, RowKeys keys, StoreLook look, IReadOnlyList<ErasedContent>? alsoErased = null)
{
    private readonly PayloadKeys payloads = new(keys, look);
    private Dictionary<string, ErasedContent>? erased;

    /// <summary>What was erased, of which rows were met.</summary>
    public IEnumerable<ErasedContent> Erased => erased?.Values.Where(one => one.Rows > 0) ?? [];
    private readonly List<(int Index, string Stream)> sealedRows = [];

    /// <summary>
    /// Marks the rows of a batch whose content does not open: a session whose key was taken away gets another one with
    /// its next row, so that a key alone shows nothing.
    /// </summary>
    public async ValueTask MarkAsync(RowBatch batch, CancellationToken cancellation)
    {
        sealedRows.Clear();
        for (var i = 0; i < batch.Count; i++)
        {
            if (batch.HasContent(i))
            {
                var isSame = sealedRows.Count > 0 && batch.Stream(sealedRows[^1].Index).SequenceEqual(batch.Stream(i));
                sealedRows.Add((i, isSame ? sealedRows[^1].Stream : Encoding.UTF8.GetString(batch.Stream(i))));
            }
        }

        if (erased is null)
        {
            erased = await ErasedContent.ReadAllAsync(entries, look, cancellation);
            foreach (var one in alsoErased ?? [])
            {
                erased.TryAdd(one.What, one);
            }
        }

        await payloads.LoadAsync(sealedRows.Select(row => row.Stream), cancellation);
        Parallel.For(0, sealedRows.Count, at =>
        {
            var (index, stream) = sealedRows[at];
            payloads.TryGet(new StreamKey(stream), out var key);
            if (key is null
                || !Payload.Opens(batch.Message(index), batch.Stream(index), batch[index].Sequence, key))
            {
                batch.Close(index);
            }
        });
        foreach (var (index, stream) in sealedRows.Where(row => batch[row.Index].IsClosed))
        {
            if (erased.TryGetValue(stream, out var content)
                || erased.TryGetValue(StreamNames.PayloadOwner(stream), out content))
            {
                batch.Open(index);
                content.Rows++;
            }
        }
    }
}

/// <summary>A content that was erased, and whose word that stands on.</summary>
/// <param name="Id">Of the erasure.</param>
/// <param name="What">The stream of a call, or the owner of a key whose content is erased as a whole.</param>
public sealed record ErasedContent(
    string Id, string What, string AskedBy, string ConfirmedBy, DateTimeOffset At, long Position)
{
    public const string Act = "content.erased";

    private static readonly StreamKey Keeping = new(StreamNames.Keeping);

    private const string OwnerMember = "owner", CallsMember = "calls";

    /// <summary>So many calls stand in one event at most.</summary>
    private const int MostCalls = 200;

    /// <summary>How many rows were met whose content it was.</summary>
    public long Rows { get; set; }

    /// <summary>Of the key under which it was sealed.</summary>
    public string Owner => StreamNames.PayloadOwner(What);

    public bool IsCall => What.StartsWith(StreamNames.CallPrefix, StringComparison.Ordinal);

    /// <summary>What is ended of which key, as a store takes it; null for all of it.</summary>
    public static IReadOnlyDictionary<string, IReadOnlyCollection<string>?> KeysOf(IEnumerable<ErasedContent> erased) =>
        erased.GroupBy(one => one.Owner).ToDictionary(
            one => one.Key,
            one => one.All(content => content.IsCall)
                ? (IReadOnlyCollection<string>)[.. one.Select(content => content.What)]
                : null);

    /// <summary>The facts of the events that say so: one for each key, or for a number of its calls.</summary>
    public static IEnumerable<Action<Utf8JsonWriter>> FactsOf(IEnumerable<ErasedContent> erased) =>
        PartsOf(erased).Select(part => (Action<Utf8JsonWriter>)(json =>
        {
            json.WriteString("id", part[0].Id);
            json.WriteString(OwnerMember, part[0].Owner);
            if (part[0].IsCall)
            {
                json.WriteTexts(CallsMember, part.Select(call => call.What));
            }

            json.WriteString("asked_by", part[0].AskedBy);
            json.WriteString("confirmed_by", part[0].ConfirmedBy);
        }));

    /// <summary>What each of these events is of.</summary>
    public static IEnumerable<ErasedContent[]> PartsOf(IEnumerable<ErasedContent> erased) =>
        from one in erased
        group one by (one.Id, one.AskedBy, one.ConfirmedBy, one.Owner, one.IsCall) into key
        from part in key.Chunk(MostCalls)
        select part;

    /// <summary>What events in the book say was erased, which nodes wrote.</summary>
    internal static async Task<Dictionary<string, ErasedContent>> ReadAllAsync(
        EntryKeys entries, StoreLook look, CancellationToken cancellation)
    {
        var found = new Dictionary<string, ErasedContent>();
        foreach (var row in await new StoreJournal(look).ReadStreamAsync(Keeping, 0, int.MaxValue, cancellation))
        {
            if (!entries.Proves(
                Keeping.Utf8.Span, row.Sequence, Encoding.UTF8.GetBytes(row.Manifest), row.Message))
            {
                continue;
            }

            foreach (var content in Find(row))
            {
                found.TryAdd(content.What, content);
            }
        }

        return found;
    }

    /// <returns>None where the row says no such thing.</returns>
    internal static IReadOnlyList<ErasedContent> Find(JournalRow row)
    {
        var view = EventReader.ViewOf(row);
        if (view.Text(EventField.Act) != Act || view.Raw(EventField.Facts).IsEmpty)
        {
            return [];
        }

        var facts = JsonElement.Parse(view.Raw(EventField.Facts));
        var whole = new ErasedContent(
            Text("id"), Text(OwnerMember), Text("asked_by"), Text("confirmed_by"),
            new DateTimeOffset(row.CreatedTicks, TimeSpan.Zero), row.Position);
        return facts.TryGetProperty(CallsMember, out var calls)
            ? [.. calls.EnumerateArray().Select(call => whole with { What = call.GetString()! })]
            : [whole];

        string Text(string name) => facts.TryGetProperty(name, out var value) ? value.GetString() ?? "" : "";
    }
}

/// <summary>That rows go which are in a segment of an archive, as the book says it.</summary>
/// <param name="Segment">Its file.</param>
/// <param name="Sha256">Of what the segment says of itself.</param>
/// <param name="Rows">How many go: all rows of the sessions that are named, and none of those that stay.</param>
/// <param name="Leaves">The SHA-256 over the leaves of these rows, in order of position.</param>
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

    /// <summary>No row of them was recorded later, in ticks; the store lets no younger one go.</summary>
    public long Before { get; init; }

    /// <summary>Which sessions of the segment go: a bit for each, in its order, in Base64.</summary>
    [JsonIgnore]
    public string Sessions { get; init; } = "";

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
        json.WriteString("sessions", Sessions);
        json.WriteString("adopted_by", AdoptedBy);
        json.WriteString("confirmed_by", ConfirmedBy);
    }

    /// <param name="row">That a node wrote.</param>
    /// <returns>Null where the row is not such an event.</returns>
    public static DisposedRows? Find(JournalRow row) => FactsOf(row, Act) is { } facts
        ? Of(facts) with { Position = row.Position, At = new DateTimeOffset(row.CreatedTicks, TimeSpan.Zero) }
        : null;

    /// <summary>What a row says was cut in the end by the event at a position, if it says that.</summary>
    /// <param name="row">That a node wrote.</param>
    public static (long Position, long Rows, string Leaves)? FindDone(JournalRow row) =>
        FactsOf(row, Done) is { } facts
            ? (facts.GetProperty(NumberMember).GetInt64(), facts.GetProperty(CutMember).GetInt64(),
                Text(facts, LeavesMember))
            : null;

    public static DisposedRows Of(JsonElement facts) => new(
        Text(facts, "segment"), Text(facts, "sha256"), facts.GetProperty("rows").GetInt64(),
        Text(facts, LeavesMember), Text(facts, "parts"), Text(facts, "version"), Text(facts, "to"))
    {
        Before = facts.GetProperty("before").GetInt64(), Sessions = Text(facts, "sessions"),
        AdoptedBy = Text(facts, "adopted_by"), ConfirmedBy = Text(facts, "confirmed_by"),
    };

    private static JsonElement? FactsOf(JournalRow row, string act)
    {
        if (row.PersistenceId != StreamNames.Keeping)
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
