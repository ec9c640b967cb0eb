namespace Audit.Lifecycle.Calls;

/// <summary>Says in one sentence what a message did against the law.</summary>
public static class ViolationReason
{
    public static string Of(Verdict verdict, CallMessage message) => verdict.Cause switch
    {
        ViolationCause.NotAllowed => NotAllowed(verdict.From, message),
        ViolationCause.StandingRefusal => verdict.From == CallState.Blocked
            ? NotAllowed(verdict.From, message)
            : $"a call whose refusal still stands {Claim(message)}",
        ViolationCause.NotALaterTurn =>
            $"{Article(verdict.From)} call {Claim(message)} again in turn {message.Turn}, which is not later than "
                + "its own",
        ViolationCause.IdentityMismatch => $"the call began with another tool than \"{message.ToolName}\"",
        ViolationCause.MessageIdReused =>
            $"the message_id \"{message.MessageId}\" belongs to another record of this call",
        ViolationCause.OverridesRefusal => "a call that a person refused through the node was approved by its host",
        ViolationCause.StaleAnswer => verdict.From is CallState.AwaitingConfirmation or CallState.Approved
            ? "the decision answers another question than the one that stands now"
            : $"the decision answers a question that waits no more: the call is {Words.Of(verdict.From)}",
        ViolationCause.Flooded =>
            $"as many messages of the kind {Words.Of(message.Kind)} as this call may write; further ones are counted",
        ViolationCause.OwnQuestion => $"\"{message.Behind}\" is behind what asks, or has a token from who is, "
            + "and another person approves",
        _ => throw new ArgumentOutOfRangeException(nameof(verdict), verdict.Cause, "Only a violation has a reason."),
    };

    private static string NotAllowed(CallState from, CallMessage message) => $"{Article(from)} call {Claim(message)}";

    private static string Article(CallState state) => state switch
    {
        CallState.AwaitingConfirmation => "an awaiting",
        CallState.Approved => "an approved",
        CallState.Invalidated => "an invalidated",
        CallState.PersistenceFailed => "an unpersisted",
        _ => "a " + Words.Of(state),
    };

    private static string Claim(CallMessage message) => message.Kind switch
    {
        MessageKind.Requested => "was requested",
        MessageKind.RequiresConfirmation => "asked for confirmation",
        MessageKind.Approved => "was approved",
        MessageKind.Started => "started",
        MessageKind.Blocked => "was blocked",
        MessageKind.Cached => "reported a cached result",
        MessageKind.Replayed => "reported a replayed result",
        MessageKind.Invalidated => "was invalidated",
        MessageKind.Cancelled => "was cancelled",
        MessageKind.Completed => message.Success ? "reported success" : "reported a failure",
        _ => "failed to persist",
    };
}
