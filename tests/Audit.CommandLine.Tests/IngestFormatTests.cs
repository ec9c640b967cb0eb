using System.Text.Json;
using System.Text.RegularExpressions;
using Audit.CommandLine.Tests.Deploy;

namespace Audit.CommandLine.Tests;

public sealed class IngestFormatTests(StartedNode node) : IClassFixture<StartedNode>
{
    private const string Call = """{"type":"tool_call","tool":"FileWrite","input":{"file_path":"a"},"turn":1}""";
    private const string CodexItem =
        """{"type":"item.completed","item":{"id":"item_1","type":"command_execution","command":"ls","aggregated_output":"a","exit_code":0,"status":"completed"}}""";
    private const string Result = """{"type":"tool_result","tool":"FileWrite","output":"written","is_error":false,"turn":1}""";
    private const string Text = """{"type":"text_delta","content":"Done.","turn":1}""";

    /// <summary>Each test has a session of its own at a node that all share.</summary>
    private readonly string start =
        $$"""{"type":"session_start","session_id":"ac-{{Guid.NewGuid()}}","model":"m","timestamp":"2026-04-06T12:00:00Z"}""";

    private readonly TemporaryDirectory directory = node.Directory;

    [Fact]
    public async Task a_stream_of_another_system_is_recorded_once_and_duplicate_the_second_time()
    {
        var first = (await IngestAsync("agent-code", [start, Text, Call, Result], "-o", "json")).Require(ExitCode.Fine);
        var again = (await IngestAsync("agent-code", [start, Text, Call, Result], "-o", "json")).Require(ExitCode.Fine);

        Assert.Equal((3, 1), (Counted(first, "recorded"), Counted(first, "ignored")));
        Assert.Equal((3, 1), (Counted(again, "duplicate"), Counted(again, "ignored")));
        Assert.Empty(first.Error);
    }

    [Fact]
    public async Task standard_input_is_a_stream_too_and_its_events_may_lack_a_session()
    {
        var result = (await InProcess.RunAsync(
            directory.Path, ["ingest", "agent-code", "-", "--session", "s-1", "--data", directory.Path], Records.Lines([Call, Result])))
            .Require(ExitCode.Fine);
        Assert.Contains("recorded\t2", result.OutLines);
        Assert.Contains("ignored\t0", result.OutLines);
    }

    [Fact]
    public async Task an_event_that_cannot_be_understood_is_told_by_its_line()
    {
        var result = (await IngestAsync("agent-code", [start, "", "{\"type\":", Call])).Require(ExitCode.Failed);
        Assert.StartsWith("line 3: invalid: ", Assert.Single(result.ErrorLines), StringComparison.Ordinal);
        Assert.Contains("recorded\t2", result.OutLines);
    }

