using System.CommandLine;

namespace Audit.Node.CommandLine.Log;

/// <summary>`audit log`.</summary>
internal static class LogCommand
{
    public static Command Make(Surroundings surroundings) =>
        new("log", "What is done to the tamper-evident log.") { LogRestartCommand.Make(surroundings) };
}
