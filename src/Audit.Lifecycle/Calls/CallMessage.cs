using Audit.Lifecycle.Hashing;
using Audit.Lifecycle.Time;

namespace Audit.Lifecycle.Calls;

/// <summary>What a host says of a call, in the order of the columns of the table.</summary>
public enum MessageKind : byte
{
    Requested,
    RequiresConfirmation,
    Approved,
    Started,
    Blocked,
    Cached,
    Replayed,
    Invalidated,
    Cancelled,
    Completed,
    PersistenceFailed,
}

/// <summary>
/// What the law needs to know of one record: facts and fingerprints, never the payload, so that a live call costs a few
/// hundred bytes however large its records are.
/// </summary>
public sealed record CallMessage
{
    public static readonly TimeSpan ClockTolerance = TimeSpan.FromMinutes(5);

    private CallMessage(in Delivery delivery)
    {
        ReceivedAt = delivery.ReceivedAt;
        Token = delivery.Token;
        Dedup = delivery.Dedup;
        Seq = delivery.Seq;
        MessageId = delivery.MessageId;
        TaskId = delivery.TaskId;
        Parent = delivery.Parent;
        Derived = delivery.Derived;
        DerivedId = delivery.DerivedId;
        Channel = delivery.Channel;
        TimeInferred = delivery.TimeInferred;
        MadeByNode = delivery.MadeByNode;
        Truncated = delivery.Truncated;
        Answers = delivery.Answers;
        Person = delivery.Person;
        SelfApproved = delivery.SelfApproved;
        NotSeenWhole = delivery.NotSeenWhole;
        MintedByParty = delivery.MintedByParty;
        OfParty = delivery.OfParty;
        Policy = delivery.Policy;
        ExpiresAt = delivery.ExpiresAt;
    }

    public MessageKind Kind { get; init; }

    /// <inheritdoc cref="RecordFacts.Success"/>
    public bool Success { get; init; }

    public Timestamp RecordedAt { get; init; }

    public Timestamp ReceivedAt { get; init; }

    /// <inheritdoc cref="Delivery.Seq"/>
    public long? Seq { get; init; }

    public long Turn { get; init; }

    /// <inheritdoc cref="RecordFacts.ToolName"/>
    public string? ToolName { get; init; }

    public string? Provider { get; init; }

    /// <inheritdoc cref="RecordFacts.NeedsConfirmation"/>
    public bool NeedsConfirmation { get; init; }

    public string? TaskId { get; init; }
    /// <inheritdoc cref="Delivery.Token"/>
    public string Token { get; init; }

    /// <inheritdoc cref="Delivery.MadeByNode"/>
    public bool MadeByNode { get; init; }

    public string? MessageId { get; init; }

    /// <inheritdoc cref="Delivery.Dedup"/>
    public Fingerprint Dedup { get; init; }

    /// <inheritdoc cref="Delivery.Derived"/>
    public bool Derived { get; init; }

    /// <inheritdoc cref="Delivery.DerivedId"/>
    public string? DerivedId { get; init; }

    /// <inheritdoc cref="Delivery.Channel"/>
    public string? Channel { get; init; }

    /// <summary>Of a derived message: what other channels are compared by.</summary>
    public Said? Said { get; init; }

    /// <summary>Of what another channel reported before.</summary>
    public Beside? Beside { get; init; }

    /// <inheritdoc cref="Delivery.TimeInferred"/>
    public bool TimeInferred { get; init; }

    /// <inheritdoc cref="Delivery.Truncated"/>
    public bool Truncated { get; init; }

    /// <inheritdoc cref="Delivery.Answers"/>
    public Answer? Answers { get; init; }

    /// <inheritdoc cref="Delivery.Person"/>
    public string? Person { get; init; }

    /// <inheritdoc cref="Delivery.SelfApproved"/>
    public bool SelfApproved { get; init; }

    /// <inheritdoc cref="Delivery.NotSeenWhole"/>
    public bool NotSeenWhole { get; init; }

    /// <inheritdoc cref="Delivery.MintedByParty"/>
    public bool MintedByParty { get; init; }

    /// <inheritdoc cref="Delivery.OfParty"/>
    public bool OfParty { get; init; }

