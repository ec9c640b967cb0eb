using System.CommandLine;
using Audit.Node.CommandLine.Demo;
using Audit.Node.CommandLine.Export;
using Audit.Node.CommandLine.Ingest;
using Audit.Node.CommandLine.Log;
using Audit.Node.CommandLine.Reading;
using Audit.Node.CommandLine.Tokens;
using Audit.Node.CommandLine.Verify;
using Audit.Node.Configuration;
using Audit.Node.Hosting;

namespace Audit.Node.CommandLine;

/// <summary>The executable's verbs. Whatever ends one early is a sentence on stderr and an exit code.</summary>
public static class AuditCommandLine
{
    private static readonly string[] OptionsOfTheRoot = ["-h", "--help", "-?", "/?", "/h", "--version"];

    public static async Task<int> RunAsync(string[] args, Surroundings surroundings, CancellationToken cancellation)
    {
        var parsed = MakeRoot(surroundings).Parse(WithVerb(args));
        if (parsed.Errors.Count > 0)
        {
            return Refuse(parsed, surroundings.Error);
        }

        try
        {
            // The process's own signals are watched by whoever calls; the parser's watch would end it after two seconds.
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
        "Keeps the book of every tool call of every AI agent. Without a verb it serves: `audit` is `audit serve`.")
    {
        ServeCommand.Make(surroundings),
        DemoCommand.Make(surroundings),
        IngestCommand.Make(surroundings),
        SessionsCommand.Make(surroundings),
        ShowCommand.Make(surroundings),
        TasksCommand.Make(surroundings),
        WindowsCommand.Make(surroundings),
        SearchCommand.Make(surroundings),
        TailCommand.Make(surroundings),
        ReplayCommand.Make(surroundings),
        RebuildCommand.Make(surroundings),
        ProjectionsCommand.Make(surroundings),
        VerifyCommand.Make(surroundings),
        ExportCommand.Make(surroundings),
        LogCommand.Make(surroundings),
        TokenCommand.Make(surroundings),
        VersionCommand.Make(surroundings),
    };

    private static string[] WithVerb(string[] args) =>
        args.Length == 0 || (args[0].StartsWith('-') && !OptionsOfTheRoot.Contains(args[0])) ? ["serve", .. args] : args;

    private static int Refuse(ParseResult parsed, TextWriter error)
    {
        foreach (var message in parsed.Errors.Select(problem => problem.Message).Distinct())
        {
            error.WriteLine(PrintableText.Of(message));
        }

        error.WriteLine($"`{PathOf(parsed.CommandResult)} --help` says what is accepted.");
        return ExitCode.WrongUse;
    }

    private static string PathOf(System.CommandLine.Parsing.CommandResult command) =>
        command.Parent is System.CommandLine.Parsing.CommandResult parent
            ? $"{PathOf(parent)} {command.Command.Name}"
            : "audit";

    private static CommandException? Explain(Exception failure, CancellationToken cancellation) => failure switch
    {
        CommandException command => command,
        OptionException or StoreException or NodeStartException => CommandException.WrongUse(failure.Message),
        JournalUnavailableException => CommandException.Failed(failure.Message),
        OperationCanceledException when cancellation.IsCancellationRequested => CommandException.Failed("Interrupted."),
        _ => null,
    };
}
