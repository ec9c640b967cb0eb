namespace Audit.Lifecycle.Calls;

/// <summary>
/// Whether a decision that the node makes answers the question that stands, and may be taken by whoever takes it. It is
/// part of the law and not of the endpoint, so that it is asked again whenever the stream had moved on.
/// </summary>
internal static class AnswerCheck
{
    public static bool IsAsked(CallMessage message) =>
        message.MadeByNode && message.OversizedBytes == 0
        && (message.Kind is MessageKind.Approved or MessageKind.Blocked);

    /// <returns><see cref="ViolationCause.None"/> for a decision that counts.</returns>
    public static ViolationCause CauseOf(CallHistory history, CallMessage message)
    {
        var standing = history.Standing;
        var stands = message.Answers is { } answers
            && (standing.State is CallState.AwaitingConfirmation or CallState.Approved)
            && standing.Asked == answers.Sequence && standing.Question == answers.Question;
        return !stands || history.Find(message.Answers!.Value.Sequence) is not { } question
            ? ViolationCause.StaleAnswer
            : message.Kind == MessageKind.Approved && !message.SelfApproved
                && (message.OfParty || question.Message.Behind == message.Behind)
                ? ViolationCause.OwnQuestion
                : ViolationCause.None;
    }
}
