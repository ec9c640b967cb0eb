using Audit.Projections.Stores;

namespace Audit.Projections.Folding;

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
