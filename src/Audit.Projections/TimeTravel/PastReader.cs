using Audit.Projections.Folding;

namespace Audit.Projections.TimeTravel;

/// <summary>
/// Reads streams of the journal up to one position, and no more events than one answer may be made of.
/// </summary>
internal sealed class PastReader(IJournal journal, IReadOnlySet<long> skipped, long through)
{
    public const int MostEvents = 100_000;
    private const int RowsAtOnce = 256;

    private readonly CallStreams calls = new(journal);
    private readonly FactsReader facts = new();
    private readonly Dictionary<string, TaskWindows> windows = [];
    private Positions? copies;
    private int left = MostEvents;

    public async Task<List<CallEntry>> CallAsync(SessionName session, string call, CancellationToken cancellation) =>
        Count(await calls.ReadAsync(StreamNames.Call(session, call), through, skipped, cancellation));

    /// <summary>The events of a session or of a window.</summary>
    public async Task<List<EventFacts>> StreamAsync(string stream, CancellationToken cancellation)
    {
        var found = new List<EventFacts>();
        var after = 0L;
        while (true)
        {
            var rows = await journal.ReadStreamAsync(new StreamKey(stream), after, RowsAtOnce, cancellation);
            found.AddRange(
                rows.Where(row =>
                    row.IsProven && row.Position <= through && !skipped.Contains(row.Position)).Select(facts.Read));
            if (rows.Count < RowsAtOnce || rows[^1].Position > through)
            {
                return Count(found);
            }

            after = rows[^1].Sequence;
        }
    }

    public async Task<WindowModel?> WindowAsync(string window, CancellationToken cancellation) =>
        (await StreamAsync(StreamNames.Window(window), cancellation))
        .Aggregate((WindowModel?)null, WindowFold.Add);

    /// <summary>The windows of a task as they were. Which there are is looked up, what they were is not.</summary>
    public async Task<IReadOnlyList<WindowModel>> WindowsOfAsync(
        IReadSession session, string task, CancellationToken cancellation)
    {
        var ids = await session.QueryAsync(
            "SELECT window_id FROM windows WHERE task_id = $1 AND id <= $2 ORDER BY id DESC", [task, through],
            row => row.Text(0), cancellation);
        var found = new List<WindowModel>();
        foreach (var id in ids)
        {
            if (await WindowAsync(id, cancellation) is { Task: not null } window)
            {
                found.Add(window);
            }
        }

        windows[task] = new TaskWindows(found);
        return found;
    }

    /// <summary>A call as it was; null before its first event.</summary>
    public async Task<Refolded?> RefoldAsync(
        IReadSession session, long sessionId, IReadOnlyList<CallEntry> stream, CancellationToken cancellation)
    {
        foreach (var task in stream.Select(entry => entry.Facts.Task).OfType<string>().Distinct())
        {
            if (!windows.ContainsKey(task))
            {
                await WindowsOfAsync(session, task, cancellation);
            }
        }

        copies ??= await Positions.OfCopiesAsync(session, cancellation);
        return stream.Count == 0 ? null : CallRefold.Of(sessionId, stream, task => windows[task], copies);
    }

    private List<T> Count<T>(List<T> events)
    {
        left -= events.Count;
        return left >= 0 ? events : throw new TooMuchException(MostEvents);
    }
}

/// <summary>Finds the position that a time means: the last one before the first row that was received later.</summary>
internal sealed class PastPosition(IReadStore store, IJournal journal)
{
    private const int RowsAtOnce = 1_000;
    private const long BytesAtOnce = 4 << 20;

    public async Task<long> OfAsync(AsOf asOf, CancellationToken cancellation)
    {
        var last = await journal.LastPositionAsync(cancellation);
        if (asOf.Position is { } position)
        {
            return Math.Min(position, last);
        }

        var time = Instants.Clamp(asOf.Time!.Value);
        var (from, until) = await RangeAsync(Moment.SecondOf(time), last, cancellation);
        return await SearchAsync(time, from, until, cancellation);
    }

    /// <summary>
    /// A row received later than the time lies in the time's own second or begins a later one. The first of a later
    /// second is known, as far as the read models are; so only the rows of the second itself are looked at.
    /// </summary>
    /// <returns>The position before the first row to look at, and the answer if none of them is later.</returns>
    private async Task<(long From, long Until)> RangeAsync(long second, long last, CancellationToken cancellation)
    {
        var (moments, known) = await store.ReadAsync(
            async session => (
                await session.QueryAsync(
                    "SELECT second, position FROM moments WHERE second >= $1 ORDER BY second LIMIT 2",
                    [second], row => new Moment(row.Number(0), row.Number(1)), cancellation),
                await OffsetRow.ReadAsync(session, cancellation)),
            cancellation);
        var own = moments.Find(moment => moment.Second == second);
        var later = moments.Find(moment => moment.Second > second);
        var until = later.Position > 0 ? later.Position - 1 : last;
        var from = own.Position > 0 ? own.Position - 1 : later.Position > 0 ? until : known.Offset.Position;
        return (from, until);
    }

    private async Task<long> SearchAsync(Timestamp time, long from, long until, CancellationToken cancellation)
    {
        while (from < until)
        {
            var rows = await journal.ReadAfterAsync(from, RowsAtOnce, BytesAtOnce, cancellation);
            foreach (var row in rows)
            {
                if (row.Position > until)
                {
                    return until;
                }

                if (FactsReader.ReceivedAtOrNever(row) > time)
                {
                    return row.Position - 1;
                }
            }

            if (rows.Count == 0)
            {
                return until;
            }

            from = rows[^1].Position;
        }

        return until;
    }
}
