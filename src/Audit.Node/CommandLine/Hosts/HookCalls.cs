using System.Buffers;
using System.Security.Cryptography;

namespace Audit.Node.CommandLine.Hosts;

/// <summary>
/// The calls of a session that have begun and not ended, by what they are to do, for a host that does not name them.
/// They lie in a file, for each hook is a process of its own.
/// </summary>
internal sealed class HookCalls(string directory, string session)
{
    private const int Tries = 100;

    private readonly string path = Path.Combine(
        directory, Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(session)).AsSpan(0, 16)));

    public static string Place => Path.Combine(
        Environment.GetFolderPath(
            Environment.SpecialFolder.LocalApplicationData, Environment.SpecialFolderOption.DoNotVerify),
        "audit", "hooks");

    public static string NewId() => "hook-" + Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(8));

    public string Begin(Hook hook)
    {
        var (id, key) = (NewId(), KeyOf(hook));
        Change(lines => lines.Add($"{key} {id}"));
        return id;
    }

    /// <returns>The oldest that was to do the same; null when there is none.</returns>
    public string? End(Hook hook)
    {
        var key = KeyOf(hook);
        string? found = null;
        Change(lines =>
        {
            var place = lines.FindIndex(line => line.StartsWith(key + " ", StringComparison.Ordinal));
            if (place >= 0)
            {
                found = lines[place][(key.Length + 1)..];
                lines.RemoveAt(place);
            }
        });
        return found;
    }

    public void Clear() => File.Delete(path);

    private void Change(Action<List<string>> change)
    {
        OwnerOnly.MakeDirectory(directory);
        using var file = Open();
        using var reader = new StreamReader(file);
        var lines = reader.ReadToEnd().Split('\n', StringSplitOptions.RemoveEmptyEntries).ToList();
        change(lines);
        file.SetLength(0);
        file.Write(Encoding.UTF8.GetBytes(string.Concat(lines.Select(line => line + "\n"))));
    }

    private static string KeyOf(Hook hook)
    {
        var canonical = new ArrayBufferWriter<byte>();
        CanonicalJson.Write(hook.Tool, canonical);
        CanonicalJson.Write(Encoding.UTF8.GetBytes(hook.Input?.GetRawText() ?? ""), canonical);
        return Convert.ToHexStringLower(SHA256.HashData(canonical.WrittenSpan));
    }

    private FileStream Open()
    {
        for (var tries = 1; ; tries++)
        {
            try
            {
                return new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
            }
            catch (IOException) when (tries < Tries)
            {
                // Another hook of the session has it for a moment.
                Thread.Sleep(10);
            }
        }
    }
}
