using System.CommandLine;

namespace Audit.Node.CommandLine.Reading;

/// <summary>`audit sessions`.</summary>
internal static class SessionsCommand
{
    private static readonly Column[] Shown =
    [
        Column.Of("session_id", "session"), Column.Of("calls"), Column.Of("states"), Column.Of("violations"),
        Column.Of("agents"), Column.Of("tasks"), new("first", item => item.Clock("first_at")),
        new("last", item => item.Clock("last_at")),
        new("told whole", item => item.GetProperty("completeness").Cell("complete")),
    ];

    public static Command Make(Surroundings surroundings)
    {
        var command = new Command("sessions", "Lists the sessions, newest first.");
        var limit = ReadSymbols.AddLimit(command, "sessions");
        var read = new ReadSymbols(surroundings, command);
        command.SetAction(async (parsed, cancellation) =>
        {
            using var node = await read.OpenAsync(parsed, cancellation);
            var sessions = node.ListAsync("v1/sessions", parsed.GetValue(limit), cancellation);
            await Answers.PrintListAsync(surroundings, read.Format(parsed), sessions, Shown);
            return ExitCode.Fine;
        });
        return command;
    }
}
