using System.CommandLine;

namespace Audit.Node.CommandLine.Reading;

/// <summary>`audit tail`.</summary>
internal static class TailCommand
{
    public static Command Make(Surroundings surroundings)
    {
        var command = new Command("tail", "Follows the journal as it is written, until it is interrupted.");
        var session = ReadSymbols.AddText(command, "--session", "SESSION", "only this session");
        var task = ReadSymbols.AddText(command, "--task", "TASK", "only this task");
        var tool = ReadSymbols.AddText(command, "--tool", "TOOL", "only this tool; * stands for anything");
        var after = ReadSymbols.AddText(command, "--after", "POSITION|now", "begin behind this position, default now");
        var count = new Option<int?>("--count") { HelpName = "N", Description = "end after so many events" };
        command.Options.Add(count);
        var read = new ReadSymbols(surroundings, command);
        command.SetAction(async (parsed, cancellation) =>
        {
            using var node = await read.OpenAsync(parsed, cancellation);
            var path = ReadSymbols.Query(
                "v1/events", ("after", parsed.GetValue(after) ?? "now"), ("session", parsed.GetValue(session)),
                ("task", parsed.GetValue(task)), ("tool", parsed.GetValue(tool)));
            var left = parsed.GetValue(count) ?? int.MaxValue;
            await foreach (var happened in new ServerSentEvents(node.Client, path).ReadAsync(cancellation))
            {
                if (read.Format(parsed) == OutputFormat.Table)
                {
                    surroundings.Out.WriteLine(EventLine.Of(happened, surroundings.OutIsTerminal));
                }
                else
                {
                    Answers.WriteLine(surroundings, happened);
                }

                surroundings.Out.Flush();
                if (--left == 0)
                {
                    break;
                }
            }

            return ExitCode.Fine;
        });
        return command;
    }
}
