using System.CommandLine;
using Audit.Node.CommandLine.Remote;
using Audit.Node.CommandLine.Verify;
using Audit.Node.Configuration;

namespace Audit.Node.CommandLine.Export;

/// <summary>`audit export --bundle FILE`.</summary>
internal sealed class ExportCommand
{
    private readonly Surroundings surroundings;
    private readonly NodeOptionSymbols node;
    private readonly ServerSymbols server;

    private readonly Option<string> bundle = new("--bundle")
    {
        HelpName = "FILE",
        Description = "the zip file to write: rows, log, checkpoint, key, and how to check them by hand",
        Required = true,
    };

    private ExportCommand(Surroundings surroundings, Command command)
    {
        this.surroundings = surroundings;
        command.Options.Add(bundle);
        server = ServerSymbols.AddTo(command);
        node = NodeOptionSymbols.AddStoreAndData(command);
        command.SetAction(RunAsync);
    }

    public static Command Make(Surroundings surroundings)
    {
        var command = new Command("export", "Writes all that is sealed into one file that can be verified anywhere.");
        _ = new ExportCommand(surroundings, command);
        return command;
    }

    private async Task<int> RunAsync(ParseResult parsed, CancellationToken cancellation)
    {
        var given = node.Gather(parsed, surroundings);
        var options = NodeOptionsReader.Read(given);
        var path = parsed.GetRequiredValue(bundle);
        if (path.Length == 0 || Directory.Exists(path))
        {
            throw CommandException.WrongUse($"--bundle \"{path}\" is not accepted; accepted is the path of a file.");
        }

        var place = LogPlace.Choose(
            null, given, server.NamesServer(parsed), server.Locator(parsed, surroundings, options.Data), options);
        await place.ExportAsync(path, surroundings, cancellation).ConfigureAwait(false);
        surroundings.Error.WriteLine(
            $"Everything that is sealed is in {PrintableText.Of(path)}; `audit verify --bundle` verifies it.");
        return ExitCode.Fine;
    }
}
