using System.Text.Json;

namespace Audit.Node.CommandLine.Reading;

/// <summary>A task for a person.</summary>
internal static class TaskText
{
    public static void Write(Surroundings surroundings, JsonElement task)
    {
        var page = new TextPage(surroundings);
        page.Title($"task {task.Cell("task_id")}");
        page.Line("agents", task.Cell("agents"));
        page.Line("calls", task.Cell("judged"));
        page.Line("violations", task.Cell("violations"));
        page.Line("from", task.Clock("first_at"));
        page.Line("until", task.Clock("last_at"));
        page.Table("windows", WindowsCommand.Shown, task.GetProperty("windows"));
        var calls = task.GetProperty("calls");
        page.Table("in a window", CallColumns.All, calls.GetProperty("in_window").GetProperty("items"));
        page.Table("OUTSIDE of any window", CallColumns.All, calls.GetProperty("outside_window").GetProperty("items"));
        page.Table("OUT OF SCOPE", CallColumns.All, calls.GetProperty("out_of_scope").GetProperty("items"));
    }
}