    [Fact]
    public async Task a_long_stream_keeps_what_its_beginning_said()
    {
        var calls = Enumerable.Range(0, 3_000).SelectMany(_ => new[] { Call, Result });
        var result = (await IngestAsync("agent-code", [start, .. calls], "-o", "json")).Require(ExitCode.Fine);
        Assert.Equal(6_001, Counted(result, "recorded"));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task a_session_that_stands_in_the_last_line_is_looked_for_ahead(bool isPiped)
    {
        var session = $"cp-{Guid.NewGuid()}";
        string[] lines =
        [
            """{"type":"tool.execution_start","data":{"toolCallId":"c","toolName":"bash","arguments":{"command":"ls"}},"id":"1","timestamp":"2026-03-01T10:00:00Z"}""",
            """{"type":"tool.execution_complete","data":{"toolCallId":"c","success":true,"result":{"content":"sessionId"}},"id":"2","timestamp":"2026-03-01T10:00:01Z"}""",
            $$"""{"type":"result","timestamp":"2026-03-01T10:00:02Z","sessionId":"{{session}}","exitCode":0}""",
        ];

        var result = isPiped
            ? await InProcess.RunAsync(directory.Path, ["ingest", "copilot", "-", "-o", "json", "--data", directory.Path], Records.Lines(lines))
            : await IngestAsync("copilot", lines, "-o", "json");

        Assert.Equal(3, Counted(result.Require(ExitCode.Fine), "recorded"));
        var shown = await InProcess.RunAsync(directory.Path, ["show", session, "-o", "json", "--data", directory.Path]);
        Assert.Contains("\"completed\"", shown.Require(ExitCode.Fine).Out, StringComparison.Ordinal);
    }

    [Fact]
    public async Task the_format_of_a_file_is_told_by_its_first_events()
    {
        var result = (await InProcess.RunAsync(
            directory.Path, ["ingest", Written("told.jsonl", Records.Lines([start, Call, Result])), "-o", "json", "--data", directory.Path]))
            .Require(ExitCode.Fine);

        Assert.Equal((3, 0), (Counted(result, "recorded"), Counted(result, "ignored")));
        Assert.Equal("Recognised as agent-code.", Assert.Single(result.ErrorLines));
    }

    [Fact]
    public async Task the_standard_input_is_told_by_its_first_events_too()
    {
        var session = Guid.NewGuid().ToString();
        var lines = new[] { $$"""{"type":"thread.started","thread_id":"{{session}}"}""", CodexItem };
        var result = (await InProcess.RunAsync(directory.Path, ["ingest", "-", "--data", directory.Path], Records.Lines(lines))).Require(ExitCode.Fine);

        Assert.Equal("Recognised as codex.", Assert.Single(result.ErrorLines));
        Assert.Contains("recorded\t2", result.OutLines);
    }

    [Theory]
    [InlineData("[\n  {\"role\": \"user\",\n \"content\": \"go\"},\n  {\"role\": \"assistant\", \"tool_calls\": [{\"id\": \"call_1\", \"function\": {\"name\": \"x\"}}]}\n]", "openai")]
    [InlineData("{\n  \"sessionId\": \"g-1\",\n  \"projectHash\": \"ab\",\n  \"messages\": [{\"id\": \"m\", \"type\": \"gemini\", \"toolCalls\": [{\"id\": \"c\", \"name\": \"x\", \"status\": \"scheduled\"}]}]\n}", "gemini")]
    public async Task a_document_over_many_lines_is_read_whole(string document, string format)
    {
        var file = Written(format + ".json", document);
        var result = (await InProcess.RunAsync(directory.Path, ["ingest", file, "--session", Guid.NewGuid().ToString(), "--data", directory.Path])).Require(ExitCode.Fine);

        Assert.Contains($"Recognised as {format}.", result.Error);
        Assert.Contains("invalid\t0", result.OutLines);
    }

    [Fact]
    public async Task a_stream_under_another_formats_name_is_invalid_and_says_what_it_looks_like()
    {
        var result = (await IngestAsync("copilot", ["""{"type":"thread.started","thread_id":"t-1"}""", CodexItem])).Require(ExitCode.Failed);

        Assert.Equal(2, result.ErrorLines.Count(line => line.EndsWith("this looks like codex, and the stream was sent as copilot", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task the_formats_are_listed_with_what_they_were_tried_with()
    {
        var result = (await InProcess.RunAsync(directory.Path, ["ingest", "--formats"])).Require(ExitCode.Fine);

        Assert.Contains(result.OutLines, line => line.StartsWith("codex\t") && line.EndsWith("exec --json verified with openai/codex, the rest after documentation"));
        Assert.Contains(result.OutLines, line => line.StartsWith("gemini\t") && line.EndsWith("\tafter documentation"));
        Assert.Equal(FormatReaders.Names.Count, result.OutLines.Count(line => line.Contains("documentation")));
        (await InProcess.RunAsync(directory.Path, ["ingest"])).Require(ExitCode.WrongUse);
    }

    /// <summary>Each format is switched on in two lines of the guide, which says of it what the command says.</summary>
    [Fact]
    public async Task the_guide_says_of_each_format_what_the_command_says()
    {
        var guide = await File.ReadAllTextAsync(DeployFiles.PathOf("docs/formats.md"));
        var sections = guide.Split("\n## ").Skip(1).ToList();
        var listed = (await InProcess.RunAsync(directory.Path, ["ingest", "--formats"])).Require(ExitCode.Fine).OutLines
            .Select(line => line.Split('\t')).Where(parts => parts[^1].Contains("documentation")).ToList();

        Assert.Equal(FormatReaders.Names.Order(), listed.Select(parts => parts[0]).Order());
        foreach (var parts in listed)
        {
            var section = Assert.Single(sections, one => IsOf(one, parts[0]));
            Assert.Contains($"*{char.ToUpperInvariant(parts[^1][0])}{parts[^1][1..]}.*", Plain(section), StringComparison.Ordinal);
            Assert.InRange(section.Split("```")[1].Split('\n', StringSplitOptions.RemoveEmptyEntries).Length - 1, 1, 2);
            Assert.Contains("\n- Understood: ", section, StringComparison.Ordinal);
            Assert.Contains("\n- Cannot be known: ", section, StringComparison.Ordinal);
        }

        // And no section is of a format that is none.
        Assert.All(sections, section => Assert.Contains(listed, parts => IsOf(section, parts[0])));

        static bool IsOf(string section, string format) => Regex.IsMatch(section, $"ingest[ /]{format}[ ?]")
            || (format == "otlp" && section.Contains("OTEL_EXPORTER_OTLP_ENDPOINT=", StringComparison.Ordinal));
        static string Plain(string section) => string.Join(' ', section.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries));
    }

    [Fact]
    public async Task a_format_that_is_not_known_is_wrong_use_that_names_the_known_ones()
    {
        var result = (await IngestAsync("copilott", [start])).Require(ExitCode.WrongUse);
        Assert.Contains("accepted are auto, copilot, agent-code, claude-code, laravel, otlp, agent-sdk", result.Error, StringComparison.Ordinal);
    }

    private string Written(string name, string text)
    {
        var file = directory.File($"{Guid.NewGuid():N}-{name}");
        File.WriteAllText(file, text);
        return file;
    }

    private async Task<CommandResult> IngestAsync(string format, IEnumerable<string> lines, params string[] args)
    {
        var file = directory.File($"{Guid.NewGuid():N}.jsonl");
        await File.WriteAllTextAsync(file, Records.Lines(lines));
        return await InProcess.RunAsync(directory.Path, ["ingest", format, file, .. args, "--data", directory.Path]);
    }

    private static long Counted(CommandResult result, string member) =>
        JsonDocument.Parse(result.Out).RootElement.GetProperty(member).GetInt64();
}
