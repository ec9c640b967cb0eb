using System.CommandLine;
using System.Reflection;

namespace Audit.Node.CommandLine;

/// <summary>`audit version`.</summary>
internal static class VersionCommand
{
    public static Command Make(Surroundings surroundings)
    {
        var command = new Command("version", "Prints the version.");
        command.SetAction(_ => surroundings.Out.WriteLine(Version()));
        return command;
    }

    private static string Version() =>
        typeof(VersionCommand).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()!.InformationalVersion;
}
