using System.Collections.Immutable;

namespace Audit.Formats.Correlation;

/// <summary>
/// What was reported of calls lately, in all sessions of a format. It only ever adds to what an event says: with the
/// memory lost, by a restart or because too much came between, messages lack a tool's name or stay notes, and none is
/// reported twice.
/// </summary>
internal sealed class CallMemory
{
    private const int Most = 16_384, MatchesOfOneKind = 64;

    /// <summary>Longer inputs are not worth the room; they stand in the event that had them.</summary>
    private const int LongestInput = 4096;

    private readonly Kept kept;
    private readonly string source;

    public CallMemory() : this(new Kept(), "") { }

    private CallMemory(Kept kept, string source) => (this.kept, this.source) = (kept, source);

    /// <summary>What one source reported: nobody adds to what another one says.</summary>
    public CallMemory Of(string source) => new(kept, source);

    public void Remember(string? session, string call, string tool, JsonElement? input)
    {
        var small = input is { } given && given.Raw().Length <= LongestInput ? given.Clone() : (JsonElement?)null;
        if (RoomFor.Ids(tool))
        {
            Keep(kept.Calls, session, call, new KnownCall(tool, small));
        }
    }

    /// <summary>Remembers the end of a call, as far as the host dates it.</summary>
    public void RememberEnd(string? session, string call, string? time) => Keep(kept.Ends, session, call, time ?? "");

    /// <returns>Null for a call whose end is not known; empty where it has no time.</returns>
    public string? EndOf(string? session, string call) => kept.Ends.TryGet((source, session, call), out var time) ? time : null;

    /// <summary>Remembers that a call showed that it runs.</summary>
    public void RememberBegun(string? session, string call) => Keep(kept.Begun, session, call, true);

    public bool HasBegun(string? session, string call) => kept.Begun.TryGet((source, session, call), out _);

    /// <summary>Remembers that it was decided whether a call may run.</summary>
    public void RememberDecision(string? session, string call) => Keep(kept.Decided, session, call, true);

    public bool HasDecision(string? session, string call) => kept.Decided.TryGet((source, session, call), out _);

    /// <summary>Remembers in the course of which call an agent works.</summary>
    public void RememberAgent(string? session, string agent, string call) => Keep(kept.Agents, session, agent, call);

    public string? CallOfAgent(string? session, string? agent) =>
        agent is not null && kept.Agents.TryGet((source, session, agent), out var call) ? call : null;

    public KnownCall? Find(string? session, string call) => kept.Calls.TryGet((source, session, call), out var known) ? known : null;

    /// <summary>Remembers which call a request for permission, or a hook, was about.</summary>
    public void RememberRequest(string? session, string request, string call) => Keep(kept.Requests, session, request, call);

    public string? CallOfRequest(string? session, string request) =>
        kept.Requests.TryGet((source, session, request), out var call) ? call : null;

    /// <summary>A call may be asked about by what it is to do, for whoever asks does not know its id.</summary>
    public void Open(string key, string call) => kept.Asking.Change((source, Short(key)), open =>
    {
        var others = (open ?? []).RemoveAll(one => one.Call == call);
        others = others.Count == MatchesOfOneKind ? others.RemoveAt(0) : others;
        return RoomFor.Ids(call) ? others.Add(new AskingCall(call, WasAsked: false)) : others;
    });

    public void Close(string key, string call) =>
        kept.Asking.Change((source, Short(key)), open => (open ?? []).RemoveAll(one => one.Call == call));

    /// <summary>The oldest open call that is to do this and was not asked about yet, or else the oldest.</summary>
    /// <param name="candidates">How many calls it could have been.</param>
    public string? Ask(string key, out int candidates)
    {
        string? found = null;
        var count = 0;
        kept.Asking.Change((source, Short(key)), open =>
        {
            open ??= [];
            count = Math.Max(1, open.Count(one => !one.WasAsked));
            var call = open.Find(one => !one.WasAsked) ?? open.FirstOrDefault();
            found = call?.Call;
            return call is null ? open : open.Replace(call, call with { WasAsked = true });
        });
        candidates = count;
        return found;
    }

    private static string Short(string key) => RoomFor.Ids(key) ? key : CanonicalJson.NameOf(key);

