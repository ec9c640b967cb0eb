namespace Audit.Projections.Search;

/// <summary>A call, or a note of a session, that a query finds.</summary>
public sealed record SearchHit
{
    /// <summary>The position of the newest event of it that matches.</summary>
    public required long Position { get; init; }

    public required string SessionId { get; init; }

    /// <summary>Null for a note.</summary>
    public string? CallId { get; init; }

    /// <summary>The kind of the message that matches, as the wire has it, or what was noted.</summary>
    public required string Message { get; init; }

    /// <summary>When that happened.</summary>
    public required Timestamp At { get; init; }

    public string? Tool { get; init; }

    public string? Task { get; init; }

    public string? Agent { get; init; }

    /// <summary>Who reported it.</summary>
    public required string Host { get; init; }

    /// <summary>What was asked of the tool, in one short line.</summary>
    public string? Command { get; init; }

    /// <summary>
    /// Where the call stands now; while the read models do not know it yet, after this message. Null for a note.
    /// </summary>
    public CallState? State { get; init; }

    /// <summary>The call as the read models have it; null for a note, and while they are behind the index.</summary>
    public CallModel? Call { get; init; }

    public Timestamp FirstAt { get; init; }

    public Timestamp LastAt { get; init; }

    /// <summary>What matches, as the journal has it; null where the query asks for no words.</summary>
    public SearchExcerpt? Excerpt { get; init; }

    internal static SearchHit Of(EventFacts facts, CallModel? call, SearchExcerpt? excerpt) => new()
    {
        Position = facts.Position,
        SessionId = facts.SessionId,
        CallId = facts.CallId.Length > 0 ? facts.CallId : null,
        Message = facts.Kind == EventKind.Noted
            ? facts.NoteType ?? ""
            : facts.Oversized ? "oversized" : Words.Of(facts.Message),
        At = facts.At,
        Tool = call?.Tool ?? facts.Tool,
        Task = call?.Task ?? facts.Task,
        Agent = call?.Agent ?? facts.Agent,
        Host = facts.Host,
        Command = call?.Command ?? facts.Command,
        State = facts.Kind == EventKind.Noted ? null : call?.State ?? facts.Verdict.To,
        Call = call,
        FirstAt = call?.FirstAt ?? facts.At,
        LastAt = call?.LastAt ?? facts.At,
        Excerpt = excerpt,
    };
}
