namespace Audit.Node.CommandLine;

/// <summary>Ends a command with a sentence and an exit code.</summary>
public sealed class CommandException(int exitCode, string sentence) : Exception(sentence)
{
    public int ExitCode { get; } = exitCode;

    public static CommandException Failed(string sentence) => new(CommandLine.ExitCode.Failed, sentence);

    public static CommandException WrongUse(string sentence) => new(CommandLine.ExitCode.WrongUse, sentence);

    public static CommandException CannotReach(string sentence) => new(CommandLine.ExitCode.CannotReachNode, sentence);
}
