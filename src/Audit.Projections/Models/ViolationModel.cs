namespace Audit.Projections.Models;

/// <summary>
/// A refused message of a call, or a refused act on a window. One that a later message lifted stays, marked so.
/// </summary>
public sealed record ViolationModel
{
    /// <summary>The position of the event with the message.</summary>
    public required long Position { get; init; }

    /// <summary>Of the message in the stream of its call, or of the act in that of its window.</summary>
    public long Sequence { get; init; }

    public string? SessionId { get; init; }

    /// <summary>Of a call; of a window the source that asked for it.</summary>
    public string? Source { get; init; }

    public string? CallId { get; init; }

    public string? WindowId { get; init; }

    /// <summary>The kind of the message, or the verb of the act.</summary>
    public required string Message { get; init; }

    /// <summary>The state of the call or window that took no such message.</summary>
    public required string From { get; init; }

    public string? Cause { get; init; }

    public required string Reason { get; init; }

    public Timestamp At { get; init; }

    public Timestamp ReceivedAt { get; init; }

    public required string Token { get; init; }

    public string? Task { get; init; }

    public string? Agent { get; init; }

    public string? Tool { get; init; }

    public bool IsLifted { get; init; }

    /// <summary>The position of the event that lifted it.</summary>
    public long? LiftedBy { get; init; }

    public ReviewModel? Review { get; init; }
}
