using System.CommandLine;

namespace Audit.Node.CommandLine.Reading;

/// <summary>`audit tasks [TASK]`.</summary>
internal static class TasksCommand
{
    private static readonly Column[] Shown =
    [
        Column.Of("task_id", "task"), Column.Of("windows_count", "windows"), Column.Of("calls_count", "calls"),
        Column.Of("open_calls", "open"), Column.Of("judged"), Column.Of("violations"), Column.Of("agents"),
        new("first", item => item.Clock("first_at")), new("last", item => item.Clock("last_at")),
    ];

    public static Command Make(Surroundings surroundings)
    {
        var command = new Command("tasks", "Lists the tasks, newest first, or shows one with its windows and calls.");
        var task = new Argument<string?>("TASK") { Arity = ArgumentArity.ZeroOrOne, Description = "the task to show" };
        command.Arguments.Add(task);
        var limit = ReadSymbols.AddLimit(command, "tasks, or calls of each kind");
        var at = ReadSymbols.AddText(command, "--at", "POSITION|TIME", "one task as it was known then");
        var read = new ReadSymbols(surroundings, command);
        command.SetAction(async (parsed, cancellation) =>
        {
            using var node = await read.OpenAsync(parsed, cancellation);
            var format = read.Format(parsed);
            if (parsed.GetValue(task) is { } one)
            {
                var limited = Math.Min(parsed.GetValue(limit), 1000).ToString(System.Globalization.CultureInfo.InvariantCulture);
                var path = ReadSymbols.Query("v1/task", ("task", one), ("limit", limited), ("at", parsed.GetValue(at)));
                var answer = await node.AskAsync(path, cancellation);
                Answers.PrintOne(surroundings, format, answer, shown => TaskText.Write(surroundings, shown));
                return ExitCode.Fine;
            }

            await Answers.PrintListAsync(
                surroundings, format, node.ListAsync("v1/tasks", parsed.GetValue(limit), cancellation), Shown);
            return ExitCode.Fine;
        });
        return command;
    }
}
