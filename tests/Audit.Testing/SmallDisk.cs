using System.Diagnostics;

namespace Audit.Testing;

/// <summary>A disk of a few megabytes.</summary>
public sealed class SmallDisk : IAsyncDisposable
{
    private readonly string path;

    private SmallDisk(string path) => this.path = path;

    /// <returns>Null where none can be mounted.</returns>
    public static async Task<SmallDisk?> MountAsync(string path)
    {
        Directory.CreateDirectory(path);
        return Environment.IsPrivilegedProcess
            && await RunAsync("mount", "-t", "tmpfs", "-o", "size=32m", "tmpfs", path) ? new SmallDisk(path) : null;
    }

    public string File(string name) => Path.Combine(path, name);

    /// <summary>Writes until nothing more goes in; again, where others have let go of some since.</summary>
    public void Fill()
    {
        using var filler = System.IO.File.Open(File("filler"), FileMode.Append);
        var piece = new byte[64 << 10];
        try
        {
            while (true)
            {
                filler.Write(piece);
                filler.Flush();
            }
        }
        catch (IOException)
        {
            // It is full.
        }
    }

    public void Empty() => System.IO.File.Delete(File("filler"));

    public async ValueTask DisposeAsync() => await RunAsync("umount", "-l", path);

    private static async Task<bool> RunAsync(string program, params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardError = true })!;
        await process.WaitForExitAsync();
        return process.ExitCode == 0;
    }
}
