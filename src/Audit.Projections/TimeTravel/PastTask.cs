using Audit.Projections.Models;

namespace Audit.Projections.TimeTravel;

/// <summary>A task as it was: its windows and its calls, newest first.</summary>
public sealed record PastTask(string TaskId, IReadOnlyList<WindowModel> Windows, IReadOnlyList<CallModel> Calls)
{
    /// <summary>Its calls by the gravest judgement that each had.</summary>
    public JudgementCounts Judged => Calls.Aggregate(default(JudgementCounts), (counts, call) => counts.Add(call.Judgement, 1));
}
