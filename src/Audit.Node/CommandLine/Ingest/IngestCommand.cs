using System.CommandLine;
using Audit.Node.CommandLine.Remote;
using Audit.Node.Configuration;

namespace Audit.Node.CommandLine.Ingest;

/// <summary>`audit ingest [FORMAT] FILE|-`.</summary>
internal sealed class IngestCommand
{
    private readonly Surroundings surroundings;
    private readonly NodeOptionSymbols node;
    private readonly ServerSymbols server;

    private readonly Argument<string[]> input = new("input")
    {
        HelpName = "[FORMAT] FILE|-",
        Description = "NDJSON: an item or a tool audit record a line, or with a FORMAT another system's stream ("
            + string.Join(", ", FormatReaders.Names) + "); - reads the standard input",
        Arity = new ArgumentArity(1, 2),
    };

    private readonly Option<string> session = new("--session")
    {
        HelpName = "ID",
        Description = "the session of items that name none; needed for bare records",
    };

    private readonly Option<string> task = new("--task") { HelpName = "ID", Description = "the task of items that name none" };
    private readonly Option<string> agent = new("--agent") { HelpName = "ID", Description = "the agent of items that name none" };
    private readonly Option<OutputFormat> output = OutputOption.Make();

    private IngestCommand(Surroundings surroundings, Command command)
    {
        this.surroundings = surroundings;
        command.Arguments.Add(input);
        command.Options.Add(session);
        command.Options.Add(task);
        command.Options.Add(agent);
        command.Options.Add(output);
        server = ServerSymbols.AddTo(command);
        node = NodeOptionSymbols.AddDataOnly(command);
        command.SetAction(RunAsync);
    }

    public static Command Make(Surroundings surroundings)
    {
        var command = new Command("ingest", "Sends records to a node and says what became of them.");
        _ = new IngestCommand(surroundings, command);
        return command;
    }

    private async Task<int> RunAsync(ParseResult parsed, CancellationToken cancellation)
    {
        var data = NodeOptionsReader.Read(node.Gather(parsed, surroundings)).Data;
        var named = parsed.GetRequiredValue(input);
        var format = named.Length == 2 ? RequireFormat(named[0]) : null;
        await using var stream = OpenInput(named[^1]);
        using var client = await server.Locator(parsed, surroundings, data).FindAsync(cancellation);
        var report = new IngestReport(surroundings, parsed.GetValue(output));
        var headers = Headers(parsed);
        Func<Task> deliver = format is null
            ? () => new Delivery(new BatchSender(client, headers), report).RunAsync(stream, cancellation)
            : () => new FormatDelivery(client, format, headers, report).RunAsync(stream, cancellation);
        try
        {
            await report.FollowAsync(stream, deliver);
        }
        finally
        {
            report.Summarize();
        }
        return report.Counts.IsClean ? ExitCode.Fine : ExitCode.Failed;
    }

    private static string RequireFormat(string name) => FormatReaders.Names.Contains(name)
        ? name
        : throw CommandException.WrongUse(
            $"The format \"{name}\" is not known; accepted are {string.Join(", ", FormatReaders.Names)}.");

    private Stream OpenInput(string path)
    {
        if (path == "-")
        {
            return surroundings.OpenInput();
        }

        try
        {
            return new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, bufferSize: 0);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException or ArgumentException)
        {
            throw CommandException.WrongUse($"The file cannot be read: {failure.Message}");
        }
    }

    private IReadOnlyList<KeyValuePair<string, string>> Headers(ParseResult parsed) =>
    [
        .. Header("Audit-Session", parsed.GetValue(session)),
        .. Header("Audit-Task", parsed.GetValue(task)),
        .. Header("Audit-Agent", parsed.GetValue(agent)),
    ];

    private static IEnumerable<KeyValuePair<string, string>> Header(string name, string? value) =>
        value is null ? [] : [KeyValuePair.Create(name, value)];
}
