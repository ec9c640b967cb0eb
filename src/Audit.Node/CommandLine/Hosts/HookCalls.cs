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

/// <summary>
/// What was let run, or told, while no node answered: a file each, for each hook is a process of its own, and several
/// run at a time. The next hook that finds a node sends them before its own, in the order of their making; what two
/// send at once is known again.
/// </summary>
internal sealed class HookUnsent(string state)
{
    private const int Most = 10_000;

    /// <summary>A hook that sends for others is not to be late for its own.</summary>
    private static readonly TimeSpan Longest = TimeSpan.FromSeconds(5);

    private readonly string directory = Path.Combine(state, "unsent");

    /// <summary>Returns once it is on disk.</summary>
    /// <exception cref="IOException">It is not kept.</exception>
    public void Keep(string path, byte[] body)
    {
        OwnerOnly.MakeDirectory(directory);
        if (Directory.EnumerateFiles(directory).Take(Most).Count() == Most)
        {
            throw new IOException($"{Most} hooks wait in {directory} to be sent already.");
        }

        OwnerOnly.Replace(
            Path.Combine(directory, $"{Guid.CreateVersion7():N}.hook"),
            [.. Encoding.UTF8.GetBytes(path + "\n"), .. body]);
    }

    /// <summary>Sends what waits, as far as the node takes it now.</summary>
    /// <param name="note">Told of what the node will never take, which is put aside.</param>
    public async Task SendAsync(NodeClient node, Action<string> note, CancellationToken cancellation)
    {
        if (!Directory.Exists(directory))
        {
            return;
        }

        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        patience.CancelAfter(Longest);
        foreach (var file in Directory.EnumerateFiles(directory, "*.hook").Order(StringComparer.Ordinal))
        {
            try
            {
                var kept = await File.ReadAllBytesAsync(file, patience.Token);
                var end = kept.AsSpan().IndexOf((byte)'\n');
                await HostDesk.KeepAsync(
                    node, Encoding.UTF8.GetString(kept.AsSpan(0, end)), kept[(end + 1)..], Longest, patience.Token);
                File.Delete(file);
            }
            catch (NodeException failure) when (failure.IsOfContent || failure.Trouble == NodeTrouble.NotRecorded)
            {
                File.Move(file, Path.ChangeExtension(file, ".refused"));
                note($"{failure.Message}; what was sent lies in {Path.ChangeExtension(file, ".refused")}");
            }
            catch (Exception failure) when (failure is NodeException or OperationCanceledException)
            {
                // The next hook goes on from here.
                return;
            }
            catch (FileNotFoundException)
            {
                // Another hook has sent it meanwhile.
            }
        }
    }
}
