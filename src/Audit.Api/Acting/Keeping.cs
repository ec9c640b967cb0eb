using System.Collections.Immutable;
using System.Runtime.CompilerServices;
using System.Security.Cryptography;
using Audit.Api.Diary;
using Audit.Integrity.Keeping;
using Audit.Integrity.Rows;

namespace Audit.Api.Acting;

/// <summary>What a hold or an erasure is of; what is null does not narrow it.</summary>
/// <param name="Before">Only of what began before.</param>
internal sealed record KeepingReach(
    string? Source, string? Session, string? Call, string? Agent = null, string? Task = null, Timestamp? Before = null)
{
    public bool IsAll => (Source ?? Agent ?? Task) is null && Before is null;

    /// <summary>The names of streams do not say it; their events do.</summary>
    public bool AsksFacts => (Agent ?? Task) is not null || Before is not null;

    /// <summary>Whether it can be of a stream, by its name.</summary>
    public bool MayCover(string stream)
    {
        if (Source is null)
        {
            return true;
        }

        var owner = StreamNames.PayloadOwner(stream);
        return Call is not null ? stream == StreamNames.Call(new SessionName(Source, Session!), Call)
            : Session is not null ? owner == StreamNames.Session(new SessionName(Source, Session))
            : owner.StartsWith(StreamNames.Session(new SessionName(Source, "")), StringComparison.Ordinal);
    }

    public bool Covers(StreamFacts facts) => facts.IsCut
        || ((Agent is null || facts.Agents.Contains(Agent)) && (Task is null || facts.Tasks.Contains(Task))
        && (Before is not { } before || facts.First < before));
}

/// <summary>Who took part in a stream, for which tasks, and when it began, as its heads say for ever.</summary>
internal sealed record StreamFacts(string Stream, HashSet<string> Agents, HashSet<string> Tasks, Timestamp First)
{
    /// <summary>Its rows were cut: what they said is in an archive, and may be whatever is asked for.</summary>
    public bool IsCut { get; init; }

    public static StreamFacts Of(string stream, IReadOnlyList<JournalRow> rows)
    {
        var facts = new StreamFacts(stream, [], [], Timestamp.Latest)
        {
            IsCut = rows is [{ Manifest: JournalTable.CutManifest }],
        };
        foreach (var row in rows.Where(row => row.IsProven))
        {
            var view = EventReader.ViewOf(row);
            facts.Agents.UnionWith(Named(view, EventField.Agent, EventField.TermsAgent));
            facts.Tasks.UnionWith(Named(view, EventField.TaskId, EventField.TermsTask));
            foreach (var field in new[] { EventField.ReceivedAt, EventField.FactRecordedAt, EventField.At })
            {
                facts = view.Time(field) is { } time && time < facts.First ? facts with { First = time } : facts;
            }
        }

        return facts;
    }

    private static IEnumerable<string> Named(EventView view, params EventField[] fields) =>
        fields.Select(field => view.Text(field)).OfType<string>().ToList();
}

/// <summary>What one person asked for, to keep the book or to forget, and who else agreed.</summary>
/// <param name="IsHold">A hold; otherwise an erasure.</param>
/// <param name="Match">Where in the input an erasure looked; for what is kept nowhere.</param>
internal sealed record KeepingOrder(
    string Id, bool IsHold, KeepingReach Reach, string? Match, string By, string Person, Timestamp At, string Reason)
{
    /// <summary>Who confirmed the erasure, or asked that the hold be lifted.</summary>
    public (string By, string Person, Timestamp At)? Second { get; init; }

    /// <summary>From when on it is carried out; null while nobody else confirmed it.</summary>
    public Timestamp? Due { get; init; }

    /// <summary>Keys ended, or a hold lifted.</summary>
    public bool IsOver { get; init; }

    /// <summary>An erasure of which nothing is left to do but what stands in it as pending.</summary>
    public bool IsDone { get; init; }

    /// <summary>Places with older keys that could not be reached.</summary>
    public IReadOnlyList<string> Pending { get; init; } = [];

    /// <summary>What stayed out of an erasure, for it came to be held while that was carried out.</summary>
    public IReadOnlyList<string> Held { get; init; } = [];

    /// <summary>The calls that it found when it was asked, and erases, and no other; else none.</summary>
    public IReadOnlyList<string> Calls { get; init; } = [];

    /// <summary>The SHA-256 of that list, which the second person confirms; null where there is none.</summary>
    public string? Digest { get; init; }

    /// <summary>What is erased: a session's content, or that of calls.</summary>
    public IEnumerable<string> What => Digest is not null ? Calls
        : Reach.Call is { } call ? [StreamNames.Call(Session, call)]
        : [StreamNames.Session(Session)];

    private SessionName Session => new(Reach.Source!, Reach.Session!);

    public static string DigestOf(IEnumerable<string> streams) => Convert.ToHexStringLower(SHA256.HashData(
        Encoding.UTF8.GetBytes(string.Join('\n', streams.Order(StringComparer.Ordinal)))));

    public string State => (IsHold, IsOver) switch
    {
        (true, true) => "lifted",
        (true, false) => Second is null ? "holds" : "holds, lifting was asked for",
        (false, true) => !IsDone ? "being carried out"
            : (Held.Count == 0 ? "erased" : "erased in part") + (Pending.Count == 0 ? "" : ", key backups pending"),
        _ => Second is null ? "waits for another person" : $"due {Due}",
    };
}

