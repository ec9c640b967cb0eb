using System.Text.RegularExpressions;

namespace Audit.Architecture.Tests;

public sealed partial class SourceFileTests
{
    private const int LongestLine = 120;
    private const int LongestFile = 400;

    /// <summary>How many lines of src are longer: a number that falls, and never rises.</summary>
    private const int LongLines = 92;

    /// <summary>How many files of src are longer.</summary>
    private const int LongFiles = 0;

    private static readonly IReadOnlyList<SourceFile> Sources = SourceFile.Below("src");

    [Fact]
    public void no_file_has_a_carriage_return() => Assert.DoesNotContain(Repository.Files(), HasCarriageReturn);

    [Fact]
    public void a_namespace_is_a_folder()
    {
        var elsewhere = new[] { "src", "tests", "benchmarks" }.SelectMany(SourceFile.Below)
            .SelectMany(file => Namespace().Matches(file.Text)
                .Where(match => match.Groups["name"].Value != file.Folder)
                .Select(match => $"{file.Path}: {match.Groups["name"].Value}"));
        Assert.Empty(elsewhere);
    }

    [Fact]
    public void a_line_fits_a_screen()
    {
        var lines = Sources.SelectMany(file => file.Text.Split('\n').Index()
            .Where(line => line.Item.Length > LongestLine)
            .Select(line => $"{file.Path}:{line.Index + 1}")).ToList();
        Assert.True(
            lines.Count <= LongLines, $"{lines.Count} lines are longer than {LongestLine}, the most is {LongLines}: "
            + string.Join('\n', lines));
    }

    [Fact]
    public void a_file_is_short_enough_to_read()
    {
        var files = Sources.Where(file => file.Text.AsSpan().Count('\n') > LongestFile).Select(file => file.Path)
            .ToList();
        Assert.True(files.Count <= LongFiles, string.Join('\n', files));
    }

    [Fact]
    public void nothing_is_configured_to_leave_a_context_that_is_not_there() =>
        Assert.DoesNotContain(Sources, file => file.Text.Contains("ConfigureAwait(false)", StringComparison.Ordinal));

    [Fact]
    public void whoever_catches_everything_reports_it_passes_it_on_or_throws()
    {
        var silent = Sources.SelectMany(file => CatchOfAll().Matches(file.Text)
            .Where(IsSilent)
            .Select(match => $"{file.Path}: {match.Value}"));
        Assert.Empty(silent);
    }

    [Theory]
    [InlineData("catch (Exception failure)\n{\n    // It is tried again.\n}", true)]
    [InlineData("catch\n{\n    return null;\n}", true)]
    [InlineData("catch\n{\n    throw;\n}", false)]
    [InlineData("catch (Exception failure)\n{\n    failures.Report(\"feed\", failure);\n}", false)]
    [InlineData("catch (IOException)\n{\n    return null;\n}", false)]
    public void a_failure_that_nobody_hears_is_seen(string text, bool isSilent) =>
        Assert.Equal(isSilent, CatchOfAll().Matches(text).Any(IsSilent));

    private static bool IsSilent(Match match)
    {
        var code = Comment().Replace(match.Groups["body"].Value, "");
        return !code.Contains("throw", StringComparison.Ordinal)
            && (!match.Groups["name"].Success || !code.Contains(match.Groups["name"].Value, StringComparison.Ordinal));
    }

    private static bool HasCarriageReturn(string file)
    {
        var content = File.ReadAllBytes(Repository.PathOf(file));
        var isText = !content.Contains((byte)0);
        return isText && content.Contains((byte)'\r');
    }

    [GeneratedRegex(@"^@?namespace\s+(?<name>[\w.]+)", RegexOptions.Multiline)]
    private static partial Regex Namespace();

    /// <summary>A block that catches whatever there is, and not only what a filter lets through.</summary>
    [GeneratedRegex(
        @"^(?<indent> *)catch(?: \((?:System\.)?Exception(?: (?<name>\w+))?\))?\n"
        + @"\k<indent>\{\n(?<body>.*?)^\k<indent>\}",
        RegexOptions.Multiline | RegexOptions.Singleline)]
    private static partial Regex CatchOfAll();

    [GeneratedRegex(@"//.*")]
    private static partial Regex Comment();
}
