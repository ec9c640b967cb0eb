using Audit.Projections.Folding;
using Audit.Projections.Queries;

namespace Audit.Projections.TimeTravel;

/// <summary>
/// Answers as of a moment of the past, folded from the journal by the law that judged it then. The read models say only
/// where to look: which calls a session or a task has, never what became of them.
/// </summary>
public sealed class PastModels
{
    /// <summary>Of rows that others wrote nobody knows when they came.</summary>
    private const int RowsLookedAt = 16;

    private readonly IReadStore store;
    private readonly IJournal journal;
    private readonly PastPosition positions;
    private readonly ReadScope scope;

    internal PastModels(IReadStore store, IJournal journal, ReadScope? scope = null)
    {
        this.store = store;
        this.scope = scope ?? ReadScope.All;
        this.journal = journal;
        positions = new PastPosition(store, journal);
    }

    /// <summary>The position that a moment means.</summary>
    public Task<long> PositionAsync(AsOf asOf, CancellationToken cancellation) => positions.OfAsync(asOf, cancellation);

    public Task<Past<PastCall>?> CallAsync(
        SessionName session, string call, AsOf asOf, CancellationToken cancellation) =>
        AnswerAsync(
            asOf, (reader, past, position) => CallAsync(reader, past, session, call, cancellation), cancellation);

    /// <exception cref="TooMuchException">The session holds more events than one answer is folded from.</exception>
    public Task<Past<PastSession>?> SessionAsync(
        SessionName session, AsOf asOf, CancellationToken cancellation) =>
        AnswerAsync(
            asOf, (reader, past, position) => SessionAsync(reader, past, session, position, cancellation),
            cancellation);

    /// <exception cref="TooMuchException">The task holds more events than one answer is folded from.</exception>
    public Task<Past<PastTask>?> TaskAsync(string task, AsOf asOf, CancellationToken cancellation) =>
        AnswerAsync(
            asOf, (reader, past, position) => TaskAsync(reader, past, task, position, cancellation), cancellation);

    /// <exception cref="TooMuchException">The window holds more events than one answer is folded from.</exception>
    public Task<Past<PastWindow>?> WindowAsync(string window, AsOf asOf, CancellationToken cancellation) =>
        AnswerAsync(
            asOf, (reader, past, position) => WindowAsync(reader, past, window, position, cancellation), cancellation);

    /// <summary>Some windows as they were, without what was done in them; those that there were.</summary>
    public async Task<IReadOnlyList<WindowModel>> WindowsAsync(
        IEnumerable<string> ids, AsOf asOf, CancellationToken cancellation)
    {
        var found = await AnswerAsync(
            asOf,
            async (_, past, _) =>
            {
                var windows = new List<WindowModel>();
                foreach (var id in ids)
                {
                    if (await past.WindowAsync(id, cancellation) is { } window && scope.Sees(window))
                    {
                        windows.Add(scope.Of(window));
                    }
                }

                return windows;
            },
            cancellation);
        return found!.Item;
    }

    /// <summary>What is not as it was between two positions; null where there was nothing yet at the second.</summary>
    /// <exception cref="TooMuchException">More events than one answer is folded from may have changed it.</exception>
    public Task<PastBetween?> BetweenAsync(
        SessionName session, long from, long until, CancellationToken cancellation) =>
        CompareAsync(from, until, one => one.OfSessionAsync(session, cancellation), cancellation);

    /// <inheritdoc cref="BetweenAsync(SessionName, long, long, CancellationToken)"/>
    public Task<PastBetween?> BetweenAsync(string task, long from, long until, CancellationToken cancellation) =>
        CompareAsync(from, until, one => one.OfTaskAsync(task, cancellation), cancellation);

    /// <summary>When the book took its newest row up to a position: not each has one. Null before all.</summary>
    public async Task<Timestamp?> TakenAtAsync(long position, CancellationToken cancellation)
    {
        var rows = await journal.ReadBeforeAsync(position + 1, RowsLookedAt, RowsLookedAt << 10, cancellation);
        return rows.Select(FactsReader.ReceivedAtOrNever).Where(time => time > FactsReader.Never)
            .Select(time => (Timestamp?)time).FirstOrDefault();
    }

