using System.Collections.Immutable;

namespace Audit.Formats.Correlation;

/// <summary>
/// What was reported of calls lately, in all formats and sessions. It only ever adds to what an event says: with the
/// memory lost, by a restart or because too much came between, messages lack a tool's name or stay notes, and none is
/// reported twice but of a fork that does not say whence it came.
/// </summary>
internal sealed class CallMemory
{
    private const int MatchesOfOneKind = 64;
    private const long MostBytes = 64 << 20;

    /// <summary>Longer inputs are not worth the room; they stand in the event that had them.</summary>
    private const int LongestInput = 4096;

    private readonly BoundedMemory<Key, object> kept;
    private readonly (string Source, string Format) of;

    public CallMemory() : this(new(MostBytes, BytesOf), default) { }

    private CallMemory(BoundedMemory<Key, object> kept, (string, string) of) => (this.kept, this.of) = (kept, of);

    private enum Of : byte
    {
        Call,
        End,
        Begun,
        Decision,
        Agent,
        Request,
        Asking,
    }

    /// <summary>How much fell out before anybody asked for it.</summary>
    public long Forgotten => kept.Forgotten;

    /// <summary>What one source reported in one format: nobody adds to what another one says.</summary>
    public CallMemory For(string source, string format) => new(kept, (source, format));

    public void Remember(string? session, string call, string tool, JsonElement? input)
    {
        var small = input is { } given && given.Raw().Length <= LongestInput ? given.Clone() : (JsonElement?)null;
        if (RoomFor.Ids(tool))
        {
            Keep(Of.Call, session, call, new KnownCall(tool, small));
        }
    }

    /// <summary>Remembers the end of a call, as far as the host dates it.</summary>
    public void RememberEnd(string? session, string call, string? time) => Keep(Of.End, session, call, time ?? "");

    /// <returns>Null for a call whose end is not known; empty where it has no time.</returns>
    public string? EndOf(string? session, string call) => Find<string>(Of.End, session, call);

    /// <summary>Remembers that a call showed that it runs.</summary>
    public void RememberBegun(string? session, string call) => Keep(Of.Begun, session, call, "");

    public bool HasBegun(string? session, string call) => Find<string>(Of.Begun, session, call) is not null;

    /// <summary>Remembers that it was decided whether a call may run.</summary>
    public void RememberDecision(string? session, string call) => Keep(Of.Decision, session, call, "");

    public bool HasDecision(string? session, string call) => Find<string>(Of.Decision, session, call) is not null;

    /// <summary>Remembers in the course of which call an agent works.</summary>
    public void RememberAgent(string? session, string agent, string call) => Keep(Of.Agent, session, agent, call);

    public string? CallOfAgent(string? session, string? agent) =>
        agent is null ? null : Find<string>(Of.Agent, session, agent);

    public KnownCall? Find(string? session, string call) => Find<KnownCall>(Of.Call, session, call);

    /// <summary>Remembers which call a request for permission, or a hook, was about.</summary>
    public void RememberRequest(string? session, string request, string call) =>
        Keep(Of.Request, session, request, call);

    public string? CallOfRequest(string? session, string request) => Find<string>(Of.Request, session, request);

    /// <summary>A call may be asked about by what it is to do, for whoever asks does not know its id.</summary>
    public void Open(string key, string call) => ChangeAsking(key, open =>
    {
        var others = open.RemoveAll(one => one.Call == call);
        others = others.Count == MatchesOfOneKind ? others.RemoveAt(0) : others;
        return RoomFor.Ids(call) ? others.Add(new AskingCall(call, WasAsked: false)) : others;
    });

    public void Close(string key, string call) => ChangeAsking(key, open => open.RemoveAll(one => one.Call == call));

    /// <summary>The oldest open call that is to do this and was not asked about yet, or else the oldest.</summary>
    /// <param name="candidates">How many calls it could have been.</param>
    public string? Ask(string key, out int candidates)
    {
        string? found = null;
        var count = 0;
        ChangeAsking(key, open =>
        {
            count = Math.Max(1, open.Count(one => !one.WasAsked));
            var call = open.Find(one => !one.WasAsked) ?? open.FirstOrDefault();
            found = call?.Call;
            return call is null ? open : open.Replace(call, call with { WasAsked = true });
        });
        candidates = count;
        return found;
    }

    private void ChangeAsking(string key, Func<ImmutableList<AskingCall>, ImmutableList<AskingCall>> change) =>
        kept.Change(
            KeyOf(Of.Asking, null, RoomFor.Ids(key) ? key : CanonicalJson.NameOf(key)),
            old => change((ImmutableList<AskingCall>?)old ?? []) is { Count: > 0 } open ? open : null);

