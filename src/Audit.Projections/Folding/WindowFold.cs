namespace Audit.Projections.Folding;

/// <summary>A window after one more of its events.</summary>
internal static class WindowFold
{
    public static WindowModel Add(WindowModel? window, EventFacts facts)
    {
        var happened = facts.Window!;
        var next = window ?? new WindowModel { Id = facts.Position, WindowId = StreamNames.WindowOf(facts.Stream) };
        next = next with { State = happened.To, LastPosition = facts.Position, Acts = WithAct(next.Acts, facts) };
        return happened switch
        {
            WindowEvent.Requested requested => Request(next, requested),
            WindowEvent.Approved approved => Approve(next, approved),
            WindowEvent.Extended extended => next with { ClosesAt = extended.ClosesAt },
            WindowEvent.Revoked or WindowEvent.Closed =>
                next with { EndedAt = happened.Message.ReceivedAt, EndedBy = happened.Message.Actor },
            WindowEvent.Violated => next with { Violations = next.Violations + 1 },
            _ => next,
        };
    }

    /// <summary>
    /// The time in which messages are judged differently once the window has become another one; null when no message
    /// is.
    /// </summary>
    public static (Timestamp From, Timestamp Until)? Affected(WindowModel? before, WindowModel after)
    {
        if (before?.Until is not { } ended)
        {
            return after.Until is { } end && after.OpensAt < end ? (after.OpensAt!.Value, end) : null;
        }

        var until = after.Until!.Value;
        return until == ended ? null : (Instants.Earlier(until, ended), Instants.Later(until, ended));
    }

    private static WindowModel Request(WindowModel window, WindowEvent.Requested happened) => window with
    {
        Task = happened.Terms.TaskId,
        Agent = happened.Terms.Agent,
        Scope = happened.Terms.Scope,
        Reason = happened.Terms.Reason,
        RequestedBy = happened.Message.Actor,
        RequestedAt = happened.Message.ReceivedAt,
    };

    private static WindowModel Approve(WindowModel window, WindowEvent.Approved happened) => window with
    {
        ApprovedBy = happened.Message.Actor,
        ApprovedAt = happened.Message.ReceivedAt,
        SelfGranted = happened.SelfGranted,
        GrantedAfter = happened.GrantedAfter,
        OpensAt = happened.OpensAt,
        ClosesAt = happened.ClosesAt,
    };

    private static IReadOnlyList<WindowAct> WithAct(IReadOnlyList<WindowAct> acts, EventFacts facts)
    {
        if (acts.Count >= WindowModel.MostActs)
        {
            return acts;
        }

        var (happened, message) = (facts.Window!, facts.Window!.Message);
        var act = new WindowAct(facts.Position, happened.Kind, message.Verb, message.Actor, message.ReceivedAt)
        {
            OnBehalfOf = message.Delivery.OnBehalfOf,
            Reason = message.Reason,
            ClosesAt = happened.ClosesAtOrAsked,
            Violation = (happened as WindowEvent.Violated)?.Violation,
        };
        return [.. acts, act];
    }
}
