using System.Security.Cryptography;

namespace Audit.Node.CommandLine.Hosts;

/// <summary>
/// `audit mcp -- COMMAND ARGS…` and `audit mcp --upstream URL`: stands between any agent and any server of MCP.
/// </summary>
internal static class McpCommand
{
    public static Command Make(Surroundings surroundings)
    {
        var command = new Command(
            "mcp", "Stands between an agent and a server of MCP, which is run with `audit mcp -- COMMAND ARGS…` or is "
            + "at `--upstream URL`: every call of a tool is decided and written down, or does not run.");
        var server = command.Declare(new Argument<string[]>("command")
        {
            HelpName = "COMMAND ARGS…",
            Description = "runs the server, which speaks over its standard streams; write -- before it",
            Arity = ArgumentArity.ZeroOrMore,
        });
        var upstream = command.AddText("--upstream", "URL", "the server, which speaks streamable HTTP");
        var listen = command.AddText(
            "--listen", "URL",
            "with --upstream: the address on this machine that the agent is given; default: a free port");
        var session = command.AddText("--session", "ID", "the session of the calls; default: one of each connection");
        var task = command.AddText("--task", "ID", "the task of the calls");
        var agent = command.AddText("--agent", "ID", "the agent that makes them");
        var wait = command.AddText("--wait", "TIME", "how long a call waits for a person who is asked, default 10m");
        var patience = command.AddText(
            "--patience", "TIME",
            "how long a result waits for its record before the agent is told that it is withheld, default 10s");
        var place = new PlaceSymbols(surroundings, command, GivenOptions.Data);
        command.SetAction(async (parsed, cancellation) =>
        {
            var named = HostOptions.Id(parsed, session, isSession: true);
            var (ofTask, ofAgent) = (HostOptions.Id(parsed, task), HostOptions.Id(parsed, agent));
            var times = new McpPatience(
                HostOptions.Time(parsed, wait, TimeSpan.FromMinutes(10)),
                HostOptions.Time(parsed, patience, TimeSpan.FromSeconds(10)));
            var run = parsed.GetValue(server) ?? [];
            var (url, at) = (HostOptions.Url(parsed, upstream), HostOptions.Url(parsed, listen));
            if (run.Length > 0 == url is not null || (at is not null && (url is null || !at.IsLoopback)))
            {
                throw CommandException.WrongUse(
                    "Accepted is `-- COMMAND ARGS…` or `--upstream URL`, and with the latter `--listen` with an "
                    + "address of this machine alone, such as http://127.0.0.1:7000.");
            }

            using var node = await place.Read(parsed).FindNodeAsync(cancellation);
            await using var outbox = new HostOutbox(node, Note);
            var facts = new McpServer(NewName(), url?.Host ?? Path.GetFileName(run[0]));
            var code = ExitCode.Fine;
            if (url is null)
            {
                var gate = Begin(facts.Connection);
                code = await new McpStdio(gate, surroundings, Note).RunAsync(run, cancellation);
                gate.NoteSession("ended");
            }
            else
            {
                using var http = new McpHttp(
                    url, isSession => isSession ? Begin(NewName()) : Open(facts.Connection), Note);
                await http.RunAsync(
                    at ?? new Uri("http://127.0.0.1:0"), address => surroundings.Out.WriteLine(address), cancellation);
            }

            return await outbox.CloseAsync(times.Record) || code != ExitCode.Fine ? code : ExitCode.CannotReachNode;

            McpGate Begin(string name)
            {
                var begun = Open(name);
                begun.NoteSession("started");
                return begun;
            }

            McpGate Open(string name) => new(
                new HostDesk(node, new HostNames(named ?? $"mcp-{name}", ofTask, ofAgent)), outbox, times, facts,
                named is null, Note);
        });
        return command;

        void Note(string sentence) => surroundings.Error.WriteLine(PrintableText.Of($"audit mcp: {sentence}"));
    }

    private static string NewName() => Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(5));
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

    public static Uri? Url(ParseResult parsed, Option<string> option) =>
        parsed.GetValue(option) is not { } text ? null
        : Uri.TryCreate(text, UriKind.Absolute, out var url) && url.Scheme is "http" or "https" ? url
        : throw CommandException.WrongUse(
            $"{option.Name} \"{text}\" is not accepted; accepted is an address such as http://127.0.0.1:3001/mcp.");
}
