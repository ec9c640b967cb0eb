namespace Audit.Projections.Queries;

/// <summary>A call with its messages in the order of arrival.</summary>
/// <param name="Transitions">The first thousand of them; the journal has all.</param>
public sealed record CallView(CallModel Call, IReadOnlyList<TransitionModel> Transitions);

/// <summary>A task with its windows, newest first.</summary>
/// <param name="Windows">The first hundred of them; the list of windows has all.</param>
public sealed record TaskView(TaskModel Task, IReadOnlyList<WindowModel> Windows);

/// <summary>A window, what was done in it, and what its agent did for the task without one.</summary>
/// <param name="Done">Every command in the time of the window, in order.</param>
/// <param name="Outside">Calls for the same task by the same agent outside of any window, newest first.</param>
/// <param name="OutOfScope">Calls with a tool that no open window let be used, newest first.</param>
public sealed record WindowView(
    WindowModel Window, Page<WindowCall> Done, Page<CallModel> Outside, Page<CallModel> OutOfScope);

/// <summary>A command that was given in the time of a window.</summary>
/// <param name="At">The first message of it in that time.</param>
/// <param name="Judgement">How that message was judged.</param>
/// <param name="Call">What was asked, what came of it, and who approved it.</param>
public sealed record WindowCall(Timestamp At, WindowJudgement Judgement, CallModel Call);

public sealed record WindowFilter
{
    public string? Task { get; init; }

    public string? Agent { get; init; }

    public Timestamp? OpenAt { get; init; }

    /// <summary>Only those that wait for somebody to approve them.</summary>
    public bool Requested { get; init; }
}
