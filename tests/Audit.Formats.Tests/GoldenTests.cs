using Audit.Formats.Tests.Support;

namespace Audit.Formats.Tests;

/// <summary>Small streams beside what is made of them. Each file was read line by line when it was written down.</summary>
public sealed class GoldenTests
{
    private static readonly string Folder = Path.Combine(AppContext.BaseDirectory, "Golden");

    public static TheoryData<string> Streams { get; } =
        [.. Directory.GetFiles(Folder, "*.jsonl").Select(path => Path.GetFileNameWithoutExtension(path)!).Order()];

    [Theory]
    [MemberData(nameof(Streams))]
    public void what_is_derived_from_a_stream_is_its_golden_file(string name)
    {
        var derived = Derived.Of(name.Split('+')[0], File.ReadAllBytes(Path.Combine(Folder, name + ".jsonl")), session: null);
        var golden = Path.Combine(Folder, name + ".derived");
        Assert.True(File.Exists(golden), $"There is no golden file {name}.derived; derived was\n{derived.Text}");
        Assert.Equal(string.Concat(File.ReadLines(golden).Where(line => !line.StartsWith('#')).Select(line => line + "\n")), derived.Text);
    }

    /// <summary>What a golden file begins with that says from where its inputs are.</summary>
    public static string? UpstreamOf(string name) => File.ReadLines(Path.Combine(Folder, name + ".derived"))
        .FirstOrDefault(line => line.StartsWith("# ", StringComparison.Ordinal))?[2..];

    [Fact]
    public void every_format_has_a_golden_stream() =>
        Assert.Equal(FormatReaders.Names.Order(), Directory.GetFiles(Folder, "*.jsonl")
            .Select(path => Path.GetFileName(path).Split('+')[0]).Distinct().Order());
}
