using Audit.Lifecycle.Hashing;
using Audit.Lifecycle.Time;

namespace Audit.Lifecycle.Calls;

/// <summary>
/// One step of the law: the table, the two flags that outlive an attempt, and what is noted beside the table.
/// </summary>
public static class CallLaw
{
    /// <summary>Counted of each thread, so that a test can say how many a history takes.</summary>
    [ThreadStatic] private static long steps;

    public static long StepsOfThread => steps;

    /// <param name="sequence">The message's own number in the stream of its call.</param>
    public static Verdict Step(ref Standing standing, CallMessage message, long sequence)
    {
        steps++;
        var cell = CellOf(standing, message);
        var isOtherCall = cell.Rule == CellRule.NextAttemptInLaterTurn && message.Turn > standing.Turn;
        var own = AnomaliesOfMessage(message);

        var cause = CauseOfViolation(standing, cell, isOtherCall, message);
        if (cause != ViolationCause.None)
        {
            // Whatever a host dates before it, a person's refusal stands.
            standing = IsRefusalByNode(message)
                ? Refuse(standing, sequence)
                : standing;
            return new Verdict(standing.State, standing.State, standing.Attempt, own, cause);
        }

        var from = standing.State;
        var before = EnterAttempt(standing, cell.Rule, isOtherCall);
        var anomalies = own | AnomaliesOfCell(cell, message) | AnomaliesOfHistory(before, cell.Rule, message);
        standing = Advance(before, cell.Rule, message, sequence);
        return new Verdict(from, standing.State, standing.Attempt, anomalies, ViolationCause.None);
    }

    /// <summary>
    /// The question that stands, asked once more, asks for nothing: what was approved stays approved.
    /// </summary>
    private static Cell CellOf(in Standing standing, CallMessage message)
    {
        if (IsFirstOfTwo(standing, message))
        {
            return Cell.Eq;
        }

        // What a host asked by itself is not what the node asks, which says who answers it and until when.
        var isRepeated = message.Kind == MessageKind.RequiresConfirmation
            && !message.Question.IsEmpty && message.Question == standing.Question
            && (message.Policy is null || standing.EndsAt is not null)
            && (standing.State == CallState.AwaitingConfirmation
                || (standing.State == CallState.Approved && standing.Approval == Approval.ByNode));
        var cell = isRepeated ? Cell.Eq
            : IsProgressAfterEnd(standing, message) ? AfterEnd(standing)
            : GivesUp(standing, message) ? Cell.L
            : TransitionTable.At(standing.State, message.Kind);

        // What another channel reports differently is one message all the same, and not a second one.
        return message.Beside is not null && cell.Rule is CellRule.Violation or CellRule.NextAttemptInLaterTurn
            ? Cell.Eq
            : cell;
    }

    /// <summary>
    /// An adapter takes a first sign of progress for the start; what runs on in the background shows signs after the
    /// tool has answered, and that is no second run.
    /// </summary>
    private static bool IsProgressAfterEnd(in Standing standing, CallMessage message) =>
        message is { Derived: true, Kind: MessageKind.Started } && !standing.Refused
        && standing.State is CallState.Completed or CallState.Cancelled;

    /// <summary>What was stopped and shows afterwards that it runs was stopped too late.</summary>
    private static Cell AfterEnd(in Standing standing) =>
        standing.State == CallState.Cancelled ? Cell.Stay(Anomalies.CancelledTooLate) : Cell.Eq;

    /// <summary>
    /// Hosts say with the same words that a call was refused and that it was stopped: what runs is stopped. That it
    /// succeeded all the same is held against it, as after every refusal.
    /// </summary>
    private static bool GivesUp(in Standing standing, CallMessage message) =>
        message is { Derived: true, Kind: MessageKind.Blocked } && standing.State == CallState.Running;

    /// <summary>Where two persons approve, the word of the first one moves nothing.</summary>
    private static bool IsFirstOfTwo(in Standing standing, CallMessage message) =>
        standing.People > 1 && standing.Approval != Approval.ByNode
        && standing.State is CallState.AwaitingConfirmation or CallState.Approved
        && message is { Kind: MessageKind.Approved, MadeByNode: true, Policy: null }
        && (standing.FirstBy is null || standing.FirstBy == message.Behind);

