using System.CommandLine;
using Audit.Node.Configuration;
using Audit.Node.Hosting;

namespace Audit.Node.CommandLine;

/// <summary>`audit serve`, which is also what `audit` alone does.</summary>
internal static class ServeCommand
{
    public static Command Make(Surroundings surroundings)
    {
        var command = new Command("serve", "Runs a node until it is asked to stop.");
        var symbols = NodeOptionSymbols.AddAll(command);
        command.SetAction((parsed, cancellation) =>
            NodeHost.RunAsync(NodeOptionsReader.Read(symbols.Gather(parsed, surroundings)), cancellation));
        return command;
    }
}
