using System.CommandLine;

namespace Audit.Node.CommandLine.Reading;

/// <summary>`audit windows [WINDOW]`.</summary>
internal static class WindowsCommand
{
    public static readonly Column[] Shown =
    [
        Column.Of("window_id", "window"), Column.Of("state"), Column.Of("task_id", "task"), Column.Of("agent"), Column.Of("scope"),
        new("from", item => item.Clock("opens_at")), new("until", item => item.Clock(item.Text("ended_at") is null ? "closes_at" : "ended_at")),
        Column.Of("requested_by", "requested by"), Column.Of("approved_by", "approved by"), Column.Of("reason"),
    ];

    public static Command Make(Surroundings surroundings)
    {
        var command = new Command(
            "windows", "Lists task windows, newest first, or shows one: who approved it, every command in it, and what was done outside.");
        var window = new Argument<string?>("WINDOW") { Arity = ArgumentArity.ZeroOrOne, Description = "the window to show" };
        command.Arguments.Add(window);
        var task = ReadSymbols.AddText(command, "--task", "TASK", "only windows of this task");
        var agent = ReadSymbols.AddText(command, "--agent", "AGENT", "only windows of this agent");
        var openAt = ReadSymbols.AddText(command, "--open-at", "TIME|now", "only windows that are open then");
        var at = ReadSymbols.AddText(command, "--at", "POSITION|TIME", "one window as it was known then");
        var limit = ReadSymbols.AddLimit(command, "windows, or commands in one");
        var read = new ReadSymbols(surroundings, command);
        command.SetAction(async (parsed, cancellation) =>
        {
            using var node = await read.OpenAsync(parsed, cancellation);
            var format = read.Format(parsed);
            if (parsed.GetValue(window) is { } one)
            {
                var limited = Math.Min(parsed.GetValue(limit), 1000).ToString(System.Globalization.CultureInfo.InvariantCulture);
                var path = ReadSymbols.Query("v1/window", ("window", one), ("limit", limited), ("at", parsed.GetValue(at)));
                var answer = await node.AskAsync(path, cancellation);
                Answers.PrintOne(surroundings, format, answer, shown => WindowText.Write(surroundings, shown));
                return ExitCode.Fine;
            }

            var list = ReadSymbols.Query(
                "v1/windows", ("task", parsed.GetValue(task)), ("agent", parsed.GetValue(agent)), ("open_at", parsed.GetValue(openAt)));
            await Answers.PrintListAsync(
                surroundings, format, node.ListAsync(list, parsed.GetValue(limit), cancellation), Shown);
            return ExitCode.Fine;
        });
        return command;
    }
}
