namespace Audit.Node.CommandLine.Terminal;

/// <summary>What the executable returns to the script that called it.</summary>
public static class ExitCode
{
    public const int Fine = 0, Failed = 1, WrongUse = 2, CannotReachNode = 3, VerificationFailed = 4;

    /// <summary>Nothing contradicts itself, but nobody was given by whom it is signed.</summary>
    public const int KeyNotGiven = 5;
}

/// <summary>Ends a command with a sentence and an exit code.</summary>
public sealed class CommandException(int exitCode, string sentence) : Exception(sentence)
{
    public int ExitCode { get; } = exitCode;

    public static CommandException Failed(string sentence) => new(Terminal.ExitCode.Failed, sentence);

    public static CommandException WrongUse(string sentence) => new(Terminal.ExitCode.WrongUse, sentence);

    public static CommandException CannotReach(string sentence) => new(Terminal.ExitCode.CannotReachNode, sentence);
}