    private Task<PastBetween?> CompareAsync(
        long from, long until, Func<PastComparison, Task<PastBetween?>> ask, CancellationToken cancellation) =>
        store.ReadAsync(
            async reader =>
            {
                var known = (await OffsetRow.ReadAsync(reader, cancellation)).Offset.Position;
                var compared = (Math.Min(from, known), Math.Min(until, known));
                var found = await ask(new PastComparison(
                    reader, journal, await Skipped.ReadAsync(reader, cancellation), scope, compared.Item1,
                    compared.Item2));
                return found is null ? null : found with { Compared = compared };
            },
            cancellation);

    private async Task<Past<T>?> AnswerAsync<T>(
        AsOf asOf, Func<IReadSession, PastReader, long, Task<T?>> ask, CancellationToken cancellation)
        where T : class
    {
        var position = await positions.OfAsync(asOf, cancellation);
        var found = await store.ReadAsync(
            async reader =>
            {
                // Calls are found through the read models, and so the past ends where these do.
                var known = await OffsetRow.ReadAsync(reader, cancellation);
                position = Math.Min(position, known.Offset.Position);
                var skipped = await Skipped.ReadAsync(reader, cancellation);
                return await ask(reader, new PastReader(journal, skipped, position), position);
            },
            cancellation);
        return found is null ? null : new Past<T>(position, found);
    }

    private async Task<PastCall?> CallAsync(
        IReadSession reader, PastReader past, SessionName session, string call, CancellationToken cancellation)
    {
        var known = await reader.FindAsync(ReadTables.Sessions, [ReadTables.SessionKey(session)], cancellation);
        var stream = await past.CallAsync(session, call, cancellation);
        var refolded = await past.RefoldAsync(reader, known.SingleOrDefault()?.Id ?? 0, stream, cancellation);
        return refolded is null || !scope.Sees(refolded.Call) ? null : new PastCall(
            scope.Of(refolded.Call),
            [.. refolded.Transitions.Where(one => one.Agent is null || scope.SeesAgent(one.Agent)).Select(scope.Of)],
            [.. refolded.Violations.Where(one => scope.Sees(one.Agent, one.Task, one.Source)).Select(scope.Of)]);
    }

    private async Task<PastSession?> SessionAsync(
        IReadSession reader, PastReader past, SessionName session, long position, CancellationToken cancellation)
    {
        var known = await reader.FindAsync(ReadTables.Sessions, [ReadTables.SessionKey(session)], cancellation);
        var id = known.SingleOrDefault()?.Id ?? 0;
        var asked = new SqlConditions(id, position).And(scope.Conditions());
        var ids = await reader.QueryAsync(
            $"SELECT call_id FROM calls WHERE session = $1 AND id <= $2{asked.Sql} ORDER BY id DESC", asked.Values,
            row => row.Text(0), cancellation);
        var events = scope.IsAll ? await past.StreamAsync(StreamNames.Session(session), cancellation) : [];
        var calls = new List<CallModel>();
        foreach (var call in ids)
        {
            var stream = await past.CallAsync(session, call, cancellation);
            if (await past.RefoldAsync(reader, id, stream, cancellation) is { } refolded
                && scope.Sees(refolded.Call))
            {
                calls.Add(refolded.Call);
                events.AddRange(stream.Select(entry => entry.Facts));
            }
        }

        if (!scope.IsAll)
        {
            return calls.Aggregate((SessionModel?)null, OwnSessions.Add) is { } share
                ? new PastSession(scope.Of(share), [.. calls.Select(scope.Of)])
                : null;
        }

        var found = events.OrderBy(one => one.Position).Aggregate((SessionModel?)null, SessionFold.Add);
        return found is null
            ? null
            : new PastSession(calls.Aggregate(found, (model, call) => SessionFold.Count(model, null, call)), calls);
    }

    private async Task<PastTask?> TaskAsync(
        IReadSession reader, PastReader past, string task, long position, CancellationToken cancellation)
    {
        var windows = (await past.WindowsOfAsync(reader, task, cancellation))
            .Where(window => scope.Sees(window)).Select(scope.Of).ToList();
        var calls = await CallsOfAsync(reader, past, task, position, cancellation);
        var ofTask = calls.Select(refolded => scope.Of(refolded.Call)).Where(call => call.Task == task).ToList();
        return windows.Count == 0 && ofTask.Count == 0 ? null : new PastTask(task, windows, ofTask);
    }

