using Audit.Projections.Models;

namespace Audit.Projections.Folding;

/// <summary>A call folded from its stream, with all its rows.</summary>
/// <param name="NamedTasks">The tasks that its messages name, by arrival.</param>
/// <param name="NamesNoTask">A message of it names none.</param>
internal sealed record Refolded(
    CallModel Call, IReadOnlyList<TransitionModel> Transitions, IReadOnlyList<ViolationModel> Violations,
    IReadOnlyList<string> NamedTasks, bool NamesNoTask);
