using System.Collections;

namespace Audit.CommandLine.Tests;

/// <summary>Runs a command line that ends by itself without starting a process for it.</summary>
internal static class InProcess
{
    public static Task<CommandResult> RunAsync(params string[] args) => RunAsync(new Hashtable(), ".", args);

    public static Task<CommandResult> RunAsync(IDictionary environment, string directory, params string[] args) =>
        RunAsync(environment, directory, args, "");

    public static Task<CommandResult> RunAsync(string directory, string[] args, string input = "") =>
        RunAsync(new Hashtable(), directory, args, input);

    /// <summary>Starts a node beside the tests, where nothing needs a process for it.</summary>
    public static Task<RunningNode> ServeAsync(string data) => NodeHost.StartAsync(
        new NodeOptions { Store = $"sqlite:{data}/journal.db", Data = data, Urls = "http://127.0.0.1:0" },
        new NodeSeams(), CancellationToken.None);

    /// <summary>The same before somebody who reads on a terminal, without colours.</summary>
    public static Task<CommandResult> OnTerminalAsync(int width, params string[] args) => RunAsync(
        new Hashtable { ["COLUMNS"] = $"{width}", ["NO_COLOR"] = "1", ["TZ"] = "UTC" }, ".", args, "", isTerminal: true);

    private static async Task<CommandResult> RunAsync(
        IDictionary environment, string directory, string[] args, string input, bool isTerminal = false)
    {
        using var said = new StringWriter { NewLine = "\n" };
        using var noted = new StringWriter { NewLine = "\n" };
        var surroundings = new Surroundings(said, noted)
        {
            Environment = environment,
            Directory = directory,
            OutIsTerminal = isTerminal,
            OpenInput = () => new MemoryStream(System.Text.Encoding.UTF8.GetBytes(input)),
        };
        var exitCode = await AuditCommandLine.RunAsync(args, surroundings, CancellationToken.None);
        return new CommandResult(exitCode, said.ToString(), noted.ToString());
    }
}