    private static bool IsRefusalByNode(CallMessage message) =>
        message.MadeByNode && message.Kind == MessageKind.Blocked;

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

        if (standing.RefusedByNode && message.Kind == MessageKind.Approved && !message.MadeByNode)
        {
            return ViolationCause.OverridesRefusal;
        }

        if ((standing.Refused || standing.RefusedByNode) && message.ClaimsToHaveRun)
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

    private static Standing EnterAttempt(in Standing standing, CellRule rule, bool isOtherCall)
    {
        if (isOtherCall)
        {
            // The host gave an old id to a new call: nothing of the old one is held against it or counts for it, but
            // what a person refused, for it is the host who says that the call is another.
            return new Standing
            {
                Attempt = standing.Attempt + 1,
                RefusedByNode = standing.RefusedByNode,
                AskedSinceRefusal = standing.AskedSinceRefusal,
                RefusalSequence = standing.RefusalSequence,
            };
        }

        var opens = rule == CellRule.NextAttempt || standing.State == CallState.None;
        return opens
            ? standing with
            {
                State = CallState.None,
                Attempt = standing.Attempt + 1,
                Turn = 0,
                Asked = 0,
                Question = default,
                Approval = Approval.None,
                ApprovedInput = default,
                EndsAt = null,
                ApprovedAt = null,
                People = 0,
                FirstBy = null,
            }
            : standing;
    }

    /// <summary>What is to be noted of the message itself, whatever becomes of it.</summary>
    public static Anomalies AnomaliesOfMessage(CallMessage message) =>
        (message.IsAheadOfClock ? Anomalies.ClockAhead : 0) | (message.Truncated ? Anomalies.Truncated : 0)
        | (message.Beside is { Differing: not SaidFields.None } ? Anomalies.ChannelsDiffer : 0)
        | (message.NotSeenWhole ? Anomalies.NotSeenWhole : 0) | (message.MintedByParty ? Anomalies.MintedByParty : 0);

    private static Anomalies AnomaliesOfCell(Cell cell, CallMessage message) =>
        cell.Condition == CellCondition.AnomalyOnSuccess && !message.Success ? Anomalies.None : cell.Anomalies;

    private static Anomalies AnomaliesOfHistory(in Standing standing, CellRule rule, CallMessage message)
    {
        var anomalies = AnomaliesOfApproval(standing, rule, message);
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

        if (Differs(standing.Parent, message.Parent))
        {
            anomalies |= Anomalies.ParentChanged;
        }

        if (ReportsWhatRan(message.Kind) && Differs(standing.ApprovedInput, message.Input))
        {
            anomalies |= Anomalies.InputChangedAfterApproval;
        }

        if (standing is { State: CallState.Approved, Approval: Approval.ByNode, EndsAt: { } end }
            && ReportsWhatRan(message.Kind) && BeganAt(standing, message) > end)
        {
            anomalies |= Anomalies.ApprovalExpired;
        }

        if (message.Kind == MessageKind.Completed && message.Beside is null && Differs(standing.Ran, message.Result))
        {
            anomalies |= Anomalies.ReExecuted;
        }

        return anomalies;
    }

    /// <summary>
    /// Nobody begins on an approval before it is given: what is dated so, by more than clocks may differ, counts from
    /// when the node heard of it.
    /// </summary>
    private static Timestamp BeganAt(in Standing standing, CallMessage message) =>
        standing.ApprovedAt is { } given && message.OrderedAt.Add(CallMessage.ClockTolerance) < given
            ? message.ReceivedAt
            : message.OrderedAt;

