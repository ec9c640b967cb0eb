using System.Text;
using Audit.Formats.Tests.Support;

namespace Audit.Formats.Tests;

/// <summary>Small streams beside what is made of them. Each file was read line by line when it was written down.</summary>
public sealed partial class GoldenTests
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

    /// <summary>What a golden file begins with that says from where its inputs are, without the licence.</summary>
    public static string? UpstreamOf(string name) => File.ReadLines(Path.Combine(Folder, name + ".derived"))
        .FirstOrDefault(line => line.StartsWith("# ", StringComparison.Ordinal))?[2..].Split(" (")[0];

    /// <summary>Of what is said to be verified the file names from where it is: repository, commit, path, licence.</summary>
    [Fact]
    public void a_format_is_verified_only_with_what_its_upstream_published()
    {
        var origins = Directory.GetFiles(Folder, "*.derived").SelectMany(path => File.ReadLines(path).TakeWhile(IsHeader)
            .Select(line => (Format: Path.GetFileName(path).Split('+')[0], Origin: Origin().Match(line)))).ToList();

        Assert.All(origins, one => Assert.True(one.Origin.Success, one.Format));
        Assert.Equal(
            FormatReaders.All.Where(format => format.Upstream is not null).Select(format => (format.Name, format.Upstream!)).Order(),
            origins.GroupBy(one => one.Format, one => one.Origin.Groups[1].Value)
                .Select(of => (of.Key, string.Join(", ", of.Distinct().Order()))).Order());
    }

    [Theory]
    [MemberData(nameof(Streams))]
    public void no_event_of_a_format_is_taken_for_one_of_another(string name)
    {
        var format = name.Split('+')[0];
        var own = name.EndsWith("+broken", StringComparison.Ordinal) ? [] : File.ReadLines(Path.Combine(Folder, name + ".jsonl"));
        foreach (var line in own)
        {
            Assert.Contains(FormatGuess.Of(Encoding.UTF8.GetBytes(line)), new[] { format, null });
        }
    }

    [Theory]
    [MemberData(nameof(Streams))]
    public void a_stream_whose_format_is_told_by_its_events_says_the_same(string name)
    {
        var (format, session) = (name.Split('+')[0], "s-1");
        var bytes = File.ReadAllBytes(Path.Combine(Folder, name + ".jsonl"));
        if (name.EndsWith("+broken", StringComparison.Ordinal) || format == "agent-code")
        {
            return;
        }

        var reader = new FormatReaders().Open(FormatReaders.Auto, session, "ci")!;
        var told = new Derived().Follow(reader, bytes);
        Assert.Equal(format, reader.Recognised);
        Assert.Equal(Derived.Of(format, bytes, session).Records.Select(one => one.DerivedId), told.Records.Select(one => one.DerivedId));
    }

    [Fact]
    public void what_is_sent_under_another_formats_name_is_invalid_and_says_what_it_looks_like()
    {
        foreach (var stream in Streams.Select<object[], string>(row => (string)row[0]).Where(name => !name.EndsWith("+broken", StringComparison.Ordinal)))
        {
            foreach (var format in FormatReaders.Names.Where(name => name != "agent-sdk" && name != stream.Split('+')[0]))
            {
                foreach (var line in File.ReadLines(Path.Combine(Folder, stream + ".jsonl")))
                {
                    var own = FormatGuess.Of(Encoding.UTF8.GetBytes(line));
                    var derived = Derived.Of(format, line);
                    Assert.True(own is null || derived.IgnoredTypes.Count == 0, $"{format}: {line}");
                    Assert.All(derived.InvalidLines, one => Assert.True(own is null || one.Sentence.Contains($"this looks like {own}"), one.Sentence));
                }
            }
        }
    }

    private static bool IsHeader(string line) => line.StartsWith("# ", StringComparison.Ordinal);

    [System.Text.RegularExpressions.GeneratedRegex("^# ([\\w.-]+/[\\w.-]+)@[0-9a-f]{40} \\S+ \\((MIT|Apache-2\\.0)\\)$")]
    private static partial System.Text.RegularExpressions.Regex Origin();

    [Fact]
    public void every_format_has_a_golden_stream() =>
        Assert.Equal(FormatReaders.Names.Order(), Directory.GetFiles(Folder, "*.jsonl")
            .Select(path => Path.GetFileName(path).Split('+')[0]).Distinct().Order());
}
