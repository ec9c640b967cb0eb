using Audit.Lifecycle.Hashing;
using Audit.Lifecycle.Time;

namespace Audit.Lifecycle.Calls;

/// <summary>All that the past of a call means for its next message: the accumulator of the fold.</summary>
/// <param name="Attempt">0 before the first message.</param>
/// <param name="Turn">The highest turn that the attempt has seen.</param>
/// <param name="Refused">
/// The call was blocked, and neither an approval nor a new question to a person has come since.
/// </param>
/// <param name="Ran">The result of the last successful completion; empty as long as the call never ran.</param>
/// <param name="RefusedByNode">
/// A person refused the call through the node, and none has approved a later question. It outlives all else.
/// </param>
/// <param name="AskedSinceRefusal">A question came after that refusal, by its place and by its arrival.</param>
/// <param name="RefusalSequence">The sequence number of the last such refusal.</param>
/// <param name="Asked">The sequence number of the question that stands in this attempt; 0 where none was asked.</param>
/// <param name="Question">What that question says.</param>
/// <param name="Approval">Who approved what stands.</param>
/// <param name="ApprovedInput">The effective input that awaited or got approval in this attempt.</param>
/// <param name="EndsAt">When the question that stands ends; once the node approved it, until when the tool may
/// begin.</param>
/// <param name="ApprovedAt">When the node approved it, by the node's own clock.</param>
/// <param name="People">How many persons approve the question that stands.</param>
/// <param name="FirstBy">Of two persons the first, who approved it already.</param>
public readonly record struct Standing(
    CallState State = default, int Attempt = 0, long Turn = 0, string? ToolName = null, string? Provider = null,
    string? TaskId = null, bool Refused = false, Fingerprint Ran = default,
    bool RefusedByNode = false, bool AskedSinceRefusal = false, long RefusalSequence = 0, long Asked = 0,
    Fingerprint Question = default,
    Approval Approval = default, Fingerprint ApprovedInput = default, Timestamp? EndsAt = null, int People = 0,
    string? FirstBy = null, string? Parent = null, Timestamp? ApprovedAt = null)
{
    /// <inheritdoc cref="Waits"/>
    public bool IsWaiting => Waits(State, Asked, Approval, EndsAt);

    /// <inheritdoc cref="Lacks"/>
    public bool IsUnanswered => Lacks(State, Asked, Approval);

    /// <summary>
    /// A question waits for a person, who may still answer it. What the node asks, which ends at a time, waits also
    /// where the host has approved it by itself; what a host asked and approved waits for nobody, though a person may
    /// confirm or refuse it until the tool begins.
    /// </summary>
    public static bool Waits(CallState state, long asked, Approval approval, Timestamp? endsAt) =>
        Lacks(state, asked, approval) && (state == CallState.AwaitingConfirmation || endsAt is not null);

    /// <summary>
    /// The node has not answered the question that stands: also where it waits for nobody, since its host approved by
    /// itself what it asked by itself, that is told to nobody as an answer.
    /// </summary>
    private static bool Lacks(CallState state, long asked, Approval approval) =>
        asked > 0 && (state == CallState.AwaitingConfirmation
            || (state == CallState.Approved && approval != Approval.ByNode));
}

/// <summary>Who approved: a host's word is a claim, the node's own is a decision.</summary>
public enum Approval : byte
{
    None,
    ByHost,
    ByNode,
}

/// <summary>Where a call stands, in the order of the rows of the table.</summary>
public enum CallState : byte
{
    None,
    Requested,
    AwaitingConfirmation,
    Approved,
    Running,
    Completed,
    Blocked,
    Cached,
    Replayed,
    Invalidated,
    Cancelled,
    PersistenceFailed,
}

public static class CallStates
{
    /// <summary>The states in which a call waits for something more to happen.</summary>
    public static IReadOnlyList<CallState> Open { get; } =
        [CallState.Requested, CallState.AwaitingConfirmation, CallState.Approved, CallState.Running];

    /// <summary>Whether something more is to happen.</summary>
    public static bool IsOpen(this CallState state) => state is >= CallState.Requested and <= CallState.Running;
}
