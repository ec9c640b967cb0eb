namespace Audit.Projections.Folding;

/// <summary>
/// A session after one more of its events, in the order of arrival, and after a call of it became another one.
/// </summary>
internal static class SessionFold
{
    private const string Started = "started";
    private const string Ended = "ended";

    public static SessionModel Add(SessionModel? session, EventFacts facts)
    {
        var known = session ?? new SessionModel { Id = facts.Position, SessionId = facts.SessionId, Source = facts.Source };
        return facts.Kind is EventKind.Received or EventKind.Noted
            ? Meet(known, facts)
            : known with { LastPosition = facts.Position };
    }

    /// <param name="before">The call as it was; null when it was not there.</param>
    public static SessionModel Count(SessionModel session, CallModel? before, CallModel after) => session with
    {
        Calls = session.Calls + (before is null ? 1 : 0),
        States = session.States.Change(before?.State, after.State),
        Failed = session.Failed + (after.IsFailed ? 1 : 0) - (before is { IsFailed: true } ? 1 : 0),
        Violations = session.Violations + after.Violations - (before?.Violations ?? 0),
        Lifted = session.Lifted + after.Lifted - (before?.Lifted ?? 0),
        AnomalousCalls = session.AnomalousCalls.Change(before?.Anomalies ?? Anomalies.None, after.Anomalies),
        Judged = session.Judged.Change(before?.Judged, after.Judged),
    };

    private static SessionModel Meet(SessionModel session, EventFacts facts)
    {
        var isNote = facts.Kind == EventKind.Noted;
        var at = facts.At;
        return session with
        {
            LastPosition = facts.Position,
            Messages = session.Messages + (isNote ? 0 : 1),
            Notes = session.Notes + (isNote ? 1 : 0),
            ReportedLate = session.ReportedLate + (!isNote && facts.IsReportedLate ? 1 : 0),
            StartedAt = isNote && facts.NoteType == Started ? Later(session.StartedAt, at) : session.StartedAt,
            NotedEndAt = isNote && facts.NoteType == Ended ? Later(session.NotedEndAt, at) : session.NotedEndAt,
            FirstAt = session.FirstAt is { } first ? Instants.Earlier(first, at) : at,
            LastAt = Later(session.LastAt, at),
            Agents = session.Agents.Add(facts.Agent),
            Tasks = session.Tasks.Add(facts.Task),
            NumberedSince = facts is { Seq: not null, MadeByNode: false }
                ? session.NumberedSince ?? facts.ReceivedAt : session.NumberedSince,
            Tokens = facts.MadeByNode ? session.Tokens : session.Tokens.Add(facts.Token),
            Seqs = facts.Seq is { } seq && !facts.MadeByNode ? Number(session.Seqs, facts.Token, seq) : session.Seqs,
        };
    }

    private static IReadOnlyList<SeqRanges> Number(IReadOnlyList<SeqRanges> seqs, string host, long seq)
    {
        for (var index = 0; index < seqs.Count; index++)
        {
            if (seqs[index].Token == host)
            {
                var changed = seqs[index].Add(seq);
                return ReferenceEquals(changed, seqs[index])
                    ? seqs
                    : [.. seqs.Take(index), changed, .. seqs.Skip(index + 1)];
            }
        }

        return seqs.Count >= SessionModel.MostNumberingTokens
            ? seqs
            : [.. seqs, new SeqRanges(host, [new SeqRange(seq, seq)], Dropped: 0)];
    }

    private static Timestamp Later(Timestamp? known, Timestamp other) =>
        known is { } time ? Instants.Later(time, other) : other;
}
