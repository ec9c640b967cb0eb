using Audit.Lifecycle.Calls;
using Audit.Lifecycle.Time;
using Audit.Node.Pages.Shared;
using Audit.Projections.Calls;
using Audit.Projections.Queries;
using Audit.Projections.Windows;

namespace Audit.Node.Pages.Tasks;

/// <param name="Calls">Those with the judgement that is looked at.</param>
public sealed record TaskPageView(
    TaskModel Task, IReadOnlyList<WindowModel> Windows, WindowJudgement Judgement, ListView<CallModel> Calls, Timestamp Now);
