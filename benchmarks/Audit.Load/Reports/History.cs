using System.ComponentModel;
using System.Diagnostics;
using System.Text.Json;

namespace Audit.Load.Reports;

/// <summary>Reports of earlier invocations, one a line, so that a change can be put beside what was before it.</summary>
internal static class History
{
    public static void Add(LoadReport report, string file)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(file))!);
        File.AppendAllText(file, JsonReport.Of(report).Line() + "\n");
    }

    /// <summary>The last report of the same store, engine and workload from a machine like this one.</summary>
    /// <exception cref="WrongUseException">There is a line that is no report.</exception>
    public static JsonReport? LastLike(LoadOptions options)
    {
        // Which version of a database it is on is not known before it is opened, and need not be the same.
        var here = Machine.Describe("");
        return options.History is { } file && File.Exists(file)
            ? File.ReadLines(file).Select((line, index) => Read(file, line, index + 1)).OfType<JsonReport>().LastOrDefault(
                one => (one.Store, one.Engine, one.Records, one.PrefilledRows, one.Machine.Processor, one.Machine.Cores)
                    == (options.Store, options.Engine, options.Records, options.Rows, here.Processor, here.Cores))
            : null;
    }

    /// <summary>What is measured, with a plus where files differ from it; null outside of a checkout.</summary>
    public static string? Commit()
    {
        // The history itself may have grown since.
        return Git("rev-parse", "--short", "HEAD") is { Length: > 0 } head
            ? head + (Git("status", "--porcelain", "--untracked-files=no", "--", ".", ":!benchmarks/history", ":!docs") is ""
                ? "" : "+")
            : null;

        static string? Git(params string[] arguments)
        {
            try
            {
                using var git = Process.Start(new ProcessStartInfo("git", arguments)
                {
                    RedirectStandardOutput = true, RedirectStandardError = true, WorkingDirectory = BuiltProgram.Root,
                })!;
                git.ErrorDataReceived += (_, _) => { };
                git.BeginErrorReadLine();
                var answer = git.StandardOutput.ReadToEnd().Trim();
                git.WaitForExit();
                return git.ExitCode == 0 ? answer : null;
            }
            catch (Win32Exception)
            {
                return null;
            }
        }
    }

    private static JsonReport? Read(string file, string line, int number)
    {
        try
        {
            return line.Length == 0 ? null : JsonReport.Read(line);
        }
        catch (JsonException failure)
        {
            throw new WrongUseException(
                $"Line {number} of {file} is no report: {failure.Message} Remove it, or give another file (--history).");
        }
    }
}
