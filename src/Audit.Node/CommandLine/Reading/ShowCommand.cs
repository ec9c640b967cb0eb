using System.CommandLine;

namespace Audit.Node.CommandLine.Reading;

/// <summary>`audit show SESSION [CALL]`.</summary>
internal static class ShowCommand
{
    public static Command Make(Surroundings surroundings)
    {
        var command = new Command("show", "Shows a session as a timeline, or one call of it message by message.");
        var session = new Argument<string>("SESSION") { Description = "the session" };
        var call = new Argument<string?>("CALL") { Arity = ArgumentArity.ZeroOrOne, Description = "one tool call of it" };
        command.Arguments.Add(session);
        command.Arguments.Add(call);
        var at = ReadSymbols.AddText(command, "--at", "POSITION|TIME", "as it was known then");
        var limit = ReadSymbols.AddLimit(command, "calls");
        var read = new ReadSymbols(surroundings, command);
        command.SetAction(async (parsed, cancellation) =>
        {
            using var node = await read.OpenAsync(parsed, cancellation);
            var (id, moment, format) = (parsed.GetRequiredValue(session), parsed.GetValue(at), read.Format(parsed));
            if (parsed.GetValue(call) is { } one)
            {
                var shown = await node.AskAsync(
                    ReadSymbols.Query("v1/call", ("session", id), ("call", one), ("at", moment)), cancellation);
                Answers.PrintOne(surroundings, format, shown, answer => CallText.Write(surroundings, answer));
                return ExitCode.Fine;
            }

            var told = await node.AskAsync(ReadSymbols.Query("v1/session", ("session", id), ("at", moment)), cancellation);
            var calls = await node.ListAsync(
                ReadSymbols.Query("v1/session/calls", ("session", id), ("at", moment)), parsed.GetValue(limit), cancellation)
                .ToListAsync(cancellation);
            Answers.PrintOne(surroundings, format, SessionText.Join(told, calls), _ => SessionText.Write(surroundings, told, calls));
            return ExitCode.Fine;
        });
        return command;
    }
}
