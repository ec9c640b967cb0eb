using Audit.Projections.Models;

namespace Audit.Projections.Queries;

/// <summary>A window, what was done in it, and what its agent did for the task without one.</summary>
/// <param name="Done">Every command in the time of the window, in order.</param>
/// <param name="Outside">Calls for the same task by the same agent outside of any window, newest first.</param>
/// <param name="OutOfScope">Calls with a tool that no open window let be used, newest first.</param>
public sealed record WindowView(
    WindowModel Window, Page<WindowDeed> Done, Page<CallModel> Outside, Page<CallModel> OutOfScope);
