namespace Audit.Architecture.Tests;

/// <summary>The checkout that these tests were built from.</summary>
internal static class Repository
{
    private static readonly Lazy<HashSet<string>> Ignored = new(() => File.ReadLines(PathOf(".gitignore"))
        .Where(line => line.EndsWith('/'))
        .Select(line => line.TrimEnd('/'))
        .ToHashSet());

    /// <summary>Where the solution is.</summary>
    public static string Root { get; } = FindRoot();

    /// <summary>Debug or Release, as these tests were built.</summary>
    public static string Configuration { get; } = new DirectoryInfo(AppContext.BaseDirectory).Parent!.Name;

    public static string PathOf(string relative) => Path.Combine(Root, relative);

    /// <summary>Every file that is the repository's own, relative to its root: what its .gitignore leaves.</summary>
    public static IEnumerable<string> Files() =>
        FilesIn(new DirectoryInfo(Root)).Select(file => Path.GetRelativePath(Root, file.FullName));

    private static IEnumerable<FileInfo> FilesIn(DirectoryInfo directory) => directory.EnumerateDirectories()
        .Where(child => child.Name != ".git" && !Ignored.Value.Contains(child.Name) && child.LinkTarget is null)
        .SelectMany(FilesIn)
        .Concat(directory.EnumerateFiles());

    private static string FindRoot()
    {
        var directory = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(directory.FullName, "Audit.Actors.sln")))
        {
            directory = directory.Parent
                ?? throw new InvalidOperationException("These tests run inside the repository.");
        }

        return directory.FullName;
    }
}
