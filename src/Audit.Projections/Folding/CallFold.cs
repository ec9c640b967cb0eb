namespace Audit.Projections.Folding;

/// <summary>A call after one more message of its history.</summary>
internal static class CallFold
{
    /// <summary>
    /// Whether the message simply follows: it comes last in the history, leaves the verdicts on older ones, and
    /// the state after it is its own. All others are folded from the stream, by the law.
    /// </summary>
    public static bool Follows(CallModel? call, EventFacts facts)
    {
        if (facts.Kind == EventKind.Flooded || call is null)
        {
            return facts.Kind is not (EventKind.Rejudged or EventKind.Reviewed) && !facts.Late;
        }

        if (facts.Kind != EventKind.Received || facts.Late || call.Order == CallOrder.Scattered
            || (facts.Verdict.Anomalies & (Anomalies.ClockWentBack | Anomalies.ChannelsDiffer)) != 0)
        {
            return false;
        }

        // One message without a number, and times order all of them.
        var losesNumbers = call.Order == CallOrder.Numbered && facts is { Seq: null, Answers: null }
            && IsJudged(facts);
        return !losesNumbers && !NamesAfterwards(call, facts);
    }

    /// <param name="verdict">As things stand.</param>
    /// <param name="identity">What the call is about at this message.</param>
    public static CallModel Add(
        CallModel call, EventFacts facts, Verdict verdict, Identity identity, WindowMatch match, CallOrder order)
    {
        var names = facts.Names(verdict);
        var isOther = names && (verdict.Anomalies & Anomalies.IdReused) != 0;
        var moves = facts.Moves(verdict);
        var steps = moves ? CallSteps.Of(call).After(facts, verdict) : CallSteps.Of(call);

        // One copy for all of it: this is done for every event that there is.
        return call with
        {
            Messages = call.Messages + 1,
            Redacted = call.Redacted || facts.Redacted,
            Altered = call.Altered || facts.Altered,
            Violations = call.Violations + (verdict.IsViolation ? 1 : 0),
            Unreviewed = call.Unreviewed + (verdict.IsViolation ? 1 : 0),
            Anomalies = call.Anomalies | verdict.Anomalies,
            Judged = call.Judged.Add(match.Judgement, match.Marks, 1),
            ReportedLate = call.ReportedLate + (facts.IsReportedLate ? 1 : 0),
            NamedTask = call.NamedTask ?? facts.Task,
            FirstAt = Instants.Earlier(call.FirstAt, facts.At),
            LastAt = Instants.Later(call.LastAt, facts.At),
            LastPosition = Math.Max(call.LastPosition, facts.Position),
            Sequence = Math.Max(call.Sequence, facts.Sequence),
            Order = order,
            Task = names ? identity.Task : call.Task,
            Agent = names ? identity.Agent : call.Agent,
            Parent = names ? identity.Parent : call.Parent,
            Tool = names ? identity.Tool : call.Tool,
            Provider = (isOther ? null : call.Provider) ?? (names ? facts.Provider : null),
            Model = (isOther ? null : call.Model) ?? (names ? facts.Model : null),
            Token = call.Token ?? (names && !facts.MadeByNode ? facts.Token : null),
            Command = CommandAfter(call, facts, verdict, steps),
            AskedAgent = AskedBy(call.AskedAgent, facts.Agent, identity.Agent),
            AskedTask = AskedBy(call.AskedTask, facts.Task, identity.Task),
            Rules = facts.Policy is { } mark ? $"{mark.Rule}\n{mark.WouldRule}" : call.Rules,
            Turn = names ? Math.Max(call.Turn, facts.Turn) : call.Turn,
            State = moves ? verdict.To : call.State,
            Attempt = steps.Attempt,
            Remark = steps.Remark,
            Decision = steps.Decision,
            DecidedBy = steps.DecidedBy,
            ClaimedBy = steps.ClaimedBy,
            Asked = steps.Asked,
            Question = steps.Question,
            NotSeenWhole = steps.NotSeenWhole,
            Approval = steps.Approval,
            NodeDecidedAt = steps.NodeDecidedAt,
            EndsAt = steps.EndsAt,
            People = steps.People,
            FirstBy = steps.FirstBy,
            Gravest = Gravest(call, facts, verdict, moves && steps.Approval == Approval.ByNode),
            SelfApproved = call.SelfApproved || facts.SelfApproved,
            Success = steps.Success,
            DurationMs = steps.DurationMs,
            AskedAt = steps.AskedAt,
            DecidedAt = steps.DecidedAt,
            StartedAt = steps.StartedAt,
            SettledAt = steps.SettledAt,
        };

        string? AskedBy(string? known, string? said, string? begun) =>
            steps.Asked == 0 ? null : steps.Asked != facts.Sequence ? known : said == begun ? null : said;
    }

