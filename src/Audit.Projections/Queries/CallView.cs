using Audit.Projections.Models;

namespace Audit.Projections.Queries;

/// <summary>A call with its messages in the order of arrival.</summary>
/// <param name="Transitions">The first thousand of them; the journal has all.</param>
public sealed record CallView(CallModel Call, IReadOnlyList<TransitionModel> Transitions);
