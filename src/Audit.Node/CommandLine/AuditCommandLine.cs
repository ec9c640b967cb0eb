using System.Reflection;
using Audit.Integrity.Keeping;
using Audit.Node.CommandLine.Demo;
using Audit.Node.CommandLine.Hosts;
using Audit.Node.CommandLine.Ingest;
using Audit.Node.CommandLine.Operating;
using Audit.Node.CommandLine.Reading;
using Audit.Node.Hosting;

namespace Audit.Node.CommandLine;

/// <summary>The executable's verbs. Whatever ends one early is a sentence on stderr and an exit code.</summary>
public static class AuditCommandLine
{
    private static readonly string[] OptionsOfTheRoot = ["-h", "--help", "-?", "/?", "/h", "--version"];

    public static async Task<int> RunAsync(string[] args, Surroundings surroundings, CancellationToken cancellation)
    {
        if (args is [['-', ..] option, ..] && !OptionsOfTheRoot.Contains(option))
        {
            surroundings.Error.WriteLine(PrintableText.Of(
                $"Before {option} stands a verb: a node is started by `audit serve {string.Join(' ', args)}`."));
            return ExitCode.WrongUse;
        }

        var root = MakeRoot(surroundings);
        var parsed = root.Parse(args.Length == 0 ? ["--help"] : HelpCommands.Turn(args, root));
        if (parsed.Errors.Count > 0)
        {
            return Refuse(parsed, surroundings.Error);
        }

        try
        {
            // Whoever calls watches the process's signals; the parser's watch would end it after two seconds.
            var invocation = new InvocationConfiguration
            {
                Output = surroundings.Out,
                Error = surroundings.Error,
                EnableDefaultExceptionHandler = false,
                ProcessTerminationTimeout = null,
            };
            return await parsed.InvokeAsync(invocation, cancellation);
        }
        catch (Exception failure) when (Explain(failure, cancellation) is { } explained)
        {
            surroundings.Error.WriteLine(PrintableText.Of(explained.Message));
            return explained.ExitCode;
        }
        catch (Exception fault)
        {
            surroundings.Error.WriteLine("The program met an error that it did not expect:");
            surroundings.Error.WriteLine(fault);
            return ExitCode.Failed;
        }
    }

    private static RootCommand MakeRoot(Surroundings surroundings) => new(
        "Keeps the book of every tool call of every AI agent. `audit serve` starts a node; `audit help VERB` explains.")
    {
        MakeServe(surroundings),
        DemoCommand.Make(surroundings),
        IngestCommand.Make(surroundings),
        SessionCommands.MakeList(surroundings),
        SessionCommands.MakeShow(surroundings),
        TaskCommand.Make(surroundings),
        WindowCommand.Make(surroundings),
        DecideCommands.MakeWaiting(surroundings),
        DecideCommands.MakeApprove(surroundings),
        DecideCommands.MakeRefuse(surroundings),
        OrderCommands.MakeApprovals(surroundings),
        OrderCommands.MakeStop(surroundings),
        DifferenceCommand.Make(surroundings),
        ReviewCommands.MakeList(surroundings),
        ReviewCommands.MakeReview(surroundings),
        CaseCommands.Make(surroundings),
        SearchCommand.Make(surroundings),
        ViewCommands.Make(surroundings),
        EventCommands.MakeTail(surroundings),
        EventCommands.MakeWatch(surroundings),
        EventCommands.MakeReplay(surroundings),
        ModelCommands.MakeRebuild(surroundings),
        ModelCommands.MakeProjections(surroundings),
        VerifyCommand.Make(surroundings),
        ExportCommand.Make(surroundings),
        PolicyCommands.Make(surroundings),
        McpCommand.Make(surroundings),
        McpServerCommand.Make(surroundings, RunAsync),
        HookCommand.Make(surroundings),
        LogCommands.Make(surroundings),
        WitnessCommand.Make(surroundings),
        KeyCommands.Make(surroundings),
        KeepingCommands.MakeBackup(surroundings),
        KeepingCommands.MakeRestore(surroundings),
        KeepingCommands.MakeDoctor(surroundings),
        MigrateCommand.Make(surroundings),
        ArchiveCommands.Make(surroundings),
        AlertCommands.Make(surroundings),
        KeepCommands.Make(surroundings),
        OrderCommands.MakeErase(surroundings),
        OrderCommands.MakeHold(surroundings),
        TokenCommands.Make(surroundings),
        TokenCommands.MakeSource(surroundings),
        HelpCommands.MakeCompletion(surroundings),
        HelpCommands.MakeComplete(surroundings, () => MakeRoot(surroundings)),
        HelpCommands.MakeMan(surroundings, () => MakeRoot(surroundings)),
        HelpCommands.MakeHelp(),
        MakeVersion(surroundings),
    };

    private static Command MakeServe(Surroundings surroundings)
    {
        var command = new Command("serve", "Runs a node until it is asked to stop.");
        var node = new NodeOptionSymbols(command);
        command.SetAction((parsed, cancellation) =>
            NodeHost.RunAsync(NodeOptionsReader.Read(node.Gather(parsed, surroundings)), cancellation));
        return command;
    }

    private static Command MakeVersion(Surroundings surroundings)
    {
        var version = typeof(AuditCommandLine).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()!;
        var command = new Command("version", "Prints the version.");
        command.SetAction(_ => surroundings.Out.WriteLine(version.InformationalVersion));
        return command;
    }

    private static int Refuse(ParseResult parsed, TextWriter error)
    {
        foreach (var message in parsed.Errors.Select(problem => problem.Message).Distinct())
        {
            error.WriteLine(PrintableText.Of(message));
        }

        if (HelpCommands.Meant(parsed) is { } meant)
        {
            error.WriteLine(PrintableText.Of(meant));
        }

        error.WriteLine($"`{PathOf(parsed.CommandResult)} --help` lists what is accepted.");
        return ExitCode.WrongUse;
    }

    internal static string PathOf(System.CommandLine.Parsing.CommandResult command) =>
        command.Parent is System.CommandLine.Parsing.CommandResult parent
            ? $"{PathOf(parent)} {command.Command.Name}"
            : "audit";

    private static CommandException? Explain(Exception failure, CancellationToken cancellation) => failure switch
    {
        CommandException command => command,
        NodeException node => new CommandException(CodeOf(node.Trouble), node.Message),
        OptionException or StoreException or BackupException or NodeStartException =>
            CommandException.WrongUse(failure.Message),
        JournalUnavailableException or UnprovenRowException => CommandException.Failed(failure.Message),
        OperationCanceledException when cancellation.IsCancellationRequested => CommandException.Failed("Interrupted."),
        _ => null,
    };

    private static int CodeOf(NodeTrouble trouble) => trouble switch
    {
        NodeTrouble.Unreachable => ExitCode.CannotReachNode,
        NodeTrouble.Unsendable => ExitCode.WrongUse,
        _ => ExitCode.Failed,
    };
}