    public static CallModel Begin(EventFacts facts, long session) => new()
    {
        Id = facts.Position,
        Session = session,
        SessionId = facts.SessionId,
        Source = facts.Source,
        CallId = facts.CallId,
        FirstAt = facts.At,
        LastAt = facts.At,
    };

    /// <summary>What every event of the stream says, whatever else it does.</summary>
    public static CallModel Pass(CallModel call, EventFacts facts) => call with
    {
        LastPosition = Math.Max(call.LastPosition, facts.Position),
        Sequence = Math.Max(call.Sequence, facts.Sequence),
        Flooded = Math.Max(call.Flooded, facts.Flooded),
    };

    public static CallOrder OrderAfter(CallOrder order, EventFacts facts) =>
        !IsJudged(facts) || facts.Answers is not null ? order
        : facts.Seq is not null && order is (CallOrder.Unjudged or CallOrder.Numbered) ? CallOrder.Numbered
        : CallOrder.Timed;

    /// <summary>
    /// Once a question stands, another one alone says what is asked; where it says nothing, what ran does afterwards.
    /// </summary>
    private static string? CommandAfter(CallModel call, EventFacts facts, Verdict verdict, in CallSteps steps)
    {
        if (steps.Asked > 0)
        {
            return steps.Asked == facts.Sequence ? facts.Command
                : call.Command ?? (facts.Names(verdict) && !IsUnbegun(verdict.To) ? facts.Command : null);
        }

        var isOther = facts.Names(verdict) && (verdict.Anomalies & Anomalies.IdReused) != 0;
        return (facts.Names(verdict) ? facts.Command : null) ?? (isOther ? null : call.Command);
    }

    private static bool IsUnbegun(CallState state) => state is CallState.AwaitingConfirmation or CallState.Approved;

    /// <param name="isApproved">By the node, after it.</param>
    private static NodeDecision? Gravest(CallModel call, EventFacts facts, Verdict verdict, bool isApproved)
    {
        // As in the law, a refusal counts whatever a host dates before it.
        var isRefusal = facts.Message == MessageKind.Blocked && Entry.WeightOf(verdict.Cause) == EntryWeight.Judged;
        var isApproval = facts.Message == MessageKind.Approved && isApproved;
        if (!facts.MadeByNode || !(isRefusal || isApproval))
        {
            return call.Gravest;
        }

        var made = new NodeDecision
        {
            IsRefusal = isRefusal,
            IsByPerson = facts.Policy is null,
            By = facts.By ?? facts.Token,
            Decision = facts.Decision,
            At = facts.ReceivedAt,
            Command = call.Command,
        };

        // What a policy let pass is the most of all calls, and says no more than the call itself does.
        return made.Weight > 0 && made.Weight >= (call.Gravest?.Weight ?? 0) ? made : call.Gravest;
    }

    private static bool IsJudged(EventFacts facts) =>
        facts is { Oversized: false, Confirms: false }
        && Entry.WeightOf(facts.Verdict.Cause) == EntryWeight.Judged;

    /// <summary>It says what earlier messages left open, and so they are to be judged by other windows.</summary>
    private static bool NamesAfterwards(CallModel call, EventFacts facts) =>
        facts.Names(facts.Verdict) && (facts.Verdict.Anomalies & Anomalies.IdReused) == 0
        && ((call.Task is null && facts.Task is not null)
            || (call.Agent is null && facts.Agent is not null)
            || (call.Tool is null && facts.Tool is not null));
}