    private void Keep<T>(
        BoundedMemory<(string, string?, string), T> memory, string? session, string id, T value)
    {
        if (RoomFor.Ids(session, id, value as string))
        {
            memory.Set((source, session, id), value);
        }
    }

    private sealed record AskingCall(string Call, bool WasAsked);

    /// <summary>The room is one for all sources.</summary>
    private sealed class Kept
    {
        public readonly BoundedMemory<(string Source, string? Session, string Call), KnownCall> Calls = new(Most);
        public readonly BoundedMemory<(string Source, string? Session, string Request), string> Requests = new(Most);
        public readonly BoundedMemory<(string Source, string? Session, string Call), string> Ends = new(Most);
        public readonly BoundedMemory<(string Source, string? Session, string Call), bool> Begun = new(Most);
        public readonly BoundedMemory<(string Source, string? Session, string Call), bool> Decided = new(Most);
        public readonly BoundedMemory<(string Source, string? Session, string Agent), string> Agents = new(Most);
        public readonly BoundedMemory<(string Source, string Key), ImmutableList<AskingCall>> Asking = new(Most);
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
    private const int Traces = 65_536, Conversations = 8;

    private readonly BoundedMemory<(string Source, string Trace), KnownTrace> traces = new(Traces);
    private readonly BoundedMemory<(string Source, string Trace, string Call), string> calls = new(Traces);

    /// <returns>Null when nothing is remembered of the trace, not even that nothing is known.</returns>
    public KnownTrace? Find(string source, string trace) =>
        traces.TryGet((source, trace), out var known) ? known : null;

    public void Remember(string source, string trace, KnownTrace known)
    {
        if (RoomFor.Ids(trace) && known.Conversations.All(one => RoomFor.Ids(one)))
        {
            traces.Change((source, trace), old => new KnownTrace(
                [.. (old?.Conversations ?? []).Union(known.Conversations).Take(Conversations)],
                [.. (old?.Noted ?? []).Union(known.Noted).Take(Conversations)],
                (old?.HasCalls ?? false) || known.HasCalls));
        }
    }

    /// <summary>Where the call stands.</summary>
    public string? SessionOf(string source, string trace, string call) =>
        calls.TryGet((source, trace, call), out var session) ? session : null;

    /// <summary>Two requests may report a call at the same time: the first one has the say.</summary>
    public string Claim(string source, string trace, string call, string session)
    {
        var claimed = session;
        if (!RoomFor.Ids(trace, call, session))
        {
            return session;
        }

        calls.Change((source, trace, call), old => claimed = old ?? session);
        return claimed;
    }
}

/// <summary>What is longer than ids may be gets into no book, and so it is worth no room in a memory.</summary>
internal static class RoomFor
{
    private const int Longest = 4 * Lifecycle.Records.Ids.MaxBytes;

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
}

/// <param name="Noted">Of which conversations it is written down that the trace is one of theirs.</param>
/// <param name="HasCalls">Calls stand in the session of the trace, for no conversation was known then.</param>
public sealed record KnownTrace(ImmutableArray<string> Conversations, ImmutableArray<string> Noted, bool HasCalls)
{
    public static readonly KnownTrace Nothing = new([], [], false);
}

/// <summary>Remembers so many entries and forgets the oldest first. Safe for many readers at once.</summary>
internal sealed class BoundedMemory<TKey, TValue>(int most)
    where TKey : notnull
{
    private readonly Lock gate = new();
    private readonly Dictionary<TKey, LinkedListNode<(TKey Key, TValue Value)>> entries = [];
    private readonly LinkedList<(TKey Key, TValue Value)> byAge = [];

    public bool TryGet(TKey key, out TValue value)
    {
        lock (gate)
        {
            var found = entries.TryGetValue(key, out var entry);
            value = found ? entry!.Value.Value : default!;
            return found;
        }
    }

    /// <param name="change">Makes the new value of the old one, of which there may be none.</param>
    public void Change(TKey key, Func<TValue?, TValue> change)
    {
        lock (gate)
        {
            var old = default(TValue);
            if (entries.Remove(key, out var entry))
            {
                old = entry.Value.Value;
                byAge.Remove(entry);
            }

            entries[key] = byAge.AddLast((key, change(old)));
            if (entries.Count > most)
            {
                entries.Remove(byAge.First!.Value.Key);
                byAge.RemoveFirst();
            }
        }
    }

    public void Set(TKey key, TValue value) => Change(key, _ => value);
}
