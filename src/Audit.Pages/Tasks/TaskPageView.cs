using Audit.Pages.Shared;

namespace Audit.Pages.Tasks;

/// <param name="Calls">Those with the judgement that is looked at.</param>
public sealed record TaskPageView(
    TaskModel Task, IReadOnlyList<WindowModel> Windows, WindowJudgement Judgement, ListView<CallModel> Calls, Timestamp Now);
