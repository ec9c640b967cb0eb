namespace Audit.Pages.Windows;

/// <summary>`/tasks` and `/task?id=`.</summary>
internal sealed class TaskPages : IPageGroup
{
    public void Map(PageMap pages)
    {
        pages.Get("/tasks", Roles.Read, ListAsync).Scoped(Scope.Binding);
        pages.Get("/task", Roles.Read, ShowAsync).Scoped(Scope.Binding);
    }

    private static async Task<PageAnswer> ListAsync(Visit visit) => PageAnswer.Show<TaskListPage>(
        "Tasks", "tasks", await visit.ListAsync(visit.Reads.Models.TasksAsync));

    private static async Task<PageAnswer> ShowAsync(Visit visit)
    {
        var id = visit.Query.RequiredId("id");
        var judgement = visit.Judgement(
            WindowJudgement.InWindow, WindowJudgement.OutsideWindow, WindowJudgement.OutOfScope,
            WindowJudgement.WindowUnproven);
        await visit.CatchUpAsync();
        var models = visit.Reads.Models;
        if (await models.TaskAsync(id, visit.Cancellation) is not { } found)
        {
            return PageAnswer.Wrong(Problem.NotFound($"There is no task \"{id}\" that this token may see."));
        }

        var calls = await visit.ListAsync(
            (page, cancellation) => models.CallsOfTaskAsync(id, judgement, page, cancellation));
        var windows = found.Windows.Take(30).ToList();
        return PageAnswer.Show<TaskPage>(
            $"Task {id}", "tasks", new TaskPageView(found.Task, windows, judgement, calls, visit.Now));
    }
}

/// <param name="Calls">Those with the judgement that is looked at.</param>
public sealed record TaskPageView(
    TaskModel Task, IReadOnlyList<WindowModel> Windows, WindowJudgement Judgement, ListView<CallModel> Calls,
    Timestamp Now);
