using System.Diagnostics;
using System.Text.Json;
using System.Text.Json.Nodes;
using Audit.Formats.Tests.Support;

namespace Audit.Formats.Tests;

/// <summary>
/// A recording tells one story, however it is sent, and it is the truth: what truth.py reads of the file alone. The
/// truth of the small streams lies beside them; that of recordings is derived as the test runs.
/// </summary>
public sealed class StoryTests
{
    private const string Variable = "AUDIT_TEST_RECORDINGS";

    /// <summary>Of these each line stands for itself.</summary>
    private static readonly string[] OfNoOrder = ["otlp", "agent-sdk", "openai", "anthropic", "adk", "cloudevents"];

    /// <summary>What may stand in a file of an upstream and answers nothing in it.</summary>
    private const string NothingBefore = "id: a tool's answer to a request that ";

    private static readonly string Folder = Path.Combine(AppContext.BaseDirectory, "Golden");

    public static TheoryData<string> Streams { get; } =
        [.. Directory.GetFiles(Folder, "*.truth").Select(path => Path.GetFileNameWithoutExtension(path)!).Order()];

    [Theory]
    [MemberData(nameof(Streams))]
    public void a_stream_tells_the_truth_however_it_is_sent(string name)
    {
        var lines = File.ReadAllLines(Path.Combine(Folder, name + ".jsonl"));
        var truth = JsonNode.Parse(File.ReadAllText(Path.Combine(Folder, name + ".truth")))!.AsArray();
        Assert.Equal(lines.Length, truth.Count);
        AssertTold(name.Split('+')[0], lines, truth[^1]!.AsObject());
        for (var count = 1; count < lines.Length; count++)
        {
            AssertEqual(truth[count - 1]!.AsObject(), Story.Of(name.Split('+')[0], lines[..count]), $"the first {count} lines");
        }
    }

    /// <summary>What the golden files have from upstream.</summary>
    public static TheoryData<string> Published { get; } =
    [
        .. Directory.GetFiles(Folder, "*.derived").Where(path => File.ReadLines(path).First().StartsWith("# ", StringComparison.Ordinal))
            .Select(path => Path.GetFileNameWithoutExtension(path)!).Order(),
    ];

    [Theory]
    [MemberData(nameof(Published))]
    public void what_upstream_published_tells_the_truth_however_it_is_sent(string name) =>
        AssertRecorded(name.Split('+')[0], Path.Combine(Folder, name + ".jsonl"));

    [Fact]
    public void recordings_tell_the_truth_however_they_are_sent()
    {
        foreach (var (format, path) in Recordings())
        {
            AssertRecorded(format, path);
        }
    }

    [Fact]
    public void every_verified_format_is_held_against_the_truth() => Assert.Equal(
        FormatReaders.All.Where(format => format.Upstream is not null).Select(format => format.Name).Order(),
        Published.Select<object[], string>(row => ((string)row[0]).Split('+')[0]).Distinct().Order());

    private static void AssertRecorded(string format, string path)
    {
        // A file is a line an event, or one event.
        var text = File.ReadAllText(path);
        string[] lines = IsWhole(text) ? [text.ReplaceLineEndings(" ")] : [.. text.Split('\n').Where(IsWhole)];
        var cut = lines.Length * 2 / 3;
        using var whole = new TemporaryFile(lines);
        if (TruthOf(format, whole.Path, lines.Length, cut) is { } truth)
        {
            AssertTold(format, lines, truth[0]!.AsObject(), path);
            AssertEqual(truth[1]!.AsObject(), Story.Of(format, lines[..cut]), $"{path}, cut");
        }
    }

    /// <summary>Whoever puts files together, or one to itself, tells no call twice and none in another session.</summary>
    [Theory]
    [InlineData("agent-code", """{"type":"session_start","session_id":"NAME","timestamp":"2026-01-01T00:00:00Z"}""", """{"type":"tool_call","tool":"Bash","input":{"of":"NAME"},"turn":1}""")]
    [InlineData("copilot", """{"type":"session.start","data":{"sessionId":"NAME"},"timestamp":"2026-01-01T00:00:00Z"}""", """{"type":"tool.execution_start","data":{"toolCallId":"turn-1-Bash-1","toolName":"Bash","arguments":{"of":"NAME"}},"timestamp":"2026-01-01T00:00:01Z"}""")]
    public void streams_that_are_sent_as_one_tell_what_each_tells(string format, params string[] lines)
    {
        string[] first = [.. lines.Select(line => line.Replace("NAME", "one"))], second = [.. lines.Select(line => line.Replace("NAME", "two"))];
        var derived = Derived.Of(format, string.Join('\n', [.. first, .. second, .. second]), session: null);
        Assert.Equal(
            [("one", "turn-1-Bash-1", "one"), ("two", "turn-1-Bash-1", "two"), ("two", "turn-1-Bash-1", "two")],
            derived.Records.Select(one => (one.SessionId!, one.Record.ToolCallId, one.Record.RequestedInput!.Value.GetProperty("of").GetString()!)));
    }

