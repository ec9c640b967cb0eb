namespace Audit.Projections.Folding;

/// <summary>What a call is about, as the first message that says so has it. A reused id begins anew.</summary>
internal readonly record struct Identity(string? Task, string? Agent, string? Tool, string? Parent)
{
    public static Identity Of(CallModel call) => new(call.Task, call.Agent, call.Tool, call.Parent);

    public Identity Or(EventFacts facts) => new(
        Task ?? facts.Task, Agent ?? facts.Agent, Tool ?? facts.Tool, Parent ?? facts.Parent);

    /// <summary>The message by the windows: what it names itself counts before what the call was begun with.</summary>
    public WindowMatch Judge(EventFacts facts, Timestamp? decidedAt, Func<string, TaskWindows> windowsOf) =>
        Task is null
            ? new WindowMatch(WindowJudgement.NoTask, null)
            : windowsOf(Task).Judge(new JudgedMessage(
                facts.Agent ?? Agent, facts.Tool ?? Tool, facts.At, facts.ReceivedAt, decidedAt, facts.Session,
                facts.Position));

    /// <summary>
    /// When the node took the decision that a message goes by: an approval, or a refusal that it does not contradict.
    /// Null where it asks anew.
    /// </summary>
    /// <param name="call">The call before it.</param>
    public static Timestamp? DecidedAt(CallModel call, EventFacts facts, Verdict verdict) =>
        (call.Approval == Approval.ByNode || (call.State == CallState.Blocked && !verdict.IsViolation))
        && verdict.Attempt == call.Attempt
        && (verdict.Anomalies & Anomalies.IdReused) == 0
        && facts.Message is not (MessageKind.Requested or MessageKind.RequiresConfirmation)
            ? call.NodeDecidedAt
            : null;
}
