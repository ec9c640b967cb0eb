using System.Diagnostics;

namespace Audit.CommandLine.Tests;

/// <summary>The executable as it was built beside these tests.</summary>
internal static class AuditProgram
{
    /// <summary>A guard against a test that hangs, and nothing that a test measures.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    /// <summary>Runs it to its end.</summary>
    public static async Task<CommandResult> RunAsync(string directory, string[] args, string input = "")
    {
        using var process = Start(directory, args);
        try
        {
            using var patience = new CancellationTokenSource(Patience);
            var said = process.StandardOutput.ReadToEndAsync(patience.Token);
            var noted = process.StandardError.ReadToEndAsync(patience.Token);
            await WriteAsync(process, input);
            await process.WaitForExitAsync(patience.Token);
            return new CommandResult(process.ExitCode, await said, await noted);
        }
        finally
        {
            process.Kill();
        }
    }

    /// <param name="directory">The working directory, where no settings of anybody else lie.</param>
    public static Process Start(string directory, IEnumerable<string> args) =>
        NodeProcess.Start(Location, directory, args);

    /// <summary>Starts a node on a free port and waits until it is ready.</summary>
    public static Task<NodeProcess> ServeAsync(string data, params string[] options) =>
        ServeAtAsync("http://127.0.0.1:0", data, options);

    public static Task<NodeProcess> ServeAtAsync(string url, string data, params string[] options) =>
        NodeProcess.StartAsync(Location, data, ["--urls", url, .. options]);

    public static string Location => BuiltProgram.Node;

    private static async Task WriteAsync(Process process, string input)
    {
        try
        {
            await process.StandardInput.WriteAsync(input);
            process.StandardInput.Close();
        }
        catch (IOException)
        {
            // It may end without reading what it is given.
        }
    }
}
