namespace Audit.Integrity.Verification;

/// <summary>Whether the hosts left nothing out, as far as the book can know.</summary>
public sealed record CompletenessVerdict
{
    /// <summary>Sessions in which a host numbered its messages.</summary>
    public required long NumberedSessions { get; init; }

    public required long EndedSessions { get; init; }

    /// <summary>Missing numbers in all; only the first gaps are listed.</summary>
    public required long MissingNumbers { get; init; }

    public required IReadOnlyList<SequenceGap> Gaps { get; init; }

    /// <summary>
    /// Numbers that came and are not remembered, for of one host of a session only so many ranges are: a gap may name
    /// some of them.
    /// </summary>
    public required long DroppedNumbers { get; init; }

    /// <summary>Open calls in all; only the first are listed.</summary>
    public required long OpenCallCount { get; init; }

    public required IReadOnlyList<OpenCall> OpenCalls { get; init; }

    /// <summary>
    /// Notices of floods: messages of those calls were counted and not written, which may explain missing numbers.
    /// </summary>
    public required long Floods { get; init; }

    /// <summary>Events of ours that could not be read.</summary>
    public required long UnreadableEvents { get; init; }

    /// <summary>There were more sessions or calls than are followed: the verdict is about those that are.</summary>
    public required bool IsPartial { get; init; }

    public bool IsComplete => MissingNumbers == 0 && OpenCallCount == 0 && UnreadableEvents == 0;
}

/// <summary>Numbers that a host gave to messages of a session and that the book does not have.</summary>
public sealed record SequenceGap(string Source, string SessionId, string Token, long First, long Last);

/// <summary>A call that was never settled though its session was noted as ended.</summary>
/// <param name="Position">Of the call's last event.</param>
public sealed record OpenCall(string Source, string SessionId, string ToolCallId, string State, long Position);
