using System.Collections.Immutable;

namespace Audit.Formats.Correlation;

/// <summary>
/// What was reported of calls lately, in all sessions of a format. It only ever adds to what an event says: with the
/// memory lost, by a restart or because too much came between, messages lack a tool's name or stay notes, and none is
/// reported twice.
/// </summary>
internal sealed class CallMemory
{
    private const int Calls = 16_384, MatchesOfOneKind = 64;

    /// <summary>Longer inputs are not worth the room; they stand in the event that had them.</summary>
    private const int LongestInput = 4096;

    private readonly BoundedMemory<(string? Session, string Call), KnownCall> calls = new(Calls);
    private readonly BoundedMemory<(string? Session, string Request), string> requests = new(Calls);
    private readonly BoundedMemory<string, ImmutableList<AskingCall>> asking = new(Calls);

    public void Remember(string? session, string call, string tool, JsonElement? input)
    {
        var kept = input is { } given && given.Raw().Length <= LongestInput ? given.Clone() : (JsonElement?)null;
        calls.Set((session, call), new KnownCall(tool, kept));
    }

    public KnownCall? Find(string? session, string call) => calls.TryGet((session, call), out var known) ? known : null;

    /// <summary>Remembers which call a request for permission, or a hook, was about.</summary>
    public void RememberRequest(string? session, string request, string call) => requests.Set((session, request), call);

    public string? CallOfRequest(string? session, string request) =>
        requests.TryGet((session, request), out var call) ? call : null;

    /// <summary>A call may be asked about by what it is to do, for whoever asks does not know its id.</summary>
    public void Open(string key, string call) => asking.Change(key, open =>
    {
        var others = (open ?? []).RemoveAll(one => one.Call == call);
        others = others.Count == MatchesOfOneKind ? others.RemoveAt(0) : others;
        return others.Add(new AskingCall(call, WasAsked: false));
    });

    public void Close(string key, string call) =>
        asking.Change(key, open => (open ?? []).RemoveAll(one => one.Call == call));

    /// <summary>The oldest open call that is to do this and was not asked about yet, or else the oldest.</summary>
    /// <param name="candidates">How many calls it could have been.</param>
    public string? Ask(string key, out int candidates)
    {
        string? found = null;
        var count = 0;
        asking.Change(key, open =>
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

    private sealed record AskingCall(string Call, bool WasAsked);
}

/// <summary>What an earlier event reported of a call and a later one leaves out.</summary>
internal sealed record KnownCall(string Tool, JsonElement? Input);
