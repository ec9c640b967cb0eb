using System.ComponentModel;
using System.Diagnostics;

namespace Audit.Hammer.Nodes;

/// <summary>
/// A network of its own for one node, with a wire to this machine's that can go dead without a word: neither end is
/// reset, and nobody is told.
/// </summary>
internal sealed class NetworkNamespace : IDisposable
{
    /// <summary>Where nobody is.</summary>
    private const string Nowhere = "02:00:5e:00:00:01";

    private readonly string name;
    private readonly string near;
    private readonly string far;

    private NetworkNamespace(int number)
    {
        var mark = $"{Environment.ProcessId % 0xFFFFF:x}{Random.Shared.Next(256):x2}";
        (name, near, far) = ($"audit-{mark}-{number}", $"au{mark}n{number}", $"au{mark}f{number}");
        var block = $"10.{Random.Shared.Next(200, 250)}.{Random.Shared.Next(1, 250)}";
        (Here, There) = ($"{block}.{(4 * number) + 1}", $"{block}.{(4 * number) + 2}");
    }

    /// <summary>Why there can be none here; null where there can.</summary>
    public static string? Unavailable { get; } = Try();

    /// <summary>The address of this machine on the wire.</summary>
    public string Here { get; }

    /// <summary>The node's.</summary>
    public string There { get; }

    /// <summary>What starts a program in it.</summary>
    public IReadOnlyList<string> Within => ["ip", "netns", "exec", name];

    public static NetworkNamespace Make(int number)
    {
        var made = new NetworkNamespace(number);
        try
        {
            made.Make();
            return made;
        }
        catch
        {
            made.Dispose();
            throw;
        }
    }

    /// <summary>What either end sends goes nowhere from now on.</summary>
    public void Vanish()
    {
        Require("neigh", "replace", There, "lladdr", Nowhere, "dev", near, "nud", "permanent");
        Require("-n", name, "neigh", "replace", Here, "lladdr", Nowhere, "dev", far, "nud", "permanent");
    }

    public void Return()
    {
        Require("neigh", "del", There, "dev", near);
        Require("-n", name, "neigh", "del", Here, "dev", far);
    }

    public void Dispose()
    {
        Run("link", "del", near);
        Run("netns", "del", name);
    }

    private void Make()
    {
        Require("netns", "add", name);
        Require("link", "add", near, "type", "veth", "peer", "name", far, "netns", name);
        Require("addr", "add", $"{Here}/30", "dev", near);
        Require("link", "set", near, "up");
        Require("-n", name, "addr", "add", $"{There}/30", "dev", far);
        Require("-n", name, "link", "set", far, "up");
        Require("-n", name, "link", "set", "lo", "up");
    }

    private static string? Try()
    {
        try
        {
            using var made = Make(0);
            return null;
        }
        catch (Exception failure) when (failure is InvalidOperationException or Win32Exception)
        {
            return $"no network namespaces can be made here: {failure.Message}";
        }
    }

    public static void Require(params string[] arguments)
    {
        if (Run(arguments) is { } failure)
        {
            throw new InvalidOperationException($"ip {string.Join(' ', arguments)}: {failure}");
        }
    }

    public static string? Run(params string[] arguments) => SmallDisk.Run("ip", arguments);
}
