namespace Audit.Projections.Models;

/// <summary>How a message stands to the windows of its task and agent, from the least to the most grave.</summary>
public enum WindowJudgement : byte
{
    /// <summary>It belongs to no task, so there is nothing to judge it by.</summary>
    NoTask,

    InWindow,

    /// <summary>A window was open, and none that was lets the tool be used.</summary>
    OutOfScope,

    OutsideWindow,
}
