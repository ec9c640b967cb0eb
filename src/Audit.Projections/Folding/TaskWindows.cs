namespace Audit.Projections.Folding;

/// <summary>The windows of one task that were ever open, and what they say of a message.</summary>
internal sealed class TaskWindows
{
    public static readonly TaskWindows None = new([]);

    /// <summary>By their end, so that a message of today meets only the windows that end after it.</summary>
    private readonly WindowModel[] byEnd;

    public TaskWindows(IEnumerable<WindowModel> windows) =>
        byEnd =
        [
            .. windows
                .Where(window => window.Until is not null)
                .OrderBy(window => window.Until!.Value)
                .ThenBy(window => window.Id),
        ];

    /// <summary>These windows with one of them as it has become.</summary>
    public TaskWindows With(WindowModel changed) =>
        new(byEnd.Where(window => window.Id != changed.Id).Append(changed));

    /// <summary>One open window whose scope has the tool suffices. Of several the oldest is named.</summary>
    public WindowMatch Judge(string? agent, string? tool, Timestamp at)
    {
        WindowModel? allowing = null;
        WindowModel? open = null;
        for (var index = byEnd.Length - 1; index >= 0 && byEnd[index].Until > at; index--)
        {
            var window = byEnd[index];
            if (window.Agent != agent || at < window.OpensAt)
            {
                continue;
            }

            open = Older(open, window);
            allowing = window.Allows(tool ?? "") ? Older(allowing, window) : allowing;
        }

        return allowing is not null ? new WindowMatch(WindowJudgement.InWindow, allowing.WindowId)
            : open is not null ? new WindowMatch(WindowJudgement.OutOfScope, open.WindowId)
            : new WindowMatch(WindowJudgement.OutsideWindow, null);
    }

    private static WindowModel Older(WindowModel? known, WindowModel other) =>
        known is null || other.Id < known.Id ? other : known;
}

/// <param name="Window">The window that let it be done, or that was open and did not.</param>
internal readonly record struct WindowMatch(WindowJudgement Judgement, string? Window);

/// <summary>Reads the windows of tasks from the cache or the store.</summary>
internal static class TaskWindowsReader
{
    public static async Task<Dictionary<string, TaskWindows>> ReadAsync(
        IReadSession session, ReadCache cache, IReadOnlyCollection<string> tasks, CancellationToken cancellation)
    {
        var windows = new Dictionary<string, TaskWindows>();
        var missing = new List<string>();
        foreach (var task in tasks)
        {
            if (cache.Windows.Find(task) is { } known)
            {
                windows[task] = known;
            }
            else
            {
                missing.Add(task);
            }
        }

        if (missing.Count == 0)
        {
            return windows;
        }

        var found = await session.FindAsync(ReadTables.Windows, [new KeyColumn("task_id", missing)], cancellation);
        var byTask = found.ToLookup(window => window.Task!);
        foreach (var task in missing)
        {
            windows[task] = byTask.Contains(task) ? new TaskWindows(byTask[task]) : TaskWindows.None;
            cache.Windows.Keep(task, windows[task]);
        }

        return windows;
    }
}