/// <summary>An act that was decided by what the book has up to a number.</summary>
internal sealed record KeepingDraft(string Act, string? Reason, long After)
{
    public IReadOnlyList<(string Name, string? Value)> Facts { get; init; } = [];

    /// <summary>Sealed, for a path may be a person's name too.</summary>
    public string? Match { get; init; }
}

/// <summary>The orders as they are up to a number of their stream.</summary>
/// <param name="Last">Who relies on them writes with it as <see cref="OperatorSubmission.After"/>.</param>
internal sealed record KeepingState(IReadOnlyList<KeepingOrder> Orders, long Last);

/// <summary>A hold that stands over a stream, if one does.</summary>
/// <param name="Last">Who relies on it writes with it as <see cref="OperatorSubmission.After"/>.</param>
internal sealed record HoldFound(KeepingOrder? Hold, string? Stream, long Last)
{
    public string Sentence => $"The hold {Hold!.Id} of {Hold.By} stands over {Stream}: {Hold.Reason}";
}

/// <summary>Where keys were backed up.</summary>
/// <param name="Id">What tells it from a place of the same path on another machine; null where it has none.</param>
internal sealed record KeyPlace(string Path, string? Id)
{
    /// <summary>As it stands in lists of what is pending.</summary>
    public string Name => Id is null ? Path : $"{Path} [{Id}]";
}

/// <summary>The orders as the book has them; each node reads on, and forgets what another one erased.</summary>
internal sealed class KeepingBook(IAuditStore store)
{
    public const string HoldAdded = "hold.added", LiftAsked = "hold.lift_asked", HoldLifted = "hold.lifted",
        Listed = "erasure.listed", Asked = "erasure.asked", Confirmed = "erasure.confirmed",
        Hastened = "erasure.hastened", Done = "erasure.done";

    public static readonly TimeSpan Wait = TimeSpan.FromDays(7);

    private const int StreamsAtOnce = 100;

    private readonly SemaphoreSlim turn = new(1);
    private readonly ActReader acts = new(store.Opened);
    private readonly Dictionary<string, KeepingOrder> orders = [];
    private readonly Dictionary<string, List<string>> lists = [];

    // Erasures that a restore took from the keys: they were ordered after its backup, and are what was erased.
    private readonly HashSet<string> unordered = [];

    // Each is read while another reading adds to it, and so is put in its place as a whole.
    private ImmutableHashSet<KeyPlace> keyPlaces = [];
    private ImmutableHashSet<string> erased = [];

    /// <summary>The names of the places where keys were backed up.</summary>
    public IEnumerable<string> KeyPlaces => keyPlaces.Select(one => one.Name).Distinct();

    /// <summary>The places of this name: a path of before may read like another one with what tells it apart.</summary>
    public IReadOnlyList<KeyPlace> PlacesOf(string name) =>
        keyPlaces.Where(one => one.Name == name).ToList() is { Count: > 0 } known ? known : [new KeyPlace(name, null)];

    /// <summary>Whether an event says so that this content was erased.</summary>
    public bool IsErased(string what) => erased.Contains(what);

    public async Task<KeepingState> ReadAsync(CancellationToken cancellation)
    {
        await turn.WaitAsync(cancellation);
        try
        {
            await acts.ReadOnAsync(StreamNames.Keeping, Take, cancellation);
            if (orders.Values.Any(one => one is { IsHold: false, IsOver: true, IsDone: false }))
            {
                // Whoever does it: what was read since may be from before the key's end.
                store.Seal.Payloads.Forget();
            }

            return new KeepingState(
                [.. orders.Values.OrderByDescending(one => one.At)], acts.ReadTo(StreamNames.Keeping));
        }
        finally
        {
            turn.Release();
        }
    }

    /// <summary>
    /// Whether one of the streams is held, and by which hold. What must not be done to what is held asks this, and is
    /// written down with the number that it gives: a hold that comes between then wins.
    /// </summary>
    /// <param name="streams">Of a session that goes as a whole, all of them.</param>
    public async Task<HoldFound> FindHoldAsync(IReadOnlyList<string> streams, CancellationToken cancellation) =>
        await FindHoldAsync(await ReadAsync(cancellation), streams, cancellation);

