namespace Audit.Projections.Folding;

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
