namespace Audit.Projections.Folding;

/// <summary>
/// Folds a batch of events into rows. What a row says is a function of the journal up to the batch's last position and
/// of nothing else: not of how the events were cut into batches, and not of when they were read.
/// </summary>
internal sealed class BatchFold(
    IReadLead lead, ReadCache cache, WorkingSet? before, CallStreams streams, IReadOnlySet<long> skipped,
    int rejudgedAtOnce, CancellationToken cancellation)
{
    private readonly WorkingSet set = new(lead, cache, before, cancellation);
    private readonly HashSet<string> scattered = [];

    /// <summary>The models as the batch leaves them.</summary>
    public WorkingSet Set => set;

    public async Task<ReadBatch> FoldAsync(FactBatch facts)
    {
        var batch = new ReadBatch(facts.From, facts.To, facts.Events.Count);
        var refused = await new WindowsFold(lead, cache, rejudgedAtOnce, facts.From, cancellation)
            .FollowAsync(facts.Events, batch);
        await LoadAsync(facts.Events);
        foreach (var one in facts.Events)
        {
            Follow(one, batch);
        }

        await RefoldAsync(facts.To.Position, batch);
        await set.LoadHoursAsync(
            set.CallsBefore.SelectMany(call => HourFold.HoursOf(call.Value, set.Call(call.Key)!))
                .Concat(refused.SelectMany(one => new[] { HourModel.AllHours, one.Hour })));
        set.Loaded();
        CountCalls();
        foreach (var hour in refused.SelectMany(one => HourFold.Count(one.Hour, one.More, set.Hour)))
        {
            set.Set(hour);
        }

        CollectRows(batch);
        Keep(batch);
        return batch;
    }

    /// <summary>
    /// Keeps what the batch came to. Should it not get written, the cache is thrown away with all that follows.
    /// </summary>
    private void Keep(ReadBatch batch)
    {
        foreach (var session in batch.Sessions.Values)
        {
            cache.Sessions.Keep(session.Name, session);
        }

        foreach (var stream in set.CallsBefore.Keys)
        {
            KeepIfOpen(stream, set.Call(stream)!);
        }

        foreach (var task in batch.Tasks.Values)
        {
            cache.Tasks.Keep(task.TaskId, task);
        }

        foreach (var hour in batch.Hours.Values)
        {
            cache.Hours.Keep(hour.Hour, hour);
        }

        cache.Seconds = [.. SecondsOf(batch)];
    }

    /// <summary>A settled call is seldom mentioned again; if it is, it is read back.</summary>
    private void KeepIfOpen(string stream, CallModel call)
    {
        if (call.IsOpen)
        {
            cache.Calls.Keep(stream, call);
        }
        else
        {
            cache.Calls.Forget(stream);
        }
    }

    private async Task LoadAsync(IReadOnlyList<EventFacts> events)
    {
        cache.Seconds ??= await lead.QueryAsync(
            $"SELECT second FROM (SELECT second FROM moments ORDER BY second DESC LIMIT {PauseFold.Seconds}) latest "
                + "ORDER BY second",
            [], row => row.Number(0), cancellation);
        cache.Copies ??= await Positions.OfCopiesAsync(lead, cancellation);
        if (cache.LastPause is null && events.Any(one => one.Kind is EventKind.NodeStarted))
        {
            cache.LastPause = (await lead.QueryAsync(
                "SELECT doc FROM pauses ORDER BY position DESC LIMIT 1", [],
                row => ReadTables.Pauses.Of(row), cancellation)).SingleOrDefault();
        }

        await set.LoadSessionsAsync(events.Where(one => one.SessionId.Length > 0).Select(one => one.Session));
        await set.LoadCallsAsync(events.Where(one => one.CallId.Length > 0).DistinctBy(one => one.Stream));
        HashSet<string> tasks =
        [
            .. events.Select(one => one.Task).OfType<string>(),
            .. events.Select(one => (one.Window?.Message as WindowMessage.Asking)?.Terms.TaskId).OfType<string>(),
            .. set.CallsBefore.Values.Select(call => call?.Task).OfType<string>(),
        ];
        await set.LoadTasksAsync(tasks);
    }

    private void Follow(EventFacts facts, ReadBatch batch)
    {
        FollowNode(facts, batch);
        FollowTime(facts, batch);
        FollowTask(facts);
        if (facts.Kind == EventKind.Copied)
        {
            batch.Copies.Add(new CopyModel(facts.Position));
            cache.Copies!.Add(facts.Position);
        }

        if (facts.SessionId.Length > 0)
        {
            set.Set(SessionFold.Add(set.Session(facts.Session), facts));
        }

        if (facts.CallId.Length > 0 && !scattered.Contains(facts.Stream))
        {
            FollowCall(facts, batch);
        }
    }

    /// <summary>What the book took last before a node started is all that it says of the time between.</summary>
    private void FollowNode(EventFacts facts, ReadBatch batch)
    {
        if (PauseFold.After(facts, SecondsOf(batch), cache.LastPause) is { } pause)
        {
            batch.Pauses[pause.Position] = cache.LastPause = pause;
        }
    }

    /// <summary>The latest seconds in which the book took something, ascending.</summary>
    private IEnumerable<long> SecondsOf(ReadBatch batch) =>
        cache.Seconds!.Concat(batch.Moments.Select(moment => moment.Second)).TakeLast(PauseFold.Seconds);

    private void FollowTime(EventFacts facts, ReadBatch batch)
    {
        var last = batch.Moments.Count > 0 ? batch.Moments[^1].Second
            : cache.Seconds is [.., var known] ? known
            : long.MinValue;
        if (facts.ReceivedAt != default && Moment.SecondOf(facts.ReceivedAt) is var second && second > last)
        {
            batch.Moments.Add(new Moment(second, facts.Position));
        }
    }

    private void FollowTask(EventFacts facts)
    {
        if (facts.Kind is EventKind.Received or EventKind.Noted && facts.Task is { } named)
        {
            set.Set(TaskFold.Name(set.Task(named), named, facts.Agent, facts.At, facts.Position));
        }
        else if (facts.Window is WindowEvent.Requested requested)
        {
            var (terms, at) = (requested.Terms, requested.Message.ReceivedAt);
            var task = TaskFold.Name(set.Task(terms.TaskId), terms.TaskId, terms.Agent, at, facts.Position);
            set.Set(task with { Windows = task.Windows + 1 });
        }
    }

    private void FollowCall(EventFacts facts, ReadBatch batch)
    {
        var known = set.Call(facts.Stream);
        if (!CallFold.Follows(known, facts))
        {
            scattered.Add(facts.Stream);
            return;
        }

        var call = known ?? CallFold.Begin(facts, set.Session(facts.Session)!.Id);
        set.Set(
            facts.Stream,
            facts.Kind == EventKind.Flooded ? CallFold.Pass(call, facts) : FollowMessage(call, facts, batch));
    }

    private CallModel FollowMessage(CallModel call, EventFacts facts, ReadBatch batch)
    {
        var verdict = facts.Verdict;
        var begun = (verdict.Anomalies & Anomalies.IdReused) != 0 ? default : Identity.Of(call);
        var identity = facts.Names(verdict) ? begun.Or(facts) : begun;
        var decidedAt = Identity.DecidedAt(call, facts, verdict);
        var match = identity.Judge(facts, decidedAt, set.WindowsOf);
        var review = verdict.IsViolation ? ReviewModel.Waiting : null;
        batch.Transitions[(call.Id, facts.Sequence)] =
            MessageRows.Of(call.Id, facts, verdict, null, identity, match, decidedAt, review);
        if (verdict.IsViolation)
        {
            batch.Violations[facts.Position] = MessageRows.Violation(
                facts, verdict, facts.Violation ?? "", identity, isLifted: false, liftedBy: null, review);
        }

        NameTasks(
            call.Id,
            [.. new[] { call.NamedTask, facts.Task }.OfType<string>().Distinct()],
            call.Messages > 0 && (call.NamedTask is null || facts.Task is null),
            batch);

        return CallFold.Add(call, facts, verdict, identity, match, CallFold.OrderAfter(call.Order, facts));
    }

    private async Task RefoldAsync(long through, ReadBatch batch)
    {
        foreach (var stream in scattered)
        {
            var entries = await streams.ReadAsync(stream, through, skipped, cancellation);
            if (entries.Count == 0)
            {
                // It was cut since its rows were read; whoever cut it has what is made of it forgotten.
                continue;
            }

            await set.LoadTasksAsync(entries.Select(entry => entry.Facts.Task).OfType<string>().ToHashSet());
            var refolded = CallRefold.Of(
                set.Session(entries[0].Facts.Session)!.Id, entries, set.WindowsOf, cache.Copies!);
            set.Set(stream, refolded.Call);
            NameTasks(refolded.Call.Id, refolded.NamedTasks, refolded.NamesNoTask, batch);
            foreach (var transition in refolded.Transitions)
            {
                batch.Transitions[(transition.Call, transition.Sequence)] = transition;
            }

            foreach (var violation in refolded.Violations)
            {
                batch.Violations[violation.Position] = violation;
            }
        }
    }

    /// <summary>
    /// A call that may change its task is noted under each that it named: whoever asks for the past of a task must find
    /// it, whatever a later message made of it.
    /// </summary>
    /// <param name="namesNone">
    /// A message names none: when it turns out to be the first, the call belongs to none.
    /// </param>
    private static void NameTasks(long call, IReadOnlyList<string> tasks, bool namesNone, ReadBatch batch)
    {
        foreach (var task in tasks.Count > 1 || namesNone ? tasks : [])
        {
            batch.Named.Add((task, call));
        }
    }

    private void CountCalls()
    {
        foreach (var (stream, before) in set.CallsBefore)
        {
            var after = set.Call(stream)!;
            set.Set(SessionFold.Count(set.Session(after.SessionName)!, before, after));
            foreach (var hour in HourFold.Count(before, after, set.Hour))
            {
                set.Set(hour);
            }

            if (before?.Task is { } past)
            {
                set.Set(TaskFold.Count(set.Task(past)!, before, after.Task == past ? after : null));
            }

            if (after.Task is { } task && task != before?.Task)
            {
                set.Set(TaskFold.Count(set.Task(task)!, null, after));
            }
        }
    }

    private void CollectRows(ReadBatch batch)
    {
        foreach (var session in set.Sessions)
        {
            batch.Sessions[session.Id] = session;
        }

        foreach (var stream in set.CallsBefore.Keys)
        {
            var call = set.Call(stream)!;
            batch.Calls[call.Id] = call;
        }

        foreach (var hour in set.Hours)
        {
            batch.Hours[hour.Hour] = hour;
        }

        foreach (var task in set.ChangedTasks)
        {
            batch.Tasks[task.Id] = task;
        }
    }
}

/// <summary>Some events in a row, read into facts.</summary>
/// <param name="CreatedTicks">When the last of them was written.</param>
internal sealed record FactBatch(IReadOnlyList<EventFacts> Events, ReadOffset From, ReadOffset To, long CreatedTicks);

/// <summary>The store does not stand where this projection left it: it was swapped, or another node wrote.</summary>
internal sealed class OffsetMovedException() : Exception(
    "The read models stand at another position than this node left them at.");