    /// <inheritdoc cref="Delivery.Policy"/>
    public PolicyMark? Policy { get; init; }

    /// <inheritdoc cref="Delivery.ExpiresAt"/>
    public Timestamp? ExpiresAt { get; init; }

    /// <summary>
    /// The node says it by itself, and no person: what comes too late is then nobody's word, and is not written.
    /// </summary>
    public bool IsAutomatic =>
        MadeByNode && (Policy is not null || (Kind == MessageKind.Invalidated && Answers is not null));

    /// <summary>The size of the item as it was sent, where not all of it is kept; else 0.</summary>
    public long SentBytes { get; init; }

    /// <summary>The size of an item that was too large to be read and is kept as evidence only; else 0.</summary>
    public long OversizedBytes { get; init; }

    /// <inheritdoc cref="RecordFacts.Input"/>
    public Fingerprint Input { get; init; }

    /// <inheritdoc cref="RecordFacts.Result"/>
    public Fingerprint Result { get; init; }

    /// <inheritdoc cref="RecordFacts.Question"/>
    public Fingerprint Question { get; init; }

    /// <summary>
    /// The time that places the message in its history: a clock that runs ahead gains at most this much.
    /// </summary>
    public Timestamp OrderedAt => IsAheadOfClock ? ReceivedAt.Add(ClockTolerance) : RecordedAt;

    public bool IsAheadOfClock => RecordedAt > ReceivedAt.Add(ClockTolerance);

    public bool IsSuccessfulCompletion => Kind == MessageKind.Completed && Success;

    public bool ClaimsToHaveRun =>
        Kind is MessageKind.Started or MessageKind.Cached or MessageKind.Replayed || IsSuccessfulCompletion;

    /// <summary>It says what another channel has reported, and nothing against it.</summary>
    public bool Confirms => Beside is { Differing: SaidFields.None };

    /// <summary>Who is behind it, to be compared with who is behind another.</summary>
    public string Behind => Person ?? Token;

    /// <inheritdoc cref="Delivery.Parent"/>
    public string? Parent { get; init; }

    public static CallMessage Of(in RecordFacts facts, in Delivery delivery) => new(delivery)
    {
        Kind = facts.Kind,
        Success = facts.Success,
        RecordedAt = facts.RecordedAt,
        Turn = facts.Turn,
        ToolName = facts.ToolName,
        Provider = facts.Provider,
        NeedsConfirmation = facts.NeedsConfirmation,
        Input = facts.Input,
        Result = facts.Result,
        Question = facts.Question,
    };

    /// <summary>
    /// An item that was too large to be read: nobody knows its kind, and the law does not ask for it.
    /// </summary>
    public static CallMessage Oversized(long bytes, in Delivery delivery) =>
        new(delivery) { RecordedAt = delivery.ReceivedAt, OversizedBytes = bytes };
}

/// <summary>What can be written in the stream of a call.</summary>
public abstract record CallEvent
{
    private CallEvent() { }

    /// <summary>A message with the verdict it got on arrival: `call.transitioned`, or `call.violated`.</summary>
    /// <param name="Late">Its place in the history is not the last.</param>
    public sealed record Received(CallMessage Message, Verdict Verdict, EntryWeight Weight, bool Late) : CallEvent;

    /// <summary>A later message changed the verdict on an older one.</summary>
    public sealed record Rejudged(long Sequence, Verdict Was, Verdict Now, string Reason) : CallEvent;

    /// <summary>Another channel gave the time of a message whose time was inferred.</summary>
    /// <param name="Counts">It takes the place of the inferred one; else it is kept beside it.</param>
    public sealed record Retimed(long Sequence, Timestamp Was, Timestamp Given, bool Counts) : CallEvent;

    /// <summary>So many messages of one kind and cause were only counted, between two times.</summary>
    /// <param name="Chain">A hash over all of them.</param>
    /// <param name="Total">Of all kinds and causes.</param>
    public sealed record Flooded(
        MessageKind Kind, ViolationCause Cause, Timestamp First, Timestamp Last, long Count, Fingerprint Chain,
        long Total) : CallEvent;

    /// <summary>A person acknowledged violations, as they stood.</summary>
    public sealed record Reviewed(Review Review) : CallEvent;
}
