namespace Audit.Projections.Search;

/// <summary>A call, or a note of a session, that a query finds.</summary>
/// <param name="Position">The position of the newest event of it that matches.</param>
/// <param name="CallId">Null for a note.</param>
/// <param name="Message">The kind of the message that matches, as the wire has it, or what was noted.</param>
/// <param name="At">When that happened.</param>
/// <param name="Source">Whose session it is.</param>
/// <param name="Token">By whose token it was reported.</param>
/// <param name="Command">What was asked of the tool, in one short line.</param>
/// <param name="State">
/// Where the call stands now; while the read models do not know it yet, after this message. Null for a note.
/// </param>
/// <param name="Call">
/// The call as the read models have it; null for a note, and while they are behind the index.
/// </param>
/// <param name="Excerpt">What matches, as the journal has it; null where the query asks for no words.</param>
public sealed record SearchHit(
    long Position, string SessionId, string Source, string Message, Timestamp At, string Token, string? CallId = null,
    string? Tool = null, string? Task = null, string? Agent = null, string? Command = null, CallState? State = null,
    CallModel? Call = null, Timestamp FirstAt = default, Timestamp LastAt = default, SearchExcerpt? Excerpt = null)
{
    public SessionName Session => new(Source, SessionId);

    /// <summary>A call that was found, whatever of it matches.</summary>
    public static SearchHit Of(CallModel call) => new(
        call.LastPosition, call.SessionId, call.Source, Words.Of(call.State), call.FirstAt, call.Token ?? "",
        call.CallId, call.Tool, call.Task, call.Agent, call.Command, call.State, call, call.FirstAt, call.LastAt);

    internal static SearchHit Of(EventFacts facts, CallModel? call, SearchExcerpt? excerpt)
    {
        var message = facts.Kind == EventKind.Noted
            ? facts.NoteType ?? ""
            : facts.Oversized ? "oversized" : Words.Of(facts.Message);
        return new(
            facts.Position, facts.SessionId, facts.Source, message, facts.At, facts.Token,
            CallId: facts.CallId.Length > 0 ? facts.CallId : null,
            Tool: call?.Tool ?? facts.Tool, Task: call?.Task ?? facts.Task, Agent: call?.Agent ?? facts.Agent,
            Command: call?.Command ?? facts.Command,
            State: facts.Kind == EventKind.Noted ? null : call?.State ?? facts.Verdict.To, call,
            FirstAt: call?.FirstAt ?? facts.At, LastAt: call?.LastAt ?? facts.At, excerpt);
    }
}

/// <summary>A page of hits, newest first.</summary>
/// <param name="Next">
/// Where the list goes on; null at its end. A page may be short, or empty, and still have one: the search took long.
/// </param>
/// <param name="IndexedTo">Everything up to this position is searched.</param>
/// <param name="JournalEnd">The journal's last position: what lies between is not searched yet.</param>
public sealed record SearchAnswer(IReadOnlyList<SearchHit> Items, string? Next, long IndexedTo, long JournalEnd);

/// <summary>How many calls a query finds, by tool and by state.</summary>
/// <param name="IsCut">Only the newest were counted; there are more.</param>
public sealed record SearchCounts(
    int Calls, int Notes, IReadOnlyDictionary<string, int> ByTool, IReadOnlyDictionary<string, int> ByState,
    bool IsCut)
{
    /// <summary>The calls that were counted.</summary>
    public IReadOnlyList<CallModel> Found { get; init; } = [];

    /// <summary>Windows that some of them were in, or out of whose scope: id, name, and how many.</summary>
    public IReadOnlyList<(string Window, string Name, int Calls)> ByWindow { get; init; } = [];
}
