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
            WindowEvent.Extended extended => next with
            {
                ClosesAt = extended.ClosesAt,
                MintedByParty = next.MintedByParty || happened.Message.Delivery.MintedByParty,
            },
            WindowEvent.Revoked or WindowEvent.Closed =>
                next with { EndedAt = happened.Message.ReceivedAt, EndedBy = happened.Message.Actor },
            WindowEvent.Accepted accepted => next with { Accepted = [.. next.Accepted, SpanOf(accepted, facts)] },
            WindowEvent.Violated => next with
            {
                Alias = next.Alias ?? (happened.Message as WindowMessage.Asking)?.Terms.Alias,
                Violations = next.Violations + 1,
                Refusals =
                [
                    .. next.Refusals,
                    new RefusedAct(facts.Sequence, facts.Position, happened.Message.ReceivedAt, ReviewModel.Waiting),
                ],
            },
            WindowEvent.Reviewed reviewed => next with
            {
                Refusals = [.. next.Refusals.Select(one => After(one, reviewed))],
            },
            _ => next,
        };
    }

    /// <summary>
    /// What is judged differently once the window has become another one; null when no message is.
    /// </summary>
    public static AffectedTime? Affected(WindowModel? before, WindowModel after)
    {
        if (before?.Until is not { } ended)
        {
            return after.Until is { } end && after.OpensAt < end
                ? new AffectedTime(after.OpensAt!.Value, end, after.OpensAt.Value)
                : null;
        }

        var (opens, until) = (after.OpensAt!.Value, after.Until!.Value);
        if (until != ended)
        {
            var first = Instants.Earlier(until, ended);
            return new AffectedTime(Instants.Earlier(opens, first), Instants.Later(until, ended), first);
        }

        var spans = after.Accepted.Skip(before.Accepted.Count).ToList();
        return spans.Count == 0
            ? null
            : new AffectedTime(
                Instants.Later(opens, spans.Select(span => span.From).Aggregate(Instants.Earlier)),
                Instants.Earlier(until, spans.Select(span => span.Until).Aggregate(Instants.Later)), until);
    }

    private static RefusedAct After(RefusedAct refused, WindowEvent.Reviewed happened) =>
        happened.Review.Verdicts.Any(seen => seen.Sequence == refused.Sequence)
            ? refused with
            {
                Review = new ReviewModel(ReviewState.Reviewed)
                {
                    By = happened.Message.Actor, At = happened.Message.ReceivedAt, Reason = happened.Message.Reason,
                    Finding = happened.Review.Finding,
                },
            }
            : refused;

    private static AcceptedSpan SpanOf(WindowEvent.Accepted happened, EventFacts facts)
    {
        // What comes later was seen by nobody.
        var (span, message) = (happened.Span, happened.Message);
        var through = Math.Min(span.Through ?? long.MaxValue, facts.Position - 1);
        return new AcceptedSpan(
            span.Session.Source, span.Session.Id, span.From, span.Until, through, message.Actor, message.ReceivedAt);
    }

    private static WindowModel Request(WindowModel window, WindowEvent.Requested happened) => window with
    {
        Alias = happened.Terms.Alias,
        Task = happened.Terms.TaskId,
        Agent = happened.Terms.Agent,
        Scope = happened.Terms.Scope,
        Source = happened.Message.Delivery.Source,
        Sources = happened.Terms.Sources,
        Reason = happened.Terms.Reason,
        RequestedBy = happened.Message.Requester,
        RequestedAt = happened.Message.ReceivedAt,
        Asked = happened.Terms.Duration,
        AskedFrom = Clamp(happened.Terms.OpensAt),
        AskedUntil = Clamp(happened.Terms.ClosesAt),
    };

    private static Timestamp? Clamp(Timestamp? time) => time is { } known ? Instants.Clamp(known) : null;

    private static WindowModel Approve(WindowModel window, WindowEvent.Approved happened) => window with
    {
        ApprovedBy = happened.Message.Actor,
        ApprovedAt = happened.Message.ReceivedAt,
        SelfGranted = happened.SelfGranted,
        GrantedAfter = happened.GrantedAfter,
        MintedByParty = window.MintedByParty || happened.Message.Delivery.MintedByParty,
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

/// <summary>What is judged differently: messages dated into a time, of which a part is so by their arrival.</summary>
/// <param name="Changed">Only those that are dated from here on, or were received from here on.</param>
internal readonly record struct AffectedTime(Timestamp From, Timestamp Until, Timestamp Changed);
