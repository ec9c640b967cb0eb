namespace Audit.Projections.Folding;

/// <summary>
/// Judges anew what lies in the time of a window that has changed: chunk by chunk, each in a transaction of its own
/// that leaves the offset where it is. Whoever has to begin again after a crash comes to the same rows.
/// </summary>
internal sealed class Rejudging(
    IReadLead lead, ReadCache cache, int chunkSize, ReadOffset offset, CancellationToken cancellation)
{
    private static readonly string ChunkSql = $"""
        SELECT {ReadTables.Transitions.Selected()} FROM transitions
        WHERE task_id = $1 AND agent = $2 AND (at, position) > ($3, $4) AND at < $5
          AND (at >= $7 OR received_at >= $7)
        ORDER BY at, position LIMIT $6
        """;

    public async Task RunAsync(WindowModel window, AffectedTime affected)
    {
        var windows = cache.Windows.Find(window.Task!)!;
        var (at, position) = (Instants.ToNumber(affected.From), 0L);
        while (true)
        {
            var chunk = await lead.QueryAsync(
                ChunkSql,
                [
                    window.Task!, window.Agent!, at, position, Instants.ToNumber(affected.Until), (long)chunkSize,
                    Instants.ToNumber(affected.Changed),
                ],
                row => ReadTables.Transitions.Of(row),
                cancellation);
            await JudgeAsync(chunk, windows);
            if (chunk.Count < chunkSize)
            {
                return;
            }

            (at, position) = (Instants.ToNumber(chunk[^1].At), chunk[^1].Position);
        }
    }

    private async Task JudgeAsync(List<TransitionModel> chunk, TaskWindows windows)
    {
        var batch = new ReadBatch(offset, offset, chunk.Count);
        var counts = new Dictionary<long, JudgementCounts>();
        var sessions = windows.AcceptSpans ? await SessionsAsync(chunk) : null;
        foreach (var was in chunk)
        {
            var match = windows.Judge(new JudgedMessage(
                was.Agent, was.Tool, was.At, was.ReceivedAt, was.DecidedAt,
                new SessionName(was.Source, sessions?[was.Call] ?? ""), was.Position));
            if (match == new WindowMatch(was.Judgement, was.Window, was.Marks, was.LateByMs))
            {
                continue;
            }

            batch.Transitions[(was.Call, was.Sequence)] = was with
            {
                Judgement = match.Judgement, Window = match.Window, Marks = match.Marks, LateByMs = match.LateByMs,
            };
            counts[was.Call] = counts.GetValueOrDefault(was.Call)
                .Add(was.Judgement, was.Marks, -1).Add(match.Judgement, match.Marks, 1);
        }

        if (counts.Count > 0)
        {
            await CountAsync(batch, counts);
            await WriteAsync(batch);
        }
    }

    /// <summary>The sessions of the calls, by which a person accepts what was reported late.</summary>
    private async Task<Dictionary<long, string>> SessionsAsync(List<TransitionModel> chunk) =>
        (await lead.FindAsync(
            ReadTables.Calls, [new KeyColumn("id", chunk.Select(message => message.Call).Distinct())], cancellation))
        .ToDictionary(call => call.Id, call => call.SessionId);

    private async Task CountAsync(ReadBatch batch, Dictionary<long, JudgementCounts> counts)
    {
        var calls = await lead.FindAsync(ReadTables.Calls, [new KeyColumn("id", counts.Keys)], cancellation);
        var sessions = (await lead.FindAsync(
            ReadTables.Sessions, [new KeyColumn("id", calls.Select(call => call.Session).Distinct())], cancellation))
            .ToDictionary(session => session.Id);
        var tasks = (await lead.FindAsync(
            ReadTables.Tasks, [new KeyColumn("task_id", calls.Select(call => call.Task).OfType<string>().Distinct())],
            cancellation))
            .ToDictionary(task => task.TaskId);
        foreach (var before in calls)
        {
            var after = before with { Judged = before.Judged.Plus(counts[before.Id]) };
            batch.Calls[after.Id] = after;
            sessions[after.Session] = batch.Sessions[after.Session] =
                SessionFold.Count(sessions[after.Session], before, after);
            if (after.Task is { } task)
            {
                tasks[task] = TaskFold.Count(tasks[task], before, after);
                batch.Tasks[tasks[task].Id] = tasks[task];
            }
        }
    }

    private async Task WriteAsync(ReadBatch batch)
    {
        // What was kept of these rows is no longer what the store has.
        cache.Calls.Clear();
        cache.Sessions.Clear();
        cache.Tasks.Clear();
        if (!await lead.WriteAsync(new BatchRows().Fill(batch), cancellation))
        {
            throw new OffsetMovedException();
        }
    }
}
