namespace Audit.Node.CommandLine.Reading;

/// <summary>`audit tasks [TASK]`.</summary>
internal static class TaskCommand
{
    private static readonly Column[] Shown =
    [
        Column.Of("task_id", "task"), Column.Of("windows_count", "windows"), Column.Of("calls_count", "calls"),
        Column.Of("open_calls", "open"), Column.Of("judged"), Column.Of("violations"), Column.Of("agents"),
        Column.Time("first_at", "first"), Column.Time("last_at", "last"),
    ];

    public static Command Make(Surroundings surroundings)
    {
        var command = new Command("tasks", "Lists the tasks, newest first, or shows one with its windows and calls.");
        var task = command.AddOptionalName("TASK", "the task to show");
        var limit = command.AddLimit("tasks, or calls of each kind");
        var at = command.AddMoment("one task as it was known then");
        return command.Asks(surroundings, async asked =>
        {
            if (asked.Get(task) is { } one)
            {
                var shown = await asked.AskAsync(
                    "v1/task", ("task", one), ("limit", asked.LimitInOne(limit)), ("at", asked.Get(at)));
                asked.Output.PrintOne(shown, answer => Write(surroundings, answer));
                return;
            }

            await asked.Output.PrintListAsync(asked.ListAsync(asked.Get(limit), "v1/tasks"), Shown);
        });
    }

    private static void Write(Surroundings surroundings, JsonElement task)
    {
        var page = new TextPage(surroundings);
        page.Title($"task {task.Cell("task_id")}");
        page.Line("agents", task.Cell("agents"));
        page.Line("calls", task.Cell("judged"));
        page.Line("violations", task.Cell("violations"));
        page.Line("from", task.ClockAt("first_at"));
        page.Line("until", task.ClockAt("last_at"));
        page.Table("windows", WindowCommand.Shown, task.GetProperty("windows"));
        var calls = task.GetProperty("calls");
        page.Table("in a window", CallColumns.All, calls.GetProperty("in_window").GetProperty("items"));
        page.Table("OUTSIDE of any window", CallColumns.All, calls.GetProperty("outside_window").GetProperty("items"));
        page.Table("OUT OF SCOPE", CallColumns.All, calls.GetProperty("out_of_scope").GetProperty("items"));
    }
}