    private Key KeyOf(Of what, string? session, string id) => new(of.Source, of.Format, what, session, id);

    private T? Find<T>(Of what, string? session, string id)
        where T : class => kept.TryGet(KeyOf(what, session, id), out var value) ? (T)value : null;

    private void Keep(Of what, string? session, string id, object value)
    {
        if (RoomFor.Ids(session, id, value as string))
        {
            kept.Set(KeyOf(what, session, id), value);
        }
    }

    private static int BytesOf(Key key, object value) => RoomFor.BytesOf(key.Session, key.Id) + value switch
    {
        KnownCall call => RoomFor.BytesOf(call.Tool) + RoomFor.BytesOf(call.Input),
        ImmutableList<AskingCall> asking => asking.Sum(one => RoomFor.BytesOf(one.Call)),
        _ => RoomFor.BytesOf(value as string),
    };

    private sealed record AskingCall(string Call, bool WasAsked);

    private readonly record struct Key(string Source, string Format, Of What, string? Session, string Id) : IOwned
    {
        public string Owner => Source;
    }
}

/// <summary>What an earlier event reported of a call and a later one leaves out.</summary>
internal sealed record KnownCall(string Tool, JsonElement? Input);

/// <summary>
/// Which conversations are known of the traces of a source lately, and where their calls stand. It is no book: what was
/// said of a trace that was forgotten is looked up where it was noted.
/// </summary>
public sealed class TraceMemory
{
    private const int Conversations = 8;
    private const long MostBytes = 32 << 20;

    private readonly BoundedMemory<(string Source, string Trace), KnownTrace> traces = new(
        MostBytes, (key, known) => RoomFor.BytesOf(key.Trace) + known.Conversations.Sum(one => RoomFor.BytesOf(one)));

    private readonly BoundedMemory<(string Source, string Trace, string Call), ImmutableList<string>> calls = new(
        MostBytes, (key, sessions) => RoomFor.BytesOf(key.Trace, key.Call) + sessions.Sum(one => RoomFor.BytesOf(one)));

    internal long Forgotten => traces.Forgotten + calls.Forgotten;

    /// <returns>Null when nothing is remembered of the trace, not even that nothing is known.</returns>
    public KnownTrace? Find(string source, string trace) =>
        traces.TryGet((source, trace), out var known) ? known : null;

    public void Remember(string source, string trace, KnownTrace known)
    {
        if (RoomFor.Ids(trace) && known.Conversations.All(one => RoomFor.Ids(one)))
        {
            traces.Change((source, trace), old => new KnownTrace(
                [.. (old?.Conversations ?? []).Union(known.Conversations).Take(Conversations)],
                [.. (old?.Noted ?? []).Union(known.Noted).Take(Conversations + 1)],
                (old?.HasCalls ?? false) || known.HasCalls)
            {
                ReadTo = Math.Max(old?.ReadTo ?? 0, known.ReadTo),
            });
        }
    }

    /// <summary>Where the call stands.</summary>
    public string? SessionOf(string source, TracePlace place, string call) =>
        calls.TryGet((source, place.Trace, call), out var sessions) ? Among(sessions, place) : null;

    /// <summary>
    /// Two requests may report a call at the same time: the first one has the say. Conversations of one trace that give
    /// their calls the same id have calls of their own.
    /// </summary>
    public string Claim(string source, TracePlace place, string call, string session)
    {
        var claimed = session;
        if (RoomFor.Ids(place.Trace, call, session))
        {
            calls.Change((source, place.Trace, call), old =>
            {
                old ??= [];
                claimed = Among(old, place) ?? session;
                return old.Contains(claimed) || old.Count == Conversations ? old : old.Add(claimed);
            });
        }

        return claimed;
    }

    /// <summary>
    /// What names its conversation stands there, or where it stood before any was known; all else where the call stands
    /// that has this id, if it is one.
    /// </summary>
    public static string? Among(IReadOnlyCollection<string> sessions, TracePlace place) =>
        place.Own is null && sessions.Count == 1 ? sessions.First()
        : (place.Own is null ? [place.Above] : new[] { place.Own, place.Session, place.Otherwise })
            .FirstOrDefault(one => one is not null && sessions.Contains(one));
}

/// <summary>What is longer than ids may be gets into no book, and so it is worth no room in a memory.</summary>
internal static class RoomFor
{
    private const int Longest = 4 * Lifecycle.Records.Ids.MaxBytes;

