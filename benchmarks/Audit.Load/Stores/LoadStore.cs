namespace Audit.Load.Stores;

/// <summary>A store made for one measurement and thrown away after it.</summary>
/// <param name="Address">As <see cref="Journal.AuditStore"/> takes it.</param>
/// <param name="Place">The file, or the connection string.</param>
/// <param name="Directory">For whatever else the measurement writes.</param>
internal sealed record LoadStore(string Kind, string Address, string Place, string Directory, Func<Task> ThrowAwayAsync)
    : IAsyncDisposable
{
    /// <summary>Bytes on the disk of all that lies there, and of the text index in it.</summary>
    public required Func<Task<(long All, long Index)>> SizesAsync { get; init; }

    /// <summary>Processor time that the database's server used so far; null where there is none of its own.</summary>
    public Func<TimeSpan>? ServerTime { get; init; }

    public ValueTask DisposeAsync() => new(ThrowAwayAsync());

    /// <summary>Everything in the directory, with what lies in the directories within.</summary>
    public static IEnumerable<FileInfo> FilesOf(string directory) =>
        new DirectoryInfo(directory).EnumerateFiles("*", SearchOption.AllDirectories);

    /// <summary>Copies all of a directory, and waits until it is on the disk, which else would write it while it is measured.</summary>
    public static void Copy(string directory, string to)
    {
        foreach (var file in FilesOf(directory))
        {
            var path = Path.Combine(to, Path.GetRelativePath(directory, file.FullName));
            System.IO.Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            file.CopyTo(path);
            using var copy = File.OpenHandle(path, FileMode.Open, FileAccess.ReadWrite);
            RandomAccess.FlushToDisk(copy);
        }
    }
}
