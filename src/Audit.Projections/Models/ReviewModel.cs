namespace Audit.Projections.Models;

/// <summary>Whether somebody has looked at a violation. From <see cref="Waiting"/> on it waits.</summary>
public enum ReviewState : byte
{
    None,

    /// <summary>
    /// Lifted soon after, before anybody decided on the call or took a copy of the book: an order of arrival.
    /// </summary>
    Explained,

    Reviewed,

    Waiting,

    /// <summary>It was judged anew after it was reviewed.</summary>
    Reopened,
}

/// <summary>Where a violation stands with those who review it.</summary>
public sealed record ReviewModel(ReviewState State)
{
    public static readonly ReviewModel Waiting = new(ReviewState.Waiting);

    /// <summary>Whose token reviewed it last.</summary>
    public string? By { get; init; }

    public Timestamp? At { get; init; }

    public string? Reason { get; init; }

    /// <summary>What who reviewed it last found.</summary>
    public ReviewFinding Finding { get; init; }

    /// <summary>How long it stood before it was lifted; null where it stands, or is explained.</summary>
    public TimeSpan? LiftedAfter { get; init; }

    [JsonIgnore]
    public bool Waits => State >= ReviewState.Waiting;
}

/// <summary>A refused act on a window, as those see it who review it.</summary>
public sealed record RefusedAct(long Sequence, long Position, Timestamp At, ReviewModel Review);

/// <summary>
/// A time in which the book took nothing, at the end of which a node started. Whether another ran then, or a line was
/// cut, is in no book.
/// </summary>
/// <param name="Position">Of the stop that it begins with, or of the start where the book has no stop.</param>
/// <param name="Until">Null while nobody started; what was taken in the meantime makes it none.</param>
/// <param name="Stopped">It begins with a stop that a node wrote down.</param>
public sealed record PauseModel(long Position, Timestamp From, Timestamp? Until, bool Stopped);

/// <summary>A bundle or an export was given, or went on: the position of the row in the diary of reads.</summary>
public sealed record CopyModel(long Position);

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
