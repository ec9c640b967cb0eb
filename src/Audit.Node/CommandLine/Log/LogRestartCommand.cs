using System.CommandLine;
using Audit.Node.CommandLine.Remote;
using Audit.Node.Configuration;

namespace Audit.Node.CommandLine.Log;

/// <summary>`audit log restart`: by way of the node, or of the store while none runs.</summary>
internal sealed class LogRestartCommand
{
    private readonly Surroundings surroundings;
    private readonly NodeOptionSymbols node;
    private readonly ServerSymbols server;

    private readonly Option<string> reason = new("--reason")
    {
        HelpName = "TEXT",
        Description = "why; it stays in the journal and in the log",
        Required = true,
    };

    private readonly Option<string> origin = new("--origin")
    {
        HelpName = "NAME",
        Description = "the new log's name; default: the old one with a number behind",
    };

    private LogRestartCommand(Surroundings surroundings, Command command)
    {
        this.surroundings = surroundings;
        command.Options.Add(reason);
        command.Options.Add(origin);
        server = ServerSymbols.AddTo(command);
        node = NodeOptionSymbols.AddStoreDataAndLogKey(command);
        command.SetAction(RunAsync);
    }

    public static Command Make(Surroundings surroundings)
    {
        var command = new Command(
            "restart", "Ends the log and starts a new one, after a backup was restored or a key must not sign any more.");
        _ = new LogRestartCommand(surroundings, command);
        return command;
    }

    private async Task<int> RunAsync(ParseResult parsed, CancellationToken cancellation)
    {
        var given = node.Gather(parsed, surroundings);
        var options = NodeOptionsReader.Read(given);
        var (why, name) = (RequireReason(parsed.GetRequiredValue(reason)), OptionalOrigin(parsed.GetValue(origin)));
        var key = await FindNodeAsync(parsed, given, options, cancellation) is { } client
            ? await NodeLogRestart.RunAsync(client, why, name, cancellation)
            : await StoreLogRestart.RunAsync(options, why, name, cancellation);
        surroundings.Out.WriteLine(key);
        surroundings.Error.WriteLine("This is the verifier key of the new log; give it to those who verify.");
        return ExitCode.Fine;
    }

    private async Task<NodeClient?> FindNodeAsync(
        ParseResult parsed, GivenOptions given, NodeOptions options, CancellationToken cancellation)
    {
        if (given[GivenOptions.Store]?.Where != "--store")
        {
            return await server.Locator(parsed, surroundings, options.Data).TryFindAsync(cancellation);
        }

        return server.NamesServer(parsed)
            ? throw CommandException.WrongUse("--server and --store name two places; accepted is one of them.")
            : null;
    }

    private static string RequireReason(string text) =>
        string.IsNullOrWhiteSpace(text) || text.Length > RestartEndpoint.LongestReason
            ? throw CommandException.WrongUse(
                $"--reason \"{text}\" is not accepted; accepted is a sentence of at most {RestartEndpoint.LongestReason} characters.")
            : text;

    private static string? OptionalOrigin(string? name) =>
        name is null || KeyName.IsValid(name)
            ? name
            : throw CommandException.WrongUse($"--origin \"{name}\" is not accepted; accepted are {KeyName.Accepted}.");
}
