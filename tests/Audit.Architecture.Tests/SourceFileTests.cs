using System.Text.RegularExpressions;

namespace Audit.Architecture.Tests;

public sealed partial class SourceFileTests
{
    private static IEnumerable<string> Sources =>
        Repository.Files().Where(file => file.EndsWith(".cs", StringComparison.Ordinal));

    [Fact]
    public void no_file_has_a_carriage_return() => Assert.DoesNotContain(Repository.Files(), HasCarriageReturn);

    [Fact]
    public void a_source_file_holds_one_type_of_its_own_name() => Assert.Empty(Sources.Select(Fault).OfType<string>());

    private static bool HasCarriageReturn(string file)
    {
        var content = File.ReadAllBytes(Repository.PathOf(file));
        var isText = !content.Contains((byte)0);
        return isText && content.Contains((byte)'\r');
    }

    private static string? Fault(string file)
    {
        var types = TopLevelType().Matches(File.ReadAllText(Repository.PathOf(file)))
            .Select(match => match.Groups["name"].Value).ToArray();
        var expected = Path.GetFileNameWithoutExtension(file);
        return types.Length == 0 || (types.Length == 1 && types[0] == expected)
            ? null
            : $"{file} declares {string.Join(", ", types)}";
    }

    // With file-scoped namespaces, which the style demands, what begins a line is top-level and what is nested is indented.
    [GeneratedRegex(
        @"^(?:(?:public|internal|file|static|abstract|sealed|partial|readonly|ref|unsafe)\s+)*"
        + @"(?:class|struct|interface|enum|record(?:\s+(?:class|struct))?|delegate\s+[^(;]+?)\s+(?<name>\w+)(?=\s*[<({:;]|\s*$|\s+where\b)",
        RegexOptions.Multiline | RegexOptions.CultureInvariant)]
    private static partial Regex TopLevelType();
}
