namespace Audit.Projections.Folding;

/// <summary>Makes the rows of one message.</summary>
internal static class MessageRows
{
    /// <param name="now">The verdict as things stand.</param>
    /// <param name="lifted">The verdict that made it a violation until it was lifted.</param>
    public static TransitionModel Of(
        long call, EventFacts facts, Verdict now, Verdict? lifted, Identity identity, WindowMatch match,
        Timestamp? decidedAt, ReviewModel? review) => new(
        call, facts.Sequence, facts.Position, facts.Message, now.From, now.To, now.Attempt, now.Anomalies,
        Cause: lifted?.Cause ?? now.Cause, Lifted: lifted is not null, facts.Late, facts.IsReportedLate,
        facts.Oversized, facts.MadeByNode, facts.TimeInferred && facts.GivenAt is null, facts.At,
        facts.GivenAt ?? facts.RecordedAt, facts.ReceivedAt,
        match.Judgement, match.Window, identity.Task, Agent: facts.Agent ?? identity.Agent,
        Tool: facts.Tool ?? identity.Tool, facts.Token, facts.Remark, facts.By, facts.Success, facts.DurationMs,
        match.Marks, match.LateByMs, decidedAt, facts.Source, review);

    /// <param name="verdict">The verdict that makes or made it a violation.</param>
    public static ViolationModel Violation(
        EventFacts facts, Verdict verdict, string reason, Identity identity, bool isLifted, long? liftedBy,
        ReviewModel? review) => new()
    {
        Position = facts.Position, Sequence = facts.Sequence, SessionId = facts.SessionId, Source = facts.Source,
        CallId = facts.CallId,
        Message = Words.Of(facts.Message), From = Words.Of(verdict.From), Cause = Words.Of(verdict.Cause),
        Reason = reason, At = facts.At, ReceivedAt = facts.ReceivedAt, Token = facts.Token,
        Task = identity.Task, Agent = facts.Agent ?? identity.Agent, Tool = facts.Tool ?? identity.Tool,
        IsLifted = isLifted, LiftedBy = liftedBy, Review = review,
    };

    public static ViolationModel Violation(EventFacts facts, WindowModel window)
    {
        var (happened, message) = (facts.Window!, facts.Window!.Message);
        var terms = (message as WindowMessage.Asking)?.Terms;
        return new ViolationModel
        {
            Position = facts.Position,
            Sequence = facts.Sequence,
            Source = window.Source ?? message.Delivery.Source,
            WindowId = window.WindowId,
            Message = message.Verb.ToString().ToLowerInvariant(),
            From = happened.From.ToString().ToLowerInvariant(),
            Cause = Words.Of(ViolationCause.NotAllowed),
            Reason = (happened as WindowEvent.Violated)?.Violation ?? "",
            At = message.ReceivedAt,
            ReceivedAt = message.ReceivedAt,
            Token = message.Actor,
            Task = window.Task ?? terms?.TaskId,
            Agent = window.Agent ?? terms?.Agent,
            Review = ReviewModel.Waiting,
        };
    }
}
