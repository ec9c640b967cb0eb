namespace Audit.Projections.Folding;

/// <summary>
/// Follows the windows of a batch before anything else of it, for what they say of messages does not depend on which of
/// the two was learned first; and judges anew what lies in the store already.
/// </summary>
internal sealed class WindowsFold(
    IReadLead lead, ReadCache cache, int rejudgedAtOnce, ReadOffset offset, CancellationToken cancellation)
{
    private readonly Dictionary<string, WindowModel> before = [];
    private readonly Dictionary<string, WindowModel> after = [];

    /// <returns>How many more refused acts wait for review, by the hour in which they were done.</returns>
    public async Task<IReadOnlyList<(long Hour, int More)>> FollowAsync(
        IReadOnlyList<EventFacts> events, ReadBatch batch)
    {
        var ofWindows = events.Where(one => one.Kind == EventKind.Window).ToList();
        if (ofWindows.Count == 0)
        {
            return [];
        }

        await LoadAsync(ofWindows);
        foreach (var facts in ofWindows)
        {
            Follow(facts, batch);
        }

        await KeepForTasksAsync();
        foreach (var (id, window) in after)
        {
            if (window.Task is not null && WindowFold.Affected(before.GetValueOrDefault(id), window) is { } affected)
            {
                await new Rejudging(lead, cache, rejudgedAtOnce, offset, cancellation)
                    .RunAsync(window, affected);
            }
        }

        return await ReviewAsync(batch);
    }

    /// <summary>A violation's row says what its window says of it.</summary>
    private async Task<IReadOnlyList<(long Hour, int More)>> ReviewAsync(ReadBatch batch)
    {
        var past = before.Values.SelectMany(window => window.Refusals).ToDictionary(one => one.Position);
        var changed = after.Values.SelectMany(window => window.Refusals)
            .Where(one => past.GetValueOrDefault(one.Position) != one).ToDictionary(one => one.Position);
        var missing = changed.Keys.Where(position => !batch.Violations.ContainsKey(position)).ToList();
        var known = missing.Count == 0 ? []
            : await lead.FindAsync(ReadTables.Violations, [new KeyColumn("position", missing)], cancellation);
        var rows = known.Concat(batch.Violations.Values).Where(row => changed.ContainsKey(row.Position)).ToList();
        foreach (var row in rows)
        {
            batch.Violations[row.Position] = row with { Review = changed[row.Position].Review };
        }

        return [.. changed.Values.Select(one => (
            HourModel.HourOf(one.At),
            (one.Review.Waits ? 1 : 0) - (past.GetValueOrDefault(one.Position)?.Review.Waits == true ? 1 : 0)))];
    }

    private async Task LoadAsync(List<EventFacts> events)
    {
        var ids = events.Select(one => StreamNames.WindowOf(one.Stream)).Distinct();
        var found = await lead.FindAsync(ReadTables.Windows, [new KeyColumn("window_id", ids)], cancellation);
        found.ForEach(window => before[window.WindowId] = after[window.WindowId] = window);
    }

    private void Follow(EventFacts facts, ReadBatch batch)
    {
        var id = StreamNames.WindowOf(facts.Stream);
        var window = WindowFold.Add(after.GetValueOrDefault(id), facts);
        after[id] = batch.Windows[window.Id] = window;
        if (facts.Window is WindowEvent.Violated)
        {
            batch.Violations[facts.Position] = MessageRows.Violation(facts, window);
        }
    }

    /// <summary>
    /// From here on messages are judged by the windows as they have become. If the batch fails, the cache is emptied.
    /// </summary>
    private async Task KeepForTasksAsync()
    {
        var changed = after.Values.Where(window => window.Task is not null).ToLookup(window => window.Task!);
        var known = await TaskWindowsReader.ReadAsync(lead, cache, [.. changed.Select(task => task.Key)], cancellation);
        foreach (var task in changed)
        {
            cache.Windows.Keep(task.Key, task.Aggregate(known[task.Key], (windows, window) => windows.With(window)));
        }
    }
}

/// <summary>When the book took nothing before a node started.</summary>
internal static class PauseFold
{
    /// <summary>So many seconds in which the book took something tell what was before a start.</summary>
    public const int Seconds = 16;

    /// <summary>A host asks again for so long before anybody wonders; and a node that starts serves first.</summary>
    private const long Shortest = 5;

    /// <param name="seconds">In which the book took something before, ascending.</param>
    /// <param name="last">The last pause, or the stop that may begin one.</param>
    /// <returns>Null where there is none.</returns>
    public static PauseModel? After(EventFacts facts, IEnumerable<long> seconds, PauseModel? last)
    {
        if (facts.Kind == EventKind.NodeStopped)
        {
            return new PauseModel(facts.Position, facts.ReceivedAt, null, Stopped: true);
        }

        if (facts.Kind != EventKind.NodeStarted)
        {
            return null;
        }

        var (start, until) = (Moment.SecondOf(facts.ReceivedAt), facts.ReceivedAt);
        foreach (var before in seconds.Reverse())
        {
            if (Moment.SecondOf(until) - before >= Shortest)
            {
                // Nothing came after the stop.
                return last is { Until: null } stop && Moment.SecondOf(stop.From) >= before && stop.From < until
                    ? stop with { Until = until }
                    : new PauseModel(facts.Position, TimeOf(before + 1), until, Stopped: false);
            }

            if (start - before > Shortest)
            {
                return null;
            }

            until = TimeOf(before);
        }

        return null;
    }

    private static Timestamp TimeOf(long second) =>
        new(DateTime.UnixEpoch.Ticks + second * TimeSpan.TicksPerSecond, 0);
}
