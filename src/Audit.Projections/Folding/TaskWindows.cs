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

    /// <summary>Some of them let count what was reported late.</summary>
    public bool AcceptSpans => Array.Exists(byEnd, window => window.Accepted.Count > 0);

    /// <summary>These windows with one of them as it has become.</summary>
    public TaskWindows With(WindowModel changed) =>
        new(byEnd.Where(window => window.Id != changed.Id).Append(changed));

    /// <summary>
    /// One open window whose scope has the tool suffices. Of several the one that needs the fewest words is named, and
    /// of those the oldest.
    /// </summary>
    public WindowMatch Judge(in JudgedMessage message)
    {
        var best = new WindowMatch(WindowJudgement.OutsideWindow, null);
        var bestId = long.MaxValue;
        for (var index = byEnd.Length - 1; index >= 0 && byEnd[index].Until > message.At; index--)
        {
            // What was received before a window opened was not done in it, wherever its host's clock stood.
            var window = byEnd[index];
            if (window.Agent != message.Agent || message.At < window.OpensAt || message.ReceivedAt < window.OpensAt
                || !window.IsFor(message.Session.Source))
            {
                continue;
            }

            var match = window.Allows(message.Tool ?? "")
                ? window.Judge(message)
                : new WindowMatch(WindowJudgement.OutOfScope, window.WindowId);
            var order = (match.Judgement, match.Marks, window.Id).CompareTo((best.Judgement, best.Marks, bestId));
            (best, bestId) = order < 0 ? (match, window.Id) : (best, bestId);
        }

        return best;
    }
}

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

/// <summary>A task after one more event that names it, and after a call of it became another one.</summary>
internal static class TaskFold
{
    public static TaskModel Name(TaskModel? task, string taskId, string? agent, Timestamp at, long position)
    {
        var known = task ?? new TaskModel(position, taskId, NameSet.Empty);
        return known with
        {
            Agents = known.Agents.Add(agent),
            FirstAt = Instants.Earlier(known.FirstAt, at),
            LastAt = Instants.Later(known.LastAt, at),
            LastPosition = position,
        };
    }

    /// <param name="before">The call as it was while it was the task's.</param>
    /// <param name="after">The call as it is, if it is the task's.</param>
    public static TaskModel Count(TaskModel task, CallModel? before, CallModel? after) => task with
    {
        Calls = task.Calls + (after is null ? 0 : 1) - (before is null ? 0 : 1),
        OpenCalls = task.OpenCalls + (after?.IsOpen == true ? 1 : 0) - (before?.IsOpen == true ? 1 : 0),
        Violations = task.Violations + (after?.Violations ?? 0) - (before?.Violations ?? 0),
        Judged = task.Judged.Change(before?.Judged, after?.Judged),
    };
}
