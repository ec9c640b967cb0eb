namespace Audit.Node.CommandLine.Reading;

/// <summary>`audit tasks [TASK]`.</summary>
internal static class TaskCommand
{
    private static readonly Column<TaskAnswer>[] Shown =
    [
        new("task", task => task.TaskId) { Least = 20 },
        new("windows", task => task.WindowsCount, Rank: 4) { IsRigid = true },
        new("calls", task => task.CallsCount) { IsRigid = true },
        new("open", task => task.OpenCalls, Rank: 3) { IsRigid = true },
        new("judged", task => CountsOf(task.Judged)),
        new(
            "violations", task => task.Violations, Colour: task => task.Violations > 0 ? Ansi.Loud : Ansi.Faint)
        { IsRigid = true },
        new("agents", task => task.Agents, Rank: 2),
        new("first", task => Cells.Clock(task.FirstAt), Rank: 5) { IsRigid = true },
        new("last", task => Cells.Clock(task.LastAt), Rank: 1) { IsRigid = true },
    ];

    public static Command Make(Surroundings surroundings)
    {
        var command = new Command("tasks", "Lists the tasks, newest first, or shows one with its windows and calls.");
        var task = command.AddOptionalName("TASK", "the task to show");
        var query = command.AddText("--of", "QUERY", "the task of the newest call that a search finds");
        var limit = command.AddLimit("tasks, or calls of each kind");
        var at = command.AddMoment("one task as it was known then");
        return command.Asks(
            surroundings,
            async asked =>
            {
                var one = asked.Get(query) is { } text ? await TaskOfAsync(asked, text) : asked.Get(task);
                await (one is null
                    ? asked.PrintListAsync(asked.Get(limit), "tasks", "v1/tasks", WireJson.Default.TaskAnswer, Shown)
                    : asked.PrintAsync(
                        "v1/task", WireJson.Default.TaskDetailAnswer, Write, limit, at, ("task", one)));
            },
            parsed =>
            {
                if (parsed.GetValue(query) is not { } text)
                {
                    return;
                }

                if (parsed.GetValue(task) is not null)
                {
                    throw CommandException.WrongUse("Either TASK or --of is expected.");
                }

                SearchCommand.RequireQuery(surroundings, text);
            });
    }

    /// <summary>For what something was done, by what is known of it.</summary>
    private static async Task<string> TaskOfAsync(Asked asked, string query)
    {
        var found = await asked.AskAsync(
            "v1/search", WireJson.Default.SearchPageAnswer, ("q", query), ("limit", "1"));
        return found.Value.Items is not [var hit]
            ? throw CommandException.Failed($"Nothing in the book matches \"{query}\".")
            : hit.TaskId ?? throw CommandException.Failed(
                $"The call {hit.ToolCallId} of the session {hit.SessionId} was made for no task.");
    }

    private static void Write(Surroundings surroundings, TaskDetailAnswer task)
    {
        var page = new TextPage(surroundings);
        page.Title($"task {Cells.Of(task.TaskId)}");
        page.Line("agents", task.Agents);
        page.Line("calls", CountsOf(task.Judged));
        page.Line("violations", task.Violations);
        page.Line("from", Cells.Clock(task.FirstAt));
        page.Line("until", Cells.Clock(task.LastAt));
        page.Table("windows", WindowCommand.Shown, task.Windows);
        page.Table("in a window", CallColumns.All, task.Calls.InWindow.Items);
        page.Table("OUTSIDE of any window", CallColumns.All, task.Calls.OutsideWindow.Items);
        page.Table("OUT OF SCOPE", CallColumns.All, task.Calls.OutOfScope.Items);
        page.Table("REPORTED LATE into a window", CallColumns.All, task.Calls.WindowUnproven.Items);
        page.End();
    }

    private static Dictionary<string, int> CountsOf(JudgedAnswer judged) => new()
    {
        [WireOf.Of(WindowJudgement.InWindow)] = judged.InWindow,
        [WireOf.Of(WindowJudgement.OutsideWindow)] = judged.OutsideWindow,
        [WireOf.Of(WindowJudgement.OutOfScope)] = judged.OutOfScope,
        [WireOf.Of(WindowJudgement.WindowUnproven)] = judged.WindowUnproven,
        [WireOf.Of(WindowJudgement.NoTask)] = judged.NoTask,
    };
}
