using System.Security.Cryptography;

namespace Audit.Node.CommandLine.Hosts;

/// <summary>`audit mcp -- COMMAND ARGS…`: stands between any agent and any server of MCP.</summary>
internal static class McpCommand
{
    public static Command Make(Surroundings surroundings)
    {
        var command = new Command(
            "mcp", "Stands between an agent and a server of MCP, which is run with `audit mcp -- COMMAND ARGS…`: every "
            + "call of a tool is decided and written down, or does not run.");
        var server = command.Declare(new Argument<string[]>("command")
        {
            HelpName = "COMMAND ARGS…",
            Description = "runs the server, which speaks over its standard streams; write -- before it",
            Arity = ArgumentArity.OneOrMore,
        });
        var session = command.AddText("--session", "ID", "the session of the calls; default: one of this connection");
        var task = command.AddText("--task", "ID", "the task of the calls");
        var agent = command.AddText("--agent", "ID", "the agent that makes them");
        var wait = command.AddText("--wait", "TIME", "how long a call waits for a person who is asked, default 10m");
        var patience = command.AddText(
            "--patience", "TIME",
            "how long a result waits for its record before the agent is told that it is withheld, default 10s");
        var place = new PlaceSymbols(surroundings, command, GivenOptions.Data);
        command.SetAction(async (parsed, cancellation) =>
        {
            var connection = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(5));
            var own = parsed.GetValue(session) is null;
            var names = new HostNames(
                HostOptions.Id(parsed, session, isSession: true) ?? $"mcp-{connection}", HostOptions.Id(parsed, task),
                HostOptions.Id(parsed, agent));
            var times = new McpPatience(
                HostOptions.Time(parsed, wait, TimeSpan.FromMinutes(10)),
                HostOptions.Time(parsed, patience, TimeSpan.FromSeconds(10)));
            var run = parsed.GetRequiredValue(server);
            using var node = await place.Read(parsed).FindNodeAsync(cancellation);
            await using var outbox = new RecordOutbox(node, Note);
            var called = Path.GetFileName(run[0]);
            var gate = new McpGate(new HostDesk(node, names), outbox, times, connection, called, Note);
            if (own)
            {
                _ = outbox.Post(HostJson.Note(names, "started", json => json.WriteString("mcp_server"u8, called)));
            }

            var code = await new McpStdio(gate, surroundings, Note).RunAsync(run, cancellation);
            if (own)
            {
                _ = outbox.Post(HostJson.Note(names, "ended", json => json.WriteNumber("exit_code"u8, code)));
            }

            await outbox.CloseAsync(times.Record);
            return code;
        });
        return command;

        void Note(string sentence) => surroundings.Error.WriteLine(PrintableText.Of($"audit mcp: {sentence}"));
    }
}

/// <summary>What the commands that speak for a host are given.</summary>
internal static class HostOptions
{
    public static string? Id(ParseResult parsed, Option<string> option, bool isSession = false) =>
        parsed.GetValue(option) is not { } id ? null
        : Ids.Refuse(id, Ids.MaxBytes, isSession) is { } refusal
            ? throw CommandException.WrongUse($"{option.Name} \"{id}\" is not accepted: {refusal}.")
        : id;

    public static TimeSpan Time(ParseResult parsed, Option<string> option, TimeSpan otherwise) =>
        parsed.GetValue(option) is not { } text ? otherwise
        : DurationText.TryParse(text, out var time) ? time
        : throw CommandException.WrongUse(
            $"{option.Name} \"{text}\" is not accepted; accepted is {DurationText.Accepted}.");
}
