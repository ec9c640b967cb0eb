using Audit.Lifecycle;
using Audit.Node.Pages.Shared;
using Audit.Projections;
using Judgement = Audit.Projections.Judgement;

namespace Audit.Node.Pages.Tasks;

/// <param name="Calls">Those with the judgement that is looked at.</param>
public sealed record TaskPageView(
    TaskModel Task, IReadOnlyList<WindowModel> Windows, Judgement Judgement, ListView<CallModel> Calls, Timestamp Now);
