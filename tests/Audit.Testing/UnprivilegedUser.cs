using System.Diagnostics;

namespace Audit.Testing;

/// <summary>Whom PostgreSQL runs as: it refuses to be started by root.</summary>
internal static class UnprivilegedUser
{
    /// <summary>The name of the user to become, or null when the tests run as somebody harmless already.</summary>
    public static string? Name { get; } =
        !OperatingSystem.IsWindows() && Environment.IsPrivilegedProcess ? FirstKnown("postgres", "nobody") : null;

    /// <summary>A shell that runs a script as that user.</summary>
    public static ProcessStartInfo Shell(string script, params string[] arguments)
    {
        string[] shell = ["sh", "-c", script, "sh", .. arguments];
        return Name is null
            ? new ProcessStartInfo(shell[0], shell[1..])
            : new ProcessStartInfo("runuser", ["-u", Name, "--", .. shell]);
    }

    private static string FirstKnown(params string[] names)
    {
        var known = File.ReadLines("/etc/passwd").Select(line => line.Split(':')[0]).ToHashSet();
        return names.First(known.Contains);
    }
}