    /// <inheritdoc cref="FindHoldAsync(IReadOnlyList{string}, CancellationToken)"/>
    public async Task<HoldFound> FindHoldAsync(
        KeepingState state, IReadOnlyList<string> streams, CancellationToken cancellation)
    {
        var holds = state.Orders.Where(one => one is { IsHold: true, IsOver: false }).ToLookup(
            hold => hold.Reach.AsksFacts);
        foreach (var hold in holds[false])
        {
            if (streams.FirstOrDefault(hold.Reach.MayCover) is { } held)
            {
                return new HoldFound(hold, held, state.Last);
            }
        }

        var asked = streams.Where(stream => holds[true].Any(hold => hold.Reach.MayCover(stream))).ToList();
        await foreach (var facts in FactsAsync(asked, cancellation))
        {
            if (holds[true].FirstOrDefault(hold => hold.Reach.MayCover(facts.Stream) && hold.Reach.Covers(facts))
                is { } hold)
            {
                return new HoldFound(hold, facts.Stream, state.Last);
            }
        }

        return new HoldFound(null, null, state.Last);
    }

    /// <summary>What the heads of streams say.</summary>
    public async IAsyncEnumerable<StreamFacts> FactsAsync(
        IReadOnlyList<string> streams, [EnumeratorCancellation] CancellationToken cancellation)
    {
        foreach (var chunk in streams.Chunk(StreamsAtOnce))
        {
            var read = await store.Opened.ReadStreamsAsync(
                [.. chunk.Select(stream => new StreamKey(stream))], cancellation);
            foreach (var (stream, rows) in chunk.Zip(read))
            {
                yield return StreamFacts.Of(stream, rows);
            }
        }
    }

    private void Take(EventView view)
    {
        var facts = JsonElement.Parse(view.Raw(EventField.Facts));
        var (act, by, at) = (
            view.Text(EventField.Act), view.Text(EventField.Token) ?? "", view.RequiredTime(EventField.ReceivedAt));
        var (id, person) = (Text("id") ?? "", Text("person") ?? by);
        if (act is HoldAdded or Asked)
        {
            var detail = view.Raw(EventField.Detail) is { IsEmpty: false } raw ? JsonElement.Parse(raw) : default;
            var reach = new KeepingReach(
                Text("source"), Text("session_id"), Text("tool_call_id"), Text("agent"), Text("task"),
                Rfc3339.TryParse(Text("before") ?? "", out var before) ? before : null);
            orders[id] = new KeepingOrder(id, act == HoldAdded, reach, Said("match"), by, person, at, Said("reason") ?? "")
            {
                Calls = lists.GetValueOrDefault(id) ?? [], Digest = Text("digest"),
            };
            lists.Remove(id);

            string? Said(string name) =>
                detail.ValueKind == JsonValueKind.Object && detail.TryGetProperty(name, out var value)
                    ? value.GetString() : null;
        }
        else if (act == Listed)
        {
            lists[id] = [.. lists.GetValueOrDefault(id) ?? [], .. Texts("calls")];
        }
        else if (act is TakenBackup.Act or TakenBackup.Begun or TakenBackup.Archived && Text("keys") is { } place)
        {
            // Who says that he wrote there says not what: an erasure is pending there until a node has looked.
            var added = new KeyPlace(place, Text("keys_id"));
            keyPlaces = added.Id is null && keyPlaces.Any(one => one.Path == place)
                ? keyPlaces : keyPlaces.Add(added);
        }
        else if (orders.TryGetValue(id, out var known))
        {
            orders[id] = act switch
            {
                LiftAsked => known with { Second = (by, person, at) },
                Confirmed => known with { Second = (by, person, at), Due = at.Add(Wait) },
                Hastened => known with { Due = at },
                HoldLifted => known with { IsOver = true },
                // Confirmed after the backup that was put back; if that broke off a node finishes it.
                ErasedContent.Act => known with
                {
                    IsOver = true, Second = known.Second ?? ConfirmedBy(), Due = known.Due ?? at,
                },
                Done => known with
                {
                    IsOver = true, IsDone = true, Pending = [.. Texts("pending")], Held = [.. Texts("held")],
                },
                _ => known,
            };
        }

        if (act is ErasedContent.Act or Done)
        {
            // Whichever node did it: what this one has at hand of the key is let go of.
            store.Seal.Payloads.Forget();
        }

        if (act == ErasedContent.Act)
        {
            var contents = facts.TryGetProperty("calls", out _) ? Texts("calls") : [Text("owner") ?? ""];
            erased = erased.Union(contents);
            if (!orders.ContainsKey(id))
            {
                unordered.Add(id);
                var asked = Text("asked_by") ?? by;
                orders[id] = new KeepingOrder(id, false, new(null, null, null), null, asked, asked, at, "")
                {
                    Second = ConfirmedBy(), Due = at, IsOver = true,
                };
            }

            if (unordered.Contains(id))
            {
                List<string> calls = [.. orders[id].Calls, .. contents];
                orders[id] = orders[id] with { Calls = calls, Digest = KeepingOrder.DigestOf(calls) };
            }
        }

        (string By, string Person, Timestamp At) ConfirmedBy() =>
            (Text("confirmed_by") ?? by, Text("confirmed_by") ?? by, at);

        string? Text(string name) =>
            facts.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String
                ? value.GetString() : null;

        IEnumerable<string> Texts(string name) =>
            facts.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.Array
                ? value.EnumerateArray().Select(one => one.GetString()!) : [];
    }
}