    /// <summary>About what an entry takes beside its texts.</summary>
    private const int Entry = 160;

    public static bool Ids(params ReadOnlySpan<string?> ids)
    {
        foreach (var id in ids)
        {
            if (id?.Length > Longest)
            {
                return false;
            }
        }

        return true;
    }

    public static int BytesOf(params ReadOnlySpan<string?> texts)
    {
        var bytes = Entry;
        foreach (var text in texts)
        {
            bytes += 2 * (text?.Length ?? 0);
        }

        return bytes;
    }

    /// <summary>Of JSON its text, and about as much again for where in it what stands.</summary>
    public static int BytesOf(JsonElement? json) => json is { } given ? 3 * given.Raw().Length : 0;
}

/// <param name="Noted">
/// Of which conversations it was read in the journal that the trace is one of theirs; an empty one says that
/// <paramref name="HasCalls"/> is.
/// </param>
/// <param name="HasCalls">Calls stand in the session of the trace, for no conversation was known then.</param>
public sealed record KnownTrace(ImmutableArray<string> Conversations, ImmutableArray<string> Noted, bool HasCalls)
{
    public static readonly KnownTrace Nothing = new([], [], false);

    /// <summary>Up to which of its notes the journal was read.</summary>
    public long ReadTo { get; init; }
}

/// <summary>Whose room an entry takes.</summary>
internal interface IOwned
{
    string Owner { get; }
}

/// <summary>
/// Remembers as much as fits into so many bytes. Whoever takes the most room forgets first, and the oldest first, so
/// that nobody pushes out what another one said. Safe for many readers at once.
/// </summary>
/// <param name="bytesOf">About how much memory an entry takes.</param>
internal sealed class BoundedMemory<TKey, TValue>(long mostBytes, Func<TKey, TValue, int> bytesOf)
    where TKey : notnull
    where TValue : class
{
    private readonly Lock gate = new();
    private readonly Dictionary<TKey, LinkedListNode<Entry>> entries = [];
    private readonly Dictionary<string, Owned> owners = [];
    private long bytes;
    private long forgotten;

    public long Forgotten => Interlocked.Read(ref forgotten);

    public bool TryGet(TKey key, out TValue value)
    {
        lock (gate)
        {
            var found = entries.TryGetValue(key, out var entry);
            value = found ? entry!.Value.Value : default!;
            return found;
        }
    }

    /// <param name="change">Makes the new value of the old one, of which there may be none; null is not kept.</param>
    public void Change(TKey key, Func<TValue?, TValue?> change)
    {
        lock (gate)
        {
            var old = entries.TryGetValue(key, out var entry) ? entry.Value.Value : null;
            var value = change(old);
            if (entry is not null)
            {
                Remove(entry);
            }

            if (value is null)
            {
                return;
            }

            var size = bytesOf(key, value);
            var owner = OwnerOf(key);
            if (!owners.TryGetValue(owner, out var owned))
            {
                owners[owner] = owned = new Owned();
            }

            entries[key] = owned.ByAge.AddLast(new Entry(key, value, size, owner));
            (bytes, owned.Bytes) = (bytes + size, owned.Bytes + size);
            while (bytes > mostBytes)
            {
                Remove(owners.Values.MaxBy(one => one.Bytes)!.ByAge.First!);
                Interlocked.Increment(ref forgotten);
            }
        }
    }

    public void Set(TKey key, TValue value) => Change(key, _ => value);

    /// <returns>What was remembered, and is no more.</returns>
    public TValue? Take(TKey key)
    {
        TValue? taken = null;
        Change(key, old =>
        {
            taken = old;
            return null;
        });
        return taken;
    }

    private static string OwnerOf(TKey key) => key is IOwned owned ? owned.Owner
        : key is System.Runtime.CompilerServices.ITuple { Length: > 0 } tuple ? tuple[0] as string ?? "" : "";

    private void Remove(LinkedListNode<Entry> node)
    {
        var (key, _, size, owner) = node.Value;
        var owned = owners[owner];
        entries.Remove(key);
        owned.ByAge.Remove(node);
        (bytes, owned.Bytes) = (bytes - size, owned.Bytes - size);
        if (owned.ByAge.Count == 0)
        {
            owners.Remove(owner);
        }
    }

    private readonly record struct Entry(TKey Key, TValue Value, int Bytes, string Owner);

    private sealed class Owned
    {
        public LinkedList<Entry> ByAge { get; } = [];

        public long Bytes { get; set; }
    }
}
