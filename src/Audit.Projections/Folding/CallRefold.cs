namespace Audit.Projections.Folding;

/// <summary>
/// A call from its whole stream, by the same law that judged it when it was written. Where the order of arrival is that
/// of the history it comes to what following the call message by message comes to.
/// </summary>
internal static class CallRefold
{
    /// <param name="stream">The events of the call, by arrival; a skipped one may be missing.</param>
    /// <param name="copies">Where copies of the book were given.</param>
    public static Refolded Of(
        long session, IReadOnlyList<CallEntry> stream, Func<string, TaskWindows> windowsOf, Positions copies)
    {
        var messages = new ReceivedMessages(stream);
        var begun = CallFold.Begin(stream[0].Facts, session) with
        {
            Order = messages.Order,
            NamedTask = messages.NamedTasks.FirstOrDefault(),
        };
        var call = stream.Aggregate(begun, (model, entry) => CallFold.Pass(model, entry.Facts));
        var transitions = new List<TransitionModel>(messages.Count);
        var violations = new List<ViolationModel>();
        var identities = Identities(messages);
        foreach (var index in messages.History)
        {
            var (facts, now, identity) = (messages.Facts(index), messages.Now(index), identities[index]);
            var decidedAt = Identity.DecidedAt(call, facts, now);
            var match = identity.Judge(facts, decidedAt, windowsOf);
            var lifted = now.IsViolation ? null : messages.LastViolation(index);
            var review = messages.Review(index, copies);
            call = CallFold.Add(call, facts, now, identity, match, messages.Order);
            call = review is null ? call : call with
            {
                Lifted = call.Lifted + (lifted is null ? 0 : 1),
                // Those that stand are counted already.
                Unreviewed = call.Unreviewed + (review.Waits ? 1 : 0) - (now.IsViolation ? 1 : 0),
            };
            transitions.Add(MessageRows.Of(call.Id, facts, now, lifted, identity, match, decidedAt, review));
            if ((now.IsViolation ? now : lifted) is { } violated)
            {
                var liftedBy = lifted is null ? null : messages.LiftedBy(index);
                violations.Add(MessageRows.Violation(
                    facts, violated, messages.Reason(index, violated), identity, lifted is not null, liftedBy,
                    review));
            }
        }

        return new Refolded(call, transitions, violations, messages.NamedTasks, messages.NamesNoTask);
    }

    /// <summary>
    /// What the call is about at each message: all that lies between two reuses of its id is one call.
    /// </summary>
    private static Identity[] Identities(ReceivedMessages messages)
    {
        var identities = new Identity[messages.Count];
        var part = new List<int>();
        var identity = default(Identity);
        foreach (var index in messages.History)
        {
            var now = messages.Now(index);
            if ((now.Anomalies & Anomalies.IdReused) != 0)
            {
                Give(identities, part, identity);
                identity = default;
            }

            part.Add(index);
            identity = messages.Facts(index).Names(now) ? identity.Or(messages.Facts(index)) : identity;
        }

        Give(identities, part, identity);
        return identities;
    }

    private static void Give(Identity[] identities, List<int> part, Identity identity)
    {
        foreach (var index in part)
        {
            identities[index] = identity;
        }

        part.Clear();
    }
}

/// <summary>A call folded from its stream, with all its rows.</summary>
/// <param name="NamedTasks">The tasks that its messages name, by arrival.</param>
/// <param name="NamesNoTask">A message of it names none.</param>
internal sealed record Refolded(
    CallModel Call, IReadOnlyList<TransitionModel> Transitions, IReadOnlyList<ViolationModel> Violations,
    IReadOnlyList<string> NamedTasks, bool NamesNoTask);
