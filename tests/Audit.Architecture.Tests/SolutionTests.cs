using System.Xml.Linq;

namespace Audit.Architecture.Tests;

public sealed class SolutionTests
{
    [Fact]
    public void every_project_is_in_the_solution()
    {
        var solution = File.ReadAllText(Repository.PathOf("Audit.Actors.sln")).Replace('\\', '/');
        var missing = ProjectFile.All("src", "tests", "benchmarks", "samples")
            .Select(project => project.RelativePath.Replace('\\', '/'))
            .Where(path => !solution.Contains($"\"{path}\"", StringComparison.Ordinal));
        Assert.Empty(missing);
    }

    [Fact]
    public void every_package_version_stands_in_one_file()
    {
        var elsewhere = Repository.Files()
            .Where(file => Path.GetExtension(file) is ".csproj" or ".props" or ".targets")
            .Where(file => file != "Directory.Packages.props")
            .Where(NamesVersion);
        Assert.Empty(elsewhere);
    }

    private static bool NamesVersion(string file) =>
        XDocument.Load(Repository.PathOf(file)).Descendants().Any(element =>
            element.Name.LocalName == "PackageVersion"
            || (element.Name.LocalName is "PackageReference" or "GlobalPackageReference"
                && (Has(element, "Version") || Has(element, "VersionOverride"))));

    private static bool Has(XElement element, string name) =>
        element.Attribute(name) is not null || element.Element(element.Name.Namespace + name) is not null;
}
