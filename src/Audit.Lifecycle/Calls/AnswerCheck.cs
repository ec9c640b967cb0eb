namespace Audit.Lifecycle.Calls;

/// <summary>
/// Whether a decision that the node makes answers the question that stands, and may be taken by whoever takes it. It is
/// part of the law and not of the endpoint, so that it is asked again whenever the stream had moved on.
/// </summary>
internal static class AnswerCheck
{
    public static bool IsAsked(CallMessage message) =>
        message.MadeByNode && message.OversizedBytes == 0
        && (message.Kind is MessageKind.Approved or MessageKind.Blocked
            || (message.Kind == MessageKind.Invalidated && message.Answers is not null));

    /// <returns><see cref="ViolationCause.None"/> for a decision that counts.</returns>
    public static ViolationCause CauseOf(CallHistory history, CallMessage message)
    {
        var standing = history.Standing;
        var isOpen = standing.State == CallState.AwaitingConfirmation
            || (standing.State == CallState.Approved
                && !(message.IsAutomatic && !IsStop(message) && standing.Approval == Approval.ByNode));
        var stands = message.Answers is { } answers && isOpen
            && standing.Asked == answers.Sequence && standing.Question == answers.Question;
        var isTooLate = message.Kind == MessageKind.Approved && standing.Approval != Approval.ByNode
            && standing.EndsAt is { } end && message.ReceivedAt > end;
        return !stands || isTooLate || history.Find(message.Answers!.Value.Sequence) is not { } question
            ? ViolationCause.StaleAnswer
            : message.Kind == MessageKind.Approved && !message.SelfApproved && message.Policy is null
                && (message.OfParty || question.Message.Behind == message.Behind)
                ? ViolationCause.OwnQuestion
                : ViolationCause.None;
    }

    /// <summary>What a person stopped is refused also where it was approved before.</summary>
    private static bool IsStop(CallMessage message) => message is { Kind: MessageKind.Blocked, Policy.Order: not null };

    /// <summary>What the node answers in one go with the question is on the one that stands then.</summary>
    public static CallMessage OnWhatStands(CallHistory history, CallMessage message) =>
        message.Answers is { Sequence: 0 } open && message.IsAutomatic
            ? message with { Answers = open with { Sequence = history.Standing.Asked } }
            : message;
}
