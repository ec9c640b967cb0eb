namespace Audit.Node.CommandLine;

/// <summary>What the executable says to the script that called it.</summary>
public static class ExitCode
{
    public const int Fine = 0;
    public const int Failed = 1;
    public const int WrongUse = 2;
    public const int CannotReachNode = 3;
    public const int VerificationFailed = 4;
}
