using System.CommandLine;
using Audit.Node.CommandLine.Remote;
using Audit.Node.Configuration;

namespace Audit.Node.CommandLine.Verify;

/// <summary>`audit verify`: a store, beside its node or without one, or a bundle, or what another node gives as one.</summary>
internal sealed class VerifyCommand
{
    private readonly Surroundings surroundings;
    private readonly NodeOptionSymbols node;
    private readonly ServerSymbols server;

    private readonly Option<string> bundle = new("--bundle") { HelpName = "FILE", Description = "verifies an exported bundle" };

    private readonly Option<string> since = new("--since")
    {
        HelpName = "FILE",
        Description = "a checkpoint that was kept: the log must be its continuation",
    };

    private readonly Option<string> key = new("--key")
    {
        HelpName = "VKEY",
        Description = "the only verifier key whose signature counts; default: the key in the data directory",
    };

    private readonly Option<bool> requireComplete = new("--require-complete")
    {
        Description = "also fails when the hosts did not tell all; without it that is only reported",
    };

    private readonly Option<OutputFormat> output = OutputOption.Make();

    private VerifyCommand(Surroundings surroundings, Command command)
    {
        this.surroundings = surroundings;
        command.Options.Add(bundle);
        command.Options.Add(since);
        command.Options.Add(key);
        command.Options.Add(requireComplete);
        command.Options.Add(output);
        server = ServerSymbols.AddTo(command);
        node = NodeOptionSymbols.AddStoreDataAndLogKey(command);
        command.SetAction(RunAsync);
    }

    public static Command Make(Surroundings surroundings)
    {
        var command = new Command(
            "verify",
            "Compares every row with the signed log, and says what the hosts left out. Exit code 4 when integrity fails.");
        _ = new VerifyCommand(surroundings, command);
        return command;
    }

    private async Task<int> RunAsync(ParseResult parsed, CancellationToken cancellation)
    {
        var given = node.Gather(parsed, surroundings);
        var options = NodeOptionsReader.Read(given);
        var place = LogPlace.Choose(
            parsed.GetValue(bundle), given, server.NamesServer(parsed),
            server.Locator(parsed, surroundings, options.Data), options);
        var trust = new VerifyOptions
        {
            TrustedKey = VerifyInput.Key(parsed.GetValue(key)),
            Since = VerifyInput.Checkpoint(parsed.GetValue(since)),
        };
        var verdict = await place.VerifyAsync(trust, surroundings, cancellation);
        Print(parsed.GetValue(output), verdict);
        var passes = verdict.Integrity.IsIntact && (verdict.Completeness.IsComplete || !parsed.GetValue(requireComplete));
        return passes ? ExitCode.Fine : ExitCode.VerificationFailed;
    }

    private void Print(OutputFormat format, VerificationResult verdict)
    {
        if (format == OutputFormat.Table)
        {
            VerdictText.Write(surroundings.Out, verdict);
        }
        else
        {
            surroundings.Out.WriteLine(VerdictJson.Of(verdict));
        }
    }
}
