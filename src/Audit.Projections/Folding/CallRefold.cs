using Audit.Projections.Facts;
using Audit.Projections.Models;

namespace Audit.Projections.Folding;

/// <summary>
/// A call from its whole stream, by the same law that judged it when it was written. Where the order of arrival is that of the
/// history it comes to what following the call message by message comes to.
/// </summary>
internal static class CallRefold
{
    /// <param name="stream">The events of the call, by arrival; a skipped one may be missing.</param>
    public static Refolded Of(long session, IReadOnlyList<CallEntry> stream, Func<string, TaskWindows> windowsOf)
    {
        var told = new ToldMessages(stream);
        var begun = CallFold.Begin(stream[0].Facts, session) with { Order = told.Order, NamedTask = told.NamedTasks.FirstOrDefault() };
        var call = stream.Aggregate(begun, (model, entry) => CallFold.Pass(model, entry.Facts));
        var transitions = new List<TransitionModel>(told.Count);
        var violations = new List<ViolationModel>();
        var identities = Identities(told);
        foreach (var index in told.History)
        {
            var (facts, now, identity) = (told.Facts(index), told.Now(index), identities[index]);
            var match = identity.Judge(facts, windowsOf);
            var lifted = now.IsViolation ? null : told.LastViolation(index);
            call = CallFold.Tell(call, facts, now, identity, match.Judgement, told.Order);
            call = lifted is null ? call : call with { Lifted = call.Lifted + 1 };
            transitions.Add(MessageRows.Of(call.Id, facts, now, lifted, identity, match));
            if ((now.IsViolation ? now : lifted) is { } violated)
            {
                violations.Add(MessageRows.Violation(
                    facts, violated, told.Reason(index, violated), identity, lifted is not null, lifted is null ? null : told.LiftedBy(index)));
            }
        }

        return new Refolded(call, transitions, violations, told.NamedTasks, told.NamesNoTask);
    }

    /// <summary>What the call is about at each message: all that lies between two reuses of its id is one call.</summary>
    private static Identity[] Identities(ToldMessages told)
    {
        var identities = new Identity[told.Count];
        var part = new List<int>();
        var identity = default(Identity);
        foreach (var index in told.History)
        {
            var now = told.Now(index);
            if ((now.Anomalies & Anomalies.IdReused) != 0)
            {
                Give(identities, part, identity);
                identity = default;
            }

            part.Add(index);
            identity = told.Facts(index).Names(now) ? identity.Or(told.Facts(index)) : identity;
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
