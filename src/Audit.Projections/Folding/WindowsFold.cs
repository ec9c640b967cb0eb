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

    public async Task FollowAsync(IReadOnlyList<EventFacts> events, ReadBatch batch)
    {
        var ofWindows = events.Where(one => one.Kind == EventKind.Window).ToList();
        if (ofWindows.Count == 0)
        {
            return;
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