    private async Task<PastWindow?> WindowAsync(
        IReadSession reader, PastReader past, string id, long position, CancellationToken cancellation)
    {
        if (await past.WindowAsync(id, cancellation) is not { } window || !scope.Sees(window))
        {
            return null;
        }

        if (window.Task is null || window.Until is not { } until)
        {
            return new PastWindow(scope.Of(window), [], [], default);
        }

        await past.WindowsOfAsync(reader, window.Task, cancellation);
        var calls = await CallsOfAsync(reader, past, window.Task, position, cancellation);
        var messages = calls.Select(refolded => (refolded.Call, First: refolded.Transitions
                .Where(
                    message => message.Task == window.Task && message.Agent == window.Agent
                        && message.At >= window.OpensAt && message.At < until)
                .OrderBy(message => message.At).ThenBy(message => message.Position).FirstOrDefault()))
            .Where(done => done.First is not null)
            .OrderBy(done => done.First!.At).ThenBy(done => done.First!.Position);
        var pauses = scope.IsAll
            ? await WindowMarked.PausesAsync(reader, window.OpensAt!.Value, until, position, cancellation)
            : null;
        var late = calls.Select(one => (one.Call, Messages: one.Transitions.Where(IsUnproven).ToList()))
            .Where(one => one.Messages.Count > 0).ToLookup(one => one.Call.Session, one => LateCall.Of(
                one.Call, one.Messages.Min(message => message.At), one.Messages.Max(message => message.ReceivedAt),
                until, pauses));
        return new PastWindow(
            scope.Of(window),
            [.. messages.Select(done => WindowCall.Of(done.First!, scope.Of(done.Call)))],
            [
                .. calls.GroupBy(
                        refolded => (refolded.Call.Session, refolded.Call.SessionName),
                        refolded => refolded.Transitions.Where(IsUnproven))
                    .Select(session => (session.Key, Messages: session.SelectMany(call => call).ToList()))
                    .Where(session => session.Messages.Count > 0)
                    .OrderBy(session => Instants.ToNumber(session.Messages.Min(message => message.At)))
                    .ThenBy(session => session.Key.Session)
                    .Select(session => LateSession.Of(
                        session.Key.SessionName, session.Messages.Count, session.Messages.Min(message => message.At),
                        session.Messages.Max(message => message.At),
                        session.Messages.Max(message => message.ReceivedAt), until) with
                    {
                        Calls = [.. late[session.Key.Session].OrderBy(call => Instants.ToNumber(call.At))],
                        Pauses = [.. (pauses ?? []).Where(pause => pause.Until > session.Messages.Min(one => one.At))],
                    }),
            ],
            calls.SelectMany(refolded => refolded.Transitions)
                .Where(message => message.Window == id && message.MarkBits is not null)
                .Aggregate(
                    default(JudgementCounts), (counts, message) => counts.Add(message.Judgement, message.Marks, 1)));

        bool IsUnproven(TransitionModel message) =>
            message.Judgement == WindowJudgement.WindowUnproven && message.Window == id;
    }

    /// <summary>
    /// Every call that may have belonged to the task: those of which a message does now, and those that named it.
    /// </summary>
    private async Task<List<Refolded>> CallsOfAsync(
        IReadSession reader, PastReader past, string task, long position, CancellationToken cancellation)
    {
        var asked = new SqlConditions(task, position, (long)PastReader.MostEvents + 1).And(scope.Conditions());
        var found = await reader.QueryAsync(
            $"""
            SELECT {ReadTables.Calls.Selected()} FROM calls
            WHERE id <= $2{asked.Sql} AND id IN (
                SELECT call FROM transitions WHERE task_id = $1 UNION SELECT call FROM named WHERE task_id = $1)
            ORDER BY id DESC LIMIT $3
            """,
            asked.Values,
            row => ReadTables.Calls.Of(row),
            cancellation);
        var calls = new List<Refolded>();
        foreach (var call in found)
        {
            var stream = await past.CallAsync(call.SessionName, call.CallId, cancellation);
            if (await past.RefoldAsync(reader, call.Session, stream, cancellation) is { } refolded
                && scope.Sees(refolded.Call))
            {
                calls.Add(refolded);
            }
        }

        return calls;
    }
}
