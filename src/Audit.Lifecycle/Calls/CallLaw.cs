using Audit.Lifecycle.Hashing;

namespace Audit.Lifecycle.Calls;

/// <summary>
/// One step of the law: the table, the two flags that outlive an attempt, and what is noted beside the table.
/// </summary>
public static class CallLaw
{
    public static Verdict Step(ref Standing standing, CallMessage message)
    {
        var cell = TransitionTable.At(standing.State, message.Kind);
        var isOtherCall = cell.Rule == CellRule.NextAttemptInLaterTurn && message.Turn > standing.Turn;
        var own = AnomaliesOfMessage(message);

        var cause = CauseOfViolation(standing, cell, isOtherCall, message);
        if (cause != ViolationCause.None)
        {
            return new Verdict(standing.State, standing.State, standing.Attempt, own, cause);
        }

        var from = standing.State;
        var before = EnterAttempt(standing, cell.Rule, isOtherCall);
        var anomalies = own | AnomaliesOfCell(cell, message) | AnomaliesOfHistory(before, message);
        standing = Advance(before, cell.Rule, message);
        return new Verdict(from, standing.State, standing.Attempt, anomalies, ViolationCause.None);
    }

    private static ViolationCause CauseOfViolation(in Standing standing, Cell cell, bool isOtherCall,
        CallMessage message)
    {
        if (isOtherCall)
        {
            return ViolationCause.None;
        }

        if (standing.ToolName is { } name && message.ToolName is { } other && name != other)
        {
            return ViolationCause.IdentityMismatch;
        }

        if (standing.Refused && ClaimsToHaveRun(message))
        {
            return ViolationCause.StandingRefusal;
        }

        return cell.Rule switch
        {
            CellRule.Violation => ViolationCause.NotAllowed,
            CellRule.NextAttemptInLaterTurn => ViolationCause.NotALaterTurn,
            _ when cell.Condition == CellCondition.ViolationOnSuccess && message.Success => ViolationCause.NotAllowed,
            _ => ViolationCause.None,
        };
    }

    private static bool ClaimsToHaveRun(CallMessage message) =>
        message.Kind is MessageKind.Started or MessageKind.Cached or MessageKind.Replayed
            || message.IsSuccessfulCompletion;

    private static Standing EnterAttempt(in Standing standing, CellRule rule, bool isOtherCall)
    {
        if (isOtherCall)
        {
            // The host gave an old id to a new call: nothing of the old one is held against it or counts for it.
            return new Standing { Attempt = standing.Attempt + 1, Host = standing.Host };
        }

        var opens = rule == CellRule.NextAttempt || standing.State == CallState.None;
        return opens
            ? standing with
            {
                State = CallState.None,
                Attempt = standing.Attempt + 1,
                Turn = 0,
                ApprovalSeen = false,
                ApprovedInput = default,
            }
            : standing;
    }

    /// <summary>What is to be noted of the message itself, whatever becomes of it.</summary>
    public static Anomalies AnomaliesOfMessage(CallMessage message) =>
        (message.IsAheadOfClock ? Anomalies.ClockAhead : 0) | (message.Truncated ? Anomalies.Truncated : 0);

    private static Anomalies AnomaliesOfCell(Cell cell, CallMessage message) =>
        cell.Condition == CellCondition.AnomalyOnSuccess && !message.Success ? Anomalies.None : cell.Anomalies;

    private static Anomalies AnomaliesOfHistory(in Standing standing, CallMessage message)
    {
        var anomalies = Anomalies.None;
        if (standing.Refused && message.Kind == MessageKind.RequiresConfirmation)
        {
            anomalies |= Anomalies.ReopenedAfterRefusal;
        }

        if (Differs(standing.Provider, message.Provider))
        {
            anomalies |= Anomalies.ProvenanceChanged;
        }

        if (Differs(standing.TaskId, message.TaskId))
        {
            anomalies |= Anomalies.TaskChanged;
        }

        if (!message.MadeByNode && Differs(standing.Host, message.Host))
        {
            anomalies |= Anomalies.ForeignHost;
        }

        if (ReportsWhatRan(message.Kind) && Differs(standing.ApprovedInput, message.Input))
        {
            anomalies |= Anomalies.InputChangedAfterApproval;
        }

        if (message.Kind == MessageKind.Completed && Differs(standing.Ran, message.Result))
        {
            anomalies |= Anomalies.ReExecuted;
        }

        if (message.IsSuccessfulCompletion && message.NeedsConfirmation && !standing.ApprovalSeen)
        {
            anomalies |= Anomalies.NoApprovalSeen;
        }

        return anomalies;
    }

    private static Standing Advance(in Standing standing, CellRule rule, CallMessage message)
    {
        var asks = message.Kind is MessageKind.RequiresConfirmation or MessageKind.Approved;
        return standing with
        {
            State = rule == CellRule.Stay ? standing.State : StateAfter(message.Kind),
            Turn = Math.Max(standing.Turn, message.Turn),
            ToolName = standing.ToolName ?? message.ToolName,
            Provider = standing.Provider ?? message.Provider,
            TaskId = standing.TaskId ?? message.TaskId,
            Host = standing.Host ?? (message.MadeByNode ? null : message.Host),
            Refused = message.Kind == MessageKind.Blocked || (standing.Refused && !asks),
            Ran = message.IsSuccessfulCompletion ? message.Result : standing.Ran,
            ApprovalSeen = standing.ApprovalSeen || asks,
            ApprovedInput = asks && !message.Input.IsEmpty ? message.Input : standing.ApprovedInput,
        };
    }

    private static bool ReportsWhatRan(MessageKind kind) =>
        kind is MessageKind.Started or MessageKind.Cached or MessageKind.Replayed or MessageKind.Completed
            or MessageKind.PersistenceFailed;

    private static bool Differs(string? known, string? reported) =>
        known is not null && reported is not null && known != reported;

    private static bool Differs(Fingerprint known, Fingerprint reported) =>
        !known.IsEmpty && !reported.IsEmpty && known != reported;

    private static CallState StateAfter(MessageKind kind) => kind switch
    {
        MessageKind.Requested => CallState.Requested,
        MessageKind.RequiresConfirmation => CallState.AwaitingConfirmation,
        MessageKind.Approved => CallState.Approved,
        MessageKind.Started => CallState.Running,
        MessageKind.Blocked => CallState.Blocked,
        MessageKind.Cached => CallState.Cached,
        MessageKind.Replayed => CallState.Replayed,
        MessageKind.Invalidated => CallState.Invalidated,
        MessageKind.Cancelled => CallState.Cancelled,
        MessageKind.Completed => CallState.Completed,
        MessageKind.PersistenceFailed => CallState.PersistenceFailed,
        _ => throw new ArgumentOutOfRangeException(nameof(kind), kind, "The table has no such message."),
    };
}
