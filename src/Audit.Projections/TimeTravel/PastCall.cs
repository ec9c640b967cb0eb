using Audit.Projections.Models;

namespace Audit.Projections.TimeTravel;

/// <summary>A call as it was, with its messages in the order of the history.</summary>
public sealed record PastCall(CallModel Call, IReadOnlyList<TransitionModel> Transitions, IReadOnlyList<ViolationModel> Violations);
