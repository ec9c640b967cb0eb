using System.IO.Compression;
using System.Xml.Linq;

namespace Audit.Client.Tests;

/// <summary>What a host installs is made of what was built: neither a compiler nor a feed is needed for it.</summary>
public sealed class PackageTests : IDisposable
{
    private readonly TemporaryDirectory directory = new();

    [Theory]
    [InlineData("Audit.Client", new string[0])]
    [InlineData("Audit.Client.AI", new[] { "Audit.Client", "Microsoft.Extensions.AI.Abstractions" })]
    public async Task a_package_has_both_frameworks_its_words_and_what_it_needs(string package, string[] needs)
    {
        var built = BuiltProgram.Of($"src/{package}", $"{package}.dll");
        await using var pack = ClientProcess.Start(
            [
                "dotnet", "pack", Path.Combine(BuiltProgram.Root, "src", package), "-c", built.Split(Path.DirectorySeparatorChar)[^3],
                "--no-build", "--no-restore", "-nodeReuse:false", "-o", directory.Path,
            ],
            directory.Path, new Dictionary<string, string> { ["DOTNET_CLI_TELEMETRY_OPTOUT"] = "1" });
        var said = await pack.ReadToEndAsync();
        Assert.True(await pack.EndAsync() == 0, said + pack.Troubles);

        using var made = await ZipFile.OpenReadAsync(Assert.Single(Directory.GetFiles(directory.Path, "*.nupkg")));
        var files = made.Entries.Select(entry => entry.FullName).ToList();
        foreach (var framework in new[] { "net8.0", "net10.0" })
        {
            Assert.Contains($"lib/{framework}/{package}.dll", files);
            Assert.Contains($"lib/{framework}/{package}.xml", files);
        }

        Assert.Contains("README.md", files);
        await using var text = await made.GetEntry($"{package}.nuspec")!.OpenAsync();
        var about = await XDocument.LoadAsync(text, LoadOptions.None, CancellationToken.None);
        var groups = about.Descendants().Where(element => element.Name.LocalName == "group").ToList();
        Assert.Equal(2, groups.Count);
        Assert.All(groups, group => Assert.Equal(needs, group.Elements().Select(one => one.Attribute("id")!.Value)));
    }

    public void Dispose() => directory.Dispose();
}
