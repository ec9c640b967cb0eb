using Audit.Projections.Models;

namespace Audit.Projections.Queries;

/// <summary>A task with its windows, newest first.</summary>
/// <param name="Windows">The first hundred of them; the list of windows has all.</param>
public sealed record TaskView(TaskModel Task, IReadOnlyList<WindowModel> Windows);
