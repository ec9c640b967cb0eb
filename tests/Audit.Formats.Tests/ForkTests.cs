using Audit.Formats.Tests.Support;

namespace Audit.Formats.Tests;

/// <summary>Sessions that repeat the one that they came from: no call stands in two of them.</summary>
public sealed class ForkTests
{
    private readonly FormatReaders readers = new();

    private static string Use(string session, string uuid, string call, string at = "2026-01-01T00:00:00Z", string? from = null, string? was = null) => $$$"""
        {"type":"assistant","sessionId":"{{{session}}}","uuid":"{{{uuid}}}","timestamp":"{{{at}}}"{{{From(from, was)}}},"message":{"role":"assistant","content":[{"type":"tool_use","id":"{{{call}}}","name":"Read","input":{}}]}}
        """;

    private static string Result(string session, string uuid, string call, string at = "2026-01-01T00:00:01Z", string? from = null, string? was = null) => $$$"""
        {"type":"user","sessionId":"{{{session}}}","uuid":"{{{uuid}}}","timestamp":"{{{at}}}"{{{From(from, was)}}},"message":{"role":"user","content":[{"type":"tool_result","tool_use_id":"{{{call}}}","content":"read"}]}}
        """;

    private static string From(string? session, string? line) =>
        session is null ? "" : $$""","forkedFrom":{"sessionId":"{{session}}","messageUuid":"{{line}}"}""";

    private static readonly string[] Parent = [Use("p", "p-1", "t-1"), Result("p", "p-2", "t-1")];

    /// <summary>What was copied last has the time of the copy.</summary>
    private static readonly string[] Fork =
    [
        Use("f", "f-1", "t-1", from: "p", was: "p-1"), Result("f", "f-2", "t-1", "2026-01-02T00:00:00Z", "p", "p-2"),
        Use("f", "f-3", "t-2", "2026-01-02T00:00:05Z"),
    ];

    private static readonly string[] ForkOfFork =
    [
        Use("g", "g-1", "t-1", from: "f", was: "f-1"), Result("g", "g-2", "t-1", from: "f", was: "f-2"),
        Use("g", "g-3", "t-2", "2026-01-03T00:00:00Z", "f", "f-3"), Use("g", "g-4", "t-3", "2026-01-03T00:00:05Z"),
    ];

    [Fact]
    public void a_fork_of_claude_code_tells_what_it_copied_where_it_was_told()
    {
        Assert.Equal(["p t-1", "p t-1", "f t-2"], Calls(Take("claude-code", Fork)));
        var told = Take("claude-code", ForkOfFork);
        Assert.Equal(["p t-1", "p t-1", "f t-2", "g t-3"], Calls(told));
        Assert.Equal([true, true, true, false], told.Records.Select(one => one.IsTimeInferred));
        var note = Assert.Single(told.Notes);
        Assert.Equal(("forked", "g", """{"from":"f"}"""), (note.Type, note.SessionId, note.Detail!.Value.GetRawText()));
    }

    [Fact]
    public void a_fork_says_the_same_before_its_parent_behind_it_and_in_one_stream_with_it()
    {
        string[] expected = ["f t-2 requested", "g t-3 requested", "p t-1 completed"];
        foreach (var posts in new[] { [Parent, Fork, ForkOfFork], [Fork, ForkOfFork, Parent], new[] { Parent, Fork, ForkOfFork, Parent, Fork } })
        {
            Assert.Equal(expected, States(Story.Of("claude-code", posts)));
        }

        // Which session a fork's parent had copied is not known before that is told; and still no call stands in two.
        Assert.Equal(["f t-1 completed", "f t-2 requested", "g t-3 requested"], States(Story.Of("claude-code", ForkOfFork, Fork, Parent)));
        string[] all = [.. Parent, .. Fork, .. ForkOfFork];
        Assert.Equal(expected, States(Story.Of("claude-code", all)));
        Assert.Equal(expected, States(Story.Of("claude-code", all, all)));
    }

    /// <summary>Older versions gave a session that was resumed a new id, and its lines the ids that they had.</summary>
    [Fact]
    public void a_resumed_session_whose_lines_have_the_ids_that_they_had_tells_no_call_again()
    {
        Take("claude-code", Parent);
        var told = Take("claude-code", [Use("r", "p-1", "t-1"), Result("r", "p-2", "t-1"), Use("r", "r-1", "t-2")]);
        Assert.Equal(["p t-1", "p t-1", "r t-2"], Calls(told));
        Assert.Equal(["r t-1"], Calls(new Derived().Follow(readers.Open("claude-code", null, "another")!, System.Text.Encoding.UTF8.GetBytes(Use("r", "p-1", "t-1")))));
    }

    // Of the times 0x0199a2130000 and on, in ids of the version 7.
    private static string Thread(int moment) => $"0199a213-{moment:x4}-7800-8aa1-bbab2a035a53";

