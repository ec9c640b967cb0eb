using System.Collections;

namespace Audit.CommandLine.Tests;

/// <summary>Runs a command line that ends by itself without starting a process for it.</summary>
internal static class InProcess
{
    public static Task<CommandResult> RunAsync(params string[] args) => RunAsync(new Hashtable(), ".", args);

    public static async Task<CommandResult> RunAsync(IDictionary environment, string directory, params string[] args)
    {
        using var said = new StringWriter { NewLine = "\n" };
        using var noted = new StringWriter { NewLine = "\n" };
        var surroundings = new Surroundings(said, noted) { Environment = environment, Directory = directory };
        var exitCode = await AuditCommandLine.RunAsync(args, surroundings, CancellationToken.None);
        return new CommandResult(exitCode, said.ToString(), noted.ToString());
    }
}