    [Fact]
    public void a_stream_that_is_repeated_has_the_times_that_it_had()
    {
        string[] lines =
        [
            """{"type":"session_start","session_id":"one","timestamp":"2026-01-01T00:00:00Z"}""",
            """{"type":"tool_call","tool":"Bash","input":{},"turn":1}""", """{"type":"session_end"}""",
        ];
        var derived = Derived.Of("agent-code", string.Join('\n', [.. lines, .. lines]));
        Assert.Equal(derived.Records[0], derived.Records[1] with { Record = derived.Records[0].Record });
        Assert.Equal(derived.Notes.Take(2).Select(note => (note.DerivedId, note.Time)), derived.Notes.Skip(2).Select(note => (note.DerivedId, note.Time)));
    }

    private static void AssertTold(string format, string[] lines, JsonObject truth, string path = "")
    {
        var half = lines.Length / 2;
        AssertEqual(truth, Story.Of(format, lines), $"{path}, whole");
        AssertEqual(truth, Story.Of(format, lines, lines), $"{path}, twice");
        AssertEqual(truth, Story.Of(format, lines[..half], lines), $"{path}, half, then whole");
        if (format is "agent-code" or "mcp")
        {
            // They have no ids that last and no times, and their order is all that there is.
            return;
        }

        AssertEqual(truth, Story.OfParts(format, lines[..half], lines[half..]), $"{path}, in halves");
        if (OfNoOrder.Contains(format) || lines.All(line => line.Contains("\"timestamp\"", StringComparison.Ordinal)))
        {
            var shuffled = (string[])lines.Clone();
            new Random(11).Shuffle(shuffled);
            // Of several signs of progress, and of two requests, the first to come gives the time.
            AssertEqual(WithoutTimes(truth), Story.Of(format, shuffled), $"{path}, shuffled", withTimes: false);
        }
    }

    private static void AssertEqual(JsonObject truth, Story story, string how, bool withTimes = true)
    {
        var told = story.Calls(withTimes);
        foreach (var name in truth.Select(one => one.Key).Union(told.Keys).ToList())
        {
            var (expected, actual) = (truth[name], told.TryGetValue(name, out var text) ? JsonNode.Parse(text) : null);
            Assert.True(
                JsonNode.DeepEquals(expected, actual),
                $"{how}: {name}\ntruth {expected?.ToJsonString()}\ntold  {actual?.ToJsonString()}");
        }

        Assert.All(story.Invalid, sentence => Assert.StartsWith(NothingBefore, sentence));
        Assert.True(!story.Violations.Any(), $"{how}: violations of {string.Join(", ", story.Violations)}");
    }

    private static JsonObject WithoutTimes(JsonObject truth)
    {
        var copy = truth.DeepClone().AsObject();
        foreach (var (_, call) in copy)
        {
            call!.AsObject().Remove("requested_at");
            call.AsObject().Remove("settled_at");
        }

        return copy;
    }

    private static IEnumerable<(string Format, string Path)> Recordings()
    {
        var folder = Environment.GetEnvironmentVariable(Variable) ?? Shared.Folder;
        var files = folder is not null && Directory.Exists(folder)
            ? Directory.GetFiles(folder, "*.json*", SearchOption.AllDirectories).Order().ToArray() : [];
        foreach (var path in files)
        {
            var format = Path.GetRelativePath(folder!, path).Contains("otlp", StringComparison.Ordinal) ? "otlp" : Path.GetFileName(Path.GetDirectoryName(path))!;
            // Results of MCP that stand by themselves are no messages of it.
            if (FormatReaders.Names.Contains(format) && (format != "mcp" || File.ReadAllText(path).Contains("jsonrpc", StringComparison.Ordinal)))
            {
                yield return (format, path);
            }
        }
    }

    /// <summary>A line that was cut in the middle is `invalid`, and says nothing.</summary>
    private static bool IsWhole(string line)
    {
        try
        {
            using var document = JsonDocument.Parse(line);
            return document.RootElement.ValueKind == JsonValueKind.Object;
        }
        catch (JsonException)
        {
            return false;
        }
    }

    /// <returns>Null where no Python is installed.</returns>
    private static JsonArray? TruthOf(string format, string path, params int[] counts)
    {
        try
        {
            var start = new ProcessStartInfo("python3") { RedirectStandardOutput = true };
            foreach (var argument in new[] { Path.Combine(AppContext.BaseDirectory, "truth.py"), format, path }
                .Concat(counts.Select(count => $"{count}")))
            {
                start.ArgumentList.Add(argument);
            }

            using var script = Process.Start(start)!;
            var truth = script.StandardOutput.ReadToEnd();
            script.WaitForExit();
            Assert.Equal(0, script.ExitCode);
            return JsonNode.Parse(truth)!.AsArray();
        }
        catch (System.ComponentModel.Win32Exception)
        {
            return null;
        }
    }

    private sealed class TemporaryFile : IDisposable
    {
        public TemporaryFile(string[] lines) => File.WriteAllText(Path, string.Join('\n', lines));

        public string Path { get; } = System.IO.Path.GetTempFileName();

        public void Dispose() => File.Delete(Path);
    }
}
