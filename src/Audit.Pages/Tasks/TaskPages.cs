using Audit.Pages.Rendering;

namespace Audit.Pages.Tasks;

/// <summary>`/tasks` and `/task?id=`.</summary>
internal static class TaskPages
{
    private static readonly WindowJudgement[] Judged = [WindowJudgement.InWindow, WindowJudgement.OutsideWindow, WindowJudgement.OutOfScope];

    public static void Map(PageMap pages)
    {
        pages.Get("/tasks", Roles.Read, ListAsync);
        pages.Get("/task", Roles.Read, ShowAsync);
    }

    private static async Task<PageAnswer> ListAsync(Visit visit) => PageAnswer.Show<TaskListPage>(
        "Tasks", "tasks", await visit.ListAsync(page => visit.Node.Reads.Models.TasksAsync(page, visit.Cancellation), visit.Visible.Sees));

    private static async Task<PageAnswer> ShowAsync(Visit visit)
    {
        var id = visit.Query.RequiredId("id");
        var word = visit.Query.Text("judgement") ?? ModelWords.Of(WindowJudgement.InWindow);
        var judgement = Judged.FirstOrDefault(one => ModelWords.Of(one) == word);
        if (judgement == default)
        {
            visit.Query.Refuse("judgement", $"in_window, outside_window or out_of_scope is expected, not \"{word}\".");
        }

        if (visit.Query.Problem is { } problem)
        {
            return PageAnswer.Wrong(problem);
        }

        await visit.CatchUpAsync();
        var models = visit.Node.Reads.Models;
        if (await models.TaskAsync(id, visit.Cancellation) is not { } found || !visit.Visible.Sees(found.Task))
        {
            return PageAnswer.Wrong(Problem.NotFound($"There is no task \"{id}\" that this token may see."));
        }

        var calls = await visit.ListAsync(page => models.CallsOfTaskAsync(id, judgement, page, visit.Cancellation), visit.Visible.Sees);
        var windows = found.Windows.Where(visit.Visible.Sees).Take(30).ToList();
        return PageAnswer.Show<TaskPage>($"Task {id}", "tasks", new TaskPageView(found.Task, windows, judgement, calls, visit.Now));
    }
}
