using System.Runtime.InteropServices;

namespace Audit.Storage;

/// <summary>
/// Files and directories that nobody but their owner may read or write: what agents did is nobody else's business. And
/// files that are there as a whole or not at all, whenever the machine stops.
/// </summary>
public static class OwnerOnly
{
    public const UnixFileMode Mode = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    /// <summary>Makes a directory, and those above it, where it is missing.</summary>
    public static void MakeDirectory(string path)
    {
        if (OperatingSystem.IsWindows())
        {
            Directory.CreateDirectory(path);
        }
        else if (!Directory.Exists(path))
        {
            Directory.CreateDirectory(path, Mode | UnixFileMode.UserExecute);
        }
    }

    /// <summary>Makes an empty file where it is missing.</summary>
    public static void MakeFile(string path)
    {
        if (!File.Exists(path))
        {
            Create(path).Dispose();
        }
    }

    /// <summary>Makes a file to be written; one that is there already is never written over.</summary>
    public static FileStream Create(string path) =>
        Create(path, new FileStreamOptions { Access = FileAccess.Write });

    /// <param name="options">How it is to be opened.</param>
    public static FileStream Create(string path, FileStreamOptions options) => Create(path, options, Mode);

    /// <summary>Puts the content in the place of what the file held, and returns when it is on disk.</summary>
    /// <param name="mode">Of the file, where others may have it too.</param>
    public static void Replace(string path, ReadOnlySpan<byte> content, UnixFileMode mode = Mode)
    {
        var next = path + ".new";
        File.Delete(next);
        using (var file = Create(next, new FileStreamOptions { Access = FileAccess.Write }, mode))
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

    private static FileStream Create(string path, FileStreamOptions options, UnixFileMode mode)
    {
        options.Mode = FileMode.CreateNew;
        if (!OperatingSystem.IsWindows())
        {
            options.UnixCreateMode = mode;
        }

        return new FileStream(path, options);
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