    /// <summary>
    /// Where the node was asked its own approval is wanted; elsewhere a host may say that it gave one.
    /// </summary>
    private static Anomalies AnomaliesOfApproval(in Standing standing, CellRule rule, CallMessage message)
    {
        var isAsked = standing.Asked > 0;
        return message.Kind switch
        {
            MessageKind.RequiresConfirmation when rule != CellRule.Stay && standing.Approval == Approval.ByNode
                && standing.Question != message.Question => Anomalies.QuestionChanged,
            MessageKind.Approved when isAsked && !message.MadeByNode && standing.Approval != Approval.ByNode =>
                Anomalies.ApprovedByHostOnly,
            MessageKind.Completed when message.Success && isAsked && standing.Approval == Approval.ByHost =>
                Anomalies.ApprovedByHostOnly,
            MessageKind.Completed when message.Success && standing.Approval == Approval.None
                && (isAsked || message.NeedsConfirmation) => Anomalies.NoApprovalSeen,
            _ => Anomalies.None,
        };
    }

    private static Standing Advance(in Standing standing, CellRule rule, CallMessage message, long sequence)
    {
        if (IsFirstOfTwo(standing, message))
        {
            return standing with { FirstBy = message.Behind };
        }

        var isQuestion = message.Kind == MessageKind.RequiresConfirmation;
        var isNewQuestion = isQuestion && rule != CellRule.Stay;
        var isApproval = message.Kind == MessageKind.Approved;
        var isNodes = message.MadeByNode;
        var asks = isQuestion || isApproval;
        var givesUp = GivesUp(standing, message);
        var known = IsRefusalByNode(message) ? Refuse(standing, sequence) : standing;

        // A host that says what it would rather have had approved changes nothing of what was.
        var saysInput = asks && !message.Input.IsEmpty
            && (isNewQuestion || isNodes || standing.Approval != Approval.ByNode);
        return standing with
        {
            State = rule == CellRule.Stay ? standing.State : givesUp ? CallState.Cancelled : StateAfter(message.Kind),
            Turn = Math.Max(standing.Turn, message.Turn),
            ToolName = standing.ToolName ?? message.ToolName,
            Provider = standing.Provider ?? message.Provider,
            TaskId = standing.TaskId ?? message.TaskId,
            Parent = standing.Parent ?? message.Parent,
            Refused = message.Kind == MessageKind.Blocked || (standing.Refused && !asks),
            Ran = message.IsSuccessfulCompletion ? message.Result : standing.Ran,
            RefusedByNode = known.RefusedByNode && !(isApproval && isNodes && known.AskedSinceRefusal),
            // What was asked, and approved, before a person refused clears nothing, whatever times the host gives.
            AskedSinceRefusal = known.AskedSinceRefusal || (isNewQuestion && sequence > known.RefusalSequence),
            RefusalSequence = known.RefusalSequence,
            Asked = isNewQuestion ? sequence : standing.Asked,
            Question = isNewQuestion ? message.Question : standing.Question,
            Approval = isApproval ? (isNodes ? Approval.ByNode : Later(standing.Approval, Approval.ByHost))
                : isNewQuestion || message.Kind == MessageKind.Blocked ? Approval.None
                : standing.Approval,
            ApprovedInput = saysInput ? message.Input : standing.ApprovedInput,
            EndsAt = isNewQuestion || (isApproval && isNodes) ? message.ExpiresAt : standing.EndsAt,
            ApprovedAt = isApproval && isNodes ? message.ReceivedAt : isNewQuestion ? null : standing.ApprovedAt,
            People = isNewQuestion ? message.Policy?.People ?? 1 : standing.People,
            FirstBy = isNewQuestion ? null : standing.FirstBy,
        };
    }

    private static Standing Refuse(in Standing standing, long sequence) => standing with
    {
        RefusedByNode = true,
        AskedSinceRefusal = false,
        RefusalSequence = Math.Max(sequence, standing.RefusalSequence),
    };

    private static Approval Later(Approval one, Approval other) => one > other ? one : other;

    internal static bool ReportsWhatRan(MessageKind kind) =>
        kind is MessageKind.Started or MessageKind.Cached or MessageKind.Replayed or MessageKind.Completed
            or MessageKind.PersistenceFailed;

    internal static bool Differs(string? known, string? reported) =>
        known is not null && reported is not null && known != reported;

    internal static bool Differs(Fingerprint known, Fingerprint reported) =>
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
