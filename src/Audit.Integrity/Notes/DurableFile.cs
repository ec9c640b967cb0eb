using System.Runtime.InteropServices;

namespace Audit.Integrity.Notes;

/// <summary>Files that are there as a whole or not at all, whenever the machine stops.</summary>
internal static class DurableFile
{
    /// <summary>Puts the content in the place of what the file held, and returns when it is on disk.</summary>
    public static void Write(string path, ReadOnlySpan<byte> content, UnixFileMode mode)
    {
        var next = path + ".new";
        File.Delete(next);
        var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows())
        {
            options.UnixCreateMode = mode;
        }

        using (var file = new FileStream(next, options))
        {
            file.Write(content);
            file.Flush(flushToDisk: true);
        }
        Move(next, path);
    }

    /// <summary>
    /// Renames a file, over another of that name if need be, and returns when the new name is on disk.
    /// </summary>
    public static void Move(string from, string to)
    {
        File.Move(from, to, overwrite: true);
        FlushDirectory(Path.GetDirectoryName(Path.GetFullPath(to))!);
    }

    // A name is on disk only when its directory is. The framework opens no directories, and Windows needs none of this.
    private static void FlushDirectory(string directory)
    {
        if (OperatingSystem.IsWindows())
        {
            return;
        }

        var handle = OpenForReading(directory, 0);
        if (handle < 0)
        {
            throw new IOException(
                $"The directory {directory} cannot be opened: error {Marshal.GetLastPInvokeError()}.");
        }

        var failed = Flush(handle) != 0;
        var error = Marshal.GetLastPInvokeError();
        Close(handle);
        if (failed)
        {
            throw new IOException($"The directory {directory} cannot be written to disk: error {error}.");
        }
    }

    [DllImport("libc", EntryPoint = "open", SetLastError = true)]
    private static extern int OpenForReading([MarshalAs(UnmanagedType.LPUTF8Str)] string path, int flags);

    [DllImport("libc", EntryPoint = "fsync", SetLastError = true)]
    private static extern int Flush(int handle);

    [DllImport("libc", EntryPoint = "close")]
    private static extern int Close(int handle);
}