    private static string Turn(int moment) => $$$"""{"timestamp":"2026-01-05T00:00:00Z","type":"turn_context","payload":{"turn_id":"{{{Thread(moment)}}}","model":"m"}}""";

    private static string Meta(string id, string? from) =>
        $$$"""{"timestamp":"2026-01-05T00:00:00Z","type":"session_meta","payload":{"id":"{{{id}}}"{{{(from is null ? "" : $",\"forked_from_id\":\"{from}\"")}}}}}""";

    private static string Asked(string call, string tool = "shell") =>
        $$$"""{"timestamp":"2026-01-05T00:00:00Z","type":"response_item","payload":{"type":"function_call","call_id":"{{{call}}}","name":"{{{tool}}}","arguments":"{}"}}""";

    private static string Answered(string call, string output = "done") =>
        $$$"""{"timestamp":"2026-01-05T00:00:00Z","type":"response_item","payload":{"type":"function_call_output","call_id":"{{{call}}}","output":"{{{output}}}"}}""";

    [Fact]
    public void a_fork_of_codex_tells_each_turn_of_its_own_thread()
    {
        var (first, second, third) = (Thread(1), Thread(10), Thread(20));
        var told = Take("codex", [
            Meta(third, second), Meta(second, first), Meta(first, null), Turn(2), Asked("c-1"), Answered("c-1"), Turn(11), Asked("c-2"),
            Answered("c-2"), Turn(20), Asked("c-3")]);

        Assert.Equal([$"{first} c-1", $"{first} c-1", $"{second} c-2", $"{second} c-2", $"{third} c-3"], Calls(told));
        Assert.Equal([true, true, true, true, false], told.Records.Select(one => one.IsTimeInferred));
        // How the others began was noted in theirs.
        Assert.Equal([("forked", third), ("started", third)], told.Notes.Select(note => (note.Type, note.SessionId!)));
        Assert.Equal(2, told.Ignored["started of the session that it was forked from"]);
    }

    [Fact]
    public void a_fork_of_codex_and_its_parent_are_one_story()
    {
        var (parent, fork) = (Thread(1), Thread(10));
        string[] whole = [Meta(parent, null), Turn(2), Asked("c-1"), Answered("c-1"), Asked("c-2", "spawn_agent"), Answered("c-2", "{}")];
        string[] copy = [Meta(fork, parent), .. whole[..5], Answered("c-2", "You are the newly spawned agent. Go."), Turn(11), Asked("c-3"), Answered("c-3")];
        string[] expected = [$"{parent} c-1 completed", $"{parent} c-2 completed", $"{fork} c-3 completed"];
        foreach (var posts in new[] { [whole, copy], [copy, whole], new[] { copy, copy, whole, whole } })
        {
            Assert.Equal(expected, States(Story.Of("codex", posts)));
        }
    }

    [Fact]
    public void what_was_told_before_is_no_call_of_a_fork_whose_turns_have_no_times()
    {
        Take("codex", [Meta("a", null), Asked("c-1"), Answered("c-1")]);
        var told = Take("codex", [Meta("b", "a"), Meta("a", null), Asked("c-1"), Answered("c-1"), Asked("c-2")]);
        Assert.Equal(["a c-1", "a c-1", "b c-2"], Calls(told));
    }

    /// <summary>Gemini CLI goes on in the session that is resumed, and writes the old kind of file anew as the new one.</summary>
    [Fact]
    public void a_chat_of_gemini_that_is_resumed_is_one_session()
    {
        const string Message = """{"id":"m","timestamp":"2026-01-01T00:00:00Z","type":"gemini","toolCalls":[{"id":"c-1","name":"ls","args":{},"status":"success","timestamp":"2026-01-01T00:00:01Z"}]}""";
        const string Begin = "{\"sessionId\":\"s\",\"projectHash\":\"h\",\"startTime\":\"2026-01-01T00:00:00Z\"";
        string[] old = [Begin + ",\"messages\":[" + Message + "]}"], resumed = [Begin + "}", Message, """{"$set":{"sessionId":"s"}}""", Message.Replace("c-1", "c-2")];
        Assert.Equal(["s c-1 completed", "s c-2 completed"], States(Story.Of("gemini", old, resumed)));
        Assert.Equal(["s c-1 completed", "s c-2 completed"], States(Story.Of("gemini", resumed, old)));
    }

    private Derived Take(string format, string[] lines) =>
        new Derived().Follow(readers.Open(format, null, "ci")!, System.Text.Encoding.UTF8.GetBytes(string.Join('\n', lines)));

    private static IEnumerable<string> Calls(Derived told) => told.Records.Select(one => $"{one.SessionId} {one.Record.ToolCallId}");

    private static IEnumerable<string> States(Story story)
    {
        Assert.Empty(story.Violations);
        Assert.Empty(story.Invalid);
        return story.Calls(withTimes: false).Select(
            one => $"{one.Key} {System.Text.Json.JsonDocument.Parse(one.Value).RootElement.GetProperty("state").GetString()}");
    }
}
