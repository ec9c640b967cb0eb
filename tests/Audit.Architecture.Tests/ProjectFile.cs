using System.Xml.Linq;

namespace Audit.Architecture.Tests;

/// <summary>A project as its file describes it.</summary>
internal sealed class ProjectFile(string relativePath)
{
    private readonly XDocument xml = XDocument.Load(Repository.PathOf(relativePath));

    public string RelativePath { get; } = relativePath;

    public string Name { get; } = Path.GetFileNameWithoutExtension(relativePath);

    public string AssemblyName => xml.Descendants("AssemblyName").SingleOrDefault()?.Value ?? Name;

    public string Assembly => Path.Combine(
        Repository.Root,
        Path.GetDirectoryName(RelativePath)!,
        "bin",
        Repository.Configuration,
        "net10.0",
        $"{AssemblyName}.dll");

    public IReadOnlyList<string> Projects =>
    [
        .. Includes("ProjectReference")
            .Select(include => Path.GetFileNameWithoutExtension(include.Replace('\\', '/'))),
    ];

    public IReadOnlyList<string> Packages => [.. Includes("PackageReference"), .. Includes("FrameworkReference")];

    public static IReadOnlyList<ProjectFile> All(params string[] folders) =>
    [
        .. Repository.Files()
            .Where(file => file.EndsWith(".csproj", StringComparison.Ordinal))
            .Where(file => folders.Contains(file.Split(Path.DirectorySeparatorChar)[0]))
            .Order(StringComparer.Ordinal)
            .Select(file => new ProjectFile(file)),
    ];

    private IEnumerable<string> Includes(string item) =>
        xml.Descendants(item).Select(element => (string?)element.Attribute("Include")).OfType<string>()
            .SelectMany(include => include.Split(';', StringSplitOptions.RemoveEmptyEntries));
}
