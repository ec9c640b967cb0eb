namespace Audit.Projections.Folding;

/// <summary>Makes the rows of one message.</summary>
internal static class MessageRows
{
    /// <param name="now">The verdict as things stand.</param>
    /// <param name="lifted">The verdict that made it a violation until it was lifted.</param>
    public static TransitionModel Of(
        long call, EventFacts facts, Verdict now, Verdict? lifted, Identity identity, WindowMatch match) => new()
    {
        Call = call,
        Sequence = facts.Sequence,
        Position = facts.Position,
        Message = facts.Message,
        From = now.From,
        To = now.To,
        Attempt = now.Attempt,
        Anomalies = now.Anomalies,
        Cause = lifted?.Cause ?? now.Cause,
        Lifted = lifted is not null,
        Late = facts.Late,
        ReportedLate = facts.IsReportedLate,
        Oversized = facts.Oversized,
        MadeByNode = facts.MadeByNode,
        TimeInferred = facts.TimeInferred,
        At = facts.At,
        RecordedAt = facts.RecordedAt,
        ReceivedAt = facts.ReceivedAt,
        Judgement = match.Judgement,
        Window = match.Window,
        Task = identity.Task,
        Agent = facts.Agent ?? identity.Agent,
        Tool = facts.Tool ?? identity.Tool,
        Host = facts.Host,
        Remark = facts.Remark,
        By = facts.By,
        Success = facts.Success,
        DurationMs = facts.DurationMs,
    };

    /// <param name="verdict">The verdict that makes or made it a violation.</param>
    public static ViolationModel Violation(
        EventFacts facts, Verdict verdict, string reason, Identity identity, bool isLifted, long? liftedBy) => new()
    {
        Position = facts.Position,
        SessionId = facts.SessionId,
        CallId = facts.CallId,
        Message = Words.Of(facts.Message),
        From = Words.Of(verdict.From),
        Cause = Words.Of(verdict.Cause),
        Reason = reason,
        At = facts.At,
        ReceivedAt = facts.ReceivedAt,
        Host = facts.Host,
        Task = identity.Task,
        Agent = facts.Agent ?? identity.Agent,
        Tool = facts.Tool ?? identity.Tool,
        IsLifted = isLifted,
        LiftedBy = liftedBy,
    };

    public static ViolationModel Violation(EventFacts facts, WindowModel window)
    {
        var (happened, message) = (facts.Window!, facts.Window!.Message);
        var terms = (message as WindowMessage.Asking)?.Terms;
        return new ViolationModel
        {
            Position = facts.Position,
            WindowId = window.WindowId,
            Message = message.Verb.ToString().ToLowerInvariant(),
            From = happened.From.ToString().ToLowerInvariant(),
            Reason = (happened as WindowEvent.Violated)?.Violation ?? "",
            At = message.ReceivedAt,
            ReceivedAt = message.ReceivedAt,
            Host = message.Actor,
            Task = window.Task ?? terms?.TaskId,
            Agent = window.Agent ?? terms?.Agent,
        };
    }
}
