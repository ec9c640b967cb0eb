using System.CommandLine;
using Audit.Node.CommandLine.Remote;
using Audit.Node.CommandLine.Verify;
using Audit.Node.Configuration;

namespace Audit.Node.CommandLine.Export;

/// <summary>`audit export --bundle FILE`, or `--format FORMAT` for what others read.</summary>
internal sealed class ExportCommand
{
    private readonly Surroundings surroundings;
    private readonly NodeOptionSymbols node;
    private readonly ServerSymbols server;

    private readonly Option<string> bundle = new("--bundle")
    {
        HelpName = "FILE",
        Description = "the zip file to write: rows, log, checkpoint, key, and how to check them by hand",
    };

    private readonly Option<string>[] parts =
    [
        new("--format")
        {
            HelpName = "FORMAT",
            Description = $"writes the book to the standard output; accepted are {ExportRequest.Accepted}",
        },
        new("--session") { HelpName = "ID", Description = "only this session" },
        new("--task") { HelpName = "ID", Description = "only the windows, notes and calls of this task" },
        new("--window") { HelpName = "ID", Description = "only this window and what was done in it" },
        new("--after") { HelpName = "POSITION|TIME", Description = "only what is after" },
        new("--before") { HelpName = "POSITION|TIME", Description = "only what is before" },
    ];

    private ExportCommand(Surroundings surroundings, Command command)
    {
        this.surroundings = surroundings;
        command.Options.Add(bundle);
        foreach (var part in parts)
        {
            command.Options.Add(part);
        }

        server = ServerSymbols.AddTo(command);
        node = NodeOptionSymbols.AddStoreAndData(command);
        command.SetAction(RunAsync);
    }

    public static Command Make(Surroundings surroundings)
    {
        var command = new Command(
            "export", "Writes all that is sealed into one file that can be verified anywhere, or the book in a form that others read.");
        _ = new ExportCommand(surroundings, command);
        return command;
    }

    private async Task<int> RunAsync(ParseResult parsed, CancellationToken cancellation)
    {
        var given = node.Gather(parsed, surroundings);
        var options = NodeOptionsReader.Read(given);
        var locator = server.Locator(parsed, surroundings, options.Data);
        var said = parts.Where(part => parsed.GetValue(part) is not null)
            .ToDictionary(part => part.Name[2..], part => parsed.GetValue(part)!);
        var path = parsed.GetValue(bundle);
        var namesBook = said.Count > 0;
        if (path is null != namesBook)
        {
            throw CommandException.WrongUse("Either --bundle or --format is expected; the other options of the book go with --format.");
        }

        await (path is not null
            ? ExportBundleAsync(parsed, path, given, locator, options, cancellation)
            : ExportBookAsync(parsed, said, given, locator, options, cancellation));
        return ExitCode.Fine;
    }

    private async Task ExportBundleAsync(
        ParseResult parsed, string path, GivenOptions given, NodeLocator locator, NodeOptions options, CancellationToken cancellation)
    {
        if (path.Length == 0 || Directory.Exists(path))
        {
            throw CommandException.WrongUse($"--bundle \"{path}\" is not accepted; accepted is the path of a file.");
        }

        var place = LogPlace.Choose(null, given, server.NamesServer(parsed), locator, options);
        await place.ExportAsync(path, surroundings, cancellation);
        surroundings.Error.WriteLine(
            $"Everything that is sealed is in {PrintableText.Of(path)}; `audit verify --bundle` verifies it.");
    }

    private async Task ExportBookAsync(
        ParseResult parsed, Dictionary<string, string> said, GivenOptions given, NodeLocator locator, NodeOptions options,
        CancellationToken cancellation)
    {
        var request = ExportRequest.Read(
            said.GetValueOrDefault, (name, sentence) => throw CommandException.WrongUse($"--{name}: {sentence}"));
        var namesStore = given[GivenOptions.Store]?.Where == "--store";
        if (namesStore && server.NamesServer(parsed))
        {
            throw CommandException.WrongUse("--store and --server name different places; accepted is one of them.");
        }

        var place = new BookPlace(locator, options, namesStore);
        var query = QueryString.Create(said.Select(one => KeyValuePair.Create(one.Key, (string?)one.Value))).ToUriComponent();
        // A bar and lines of data on one terminal would write over each other.
        var bar = surroundings with { ErrorIsTerminal = surroundings.ErrorIsTerminal && !surroundings.OutIsTerminal };
        try
        {
            await RowsBar.ShowAsync(bar, "rows read", async progress =>
            {
                await place.ExportAsync(request, query, new BookOutput(surroundings, progress), cancellation);
                return request;
            });
        }
        catch (TooManyCallsException tooMany)
        {
            throw CommandException.Failed(tooMany.Message);
        }

        surroundings.Out.Flush();
    }
}
