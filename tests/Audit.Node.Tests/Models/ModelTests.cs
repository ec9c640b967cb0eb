using System.Text.Json;
using Audit.Node.Tests.Support;

namespace Audit.Node.Tests.Models;

/// <summary>The read models over HTTP: what was written is there for who asks next.</summary>
public sealed class ModelTests
{
    private const string Approved = """{"kind":"approved","decision":"approve-once","by":"kim"}""";

    [Fact]
    public async Task a_session_shows_its_calls_by_state()
    {
        await using var node = await TestNode.StartAsync();
        await node.RecordAsync(Records.Item("s-1", "c-1", Records.Completed(), task: "t-1", agent: "a-1"));
        await node.RecordAsync(Records.Item("s-1", "c-2", Records.Blocked(), agent: "a-1"));
        await node.RecordAsync(Records.Item("s-1", "c-2", Records.Completed()));

        var session = (await node.GetAsync("/v1/sessions/s-1")).Require(200).Json;
        Assert.Equal(2, session.GetProperty("calls").GetInt32());
        Assert.Equal(1, session.GetProperty("states").GetProperty("completed").GetInt32());
        Assert.Equal(1, session.GetProperty("states").GetProperty("blocked").GetInt32());
        Assert.Equal(1, session.GetProperty("violations").GetInt32());
        Assert.Equal(["a-1"], session.Texts("agents"));
        Assert.Equal(["t-1"], session.Texts("tasks"));
        Assert.Equal("2025-01-02T03:04:05Z", session.Text("first_at"));
        // All of it came late, as an import does; for that nothing is missing.
        Assert.True(session.GetProperty("completeness").GetProperty("complete").GetBoolean());
        Assert.Equal(["s-1"], (await node.GetAsync("/v1/sessions")).Require(200).Ids("session_id"));
        Assert.Equal(["c-2", "c-1"], (await node.GetAsync("/v1/sessions/s-1/calls")).Require(200).Ids("tool_call_id"));
        Assert.Equal(["completed"], (await node.GetAsync("/v1/violations")).Require(200).Ids("message"));
    }

    [Fact]
    public async Task a_call_names_its_parent_and_is_listed_by_it()
    {
        await using var node = await TestNode.StartAsync();
        await node.RecordAsync(Records.Item("s-1", "child", Records.Completed(), parent: "parent"));
        var then = (await node.RecordAsync(Records.Item("s-1", "parent", Records.Completed()))).Json.GetProperty("position").GetInt64();
        await node.RecordAsync(Records.Item("s-1", "second", Records.Completed(), parent: "parent"));

        var call = (await node.GetAsync("/v1/sessions/s-1/calls/child")).Require(200).Json;
        Assert.Equal("parent", call.Text("parent"));
        Assert.Equal(["second", "child"], (await node.GetAsync("/v1/sessions/s-1/calls?parent=parent")).Require(200).Ids("tool_call_id"));
        Assert.Equal(["child"], (await node.GetAsync($"/v1/sessions/s-1/calls?parent=parent&at={then}")).Require(200).Ids("tool_call_id"));
        Assert.Empty((await node.GetAsync("/v1/sessions/s-1/calls?parent=child")).Require(200).Ids("tool_call_id"));
        Assert.Equal(["second", "child"], (await node.GetAsync("/v1/search?q=parent:parent")).Require(200).Ids("tool_call_id"));
        Assert.Equal("parent", (await node.GetAsync("/v1/sessions/s-1/calls/child/events")).Require(200).Json
            .GetProperty("items")[0].GetProperty("event").Text("parent"));
        Assert.Contains("96", (await node.GetAsync("/v1/sessions/s-1/calls?parent=" + new string('x', 97))).Problem(400));
        var wrong = await node.RecordAsync(Records.Item("s-1", "long", Records.Completed(), parent: new string('x', 97)));
        Assert.StartsWith("parent: ", wrong.Json.Text("error"));
    }

    [Fact]
    public async Task a_list_goes_on_where_its_page_ended()
    {
        await using var node = await TestNode.StartAsync();
        await node.LinesAsync(Records.Lines(Enumerable.Range(0, 5).Select(call => Records.Item("s-1", $"c-{call}", Records.Completed()))));
        var seen = new List<string>();
        for (string? next = ""; next is not null;)
        {
            var page = (await node.GetAsync($"/v1/sessions/s-1/calls?limit=2{next}")).Require(200);
            seen.AddRange(page.Ids("tool_call_id"));
            next = page.Json.GetProperty("next").GetString() is { } cursor ? "&cursor=" + cursor : null;
        }

        Assert.Equal(["c-4", "c-3", "c-2", "c-1", "c-0"], seen);
    }

    [Fact]
    public async Task a_call_tells_how_long_it_waited_and_what_it_was_before()
    {
        await using var node = await TestNode.StartAsync();
        var asked = await node.RecordAsync(Records.Item("s/1", "c-1", Records.Asked(), "2025-01-02T03:04:05Z"));
        await node.RecordAsync(Records.Item("s/1", "c-1", Approved, "2025-01-02T03:04:15Z"));
        await node.RecordAsync(Records.Item("s/1", "c-1", Records.Completed(), "2025-01-02T03:04:16Z"));

        var call = (await node.GetAsync("/v1/call?session=s/1&call=c-1")).Require(200).Json;
        Assert.Equal("completed", call.Text("state"));
        Assert.Equal(10_000, call.GetProperty("waited_ms").GetDouble());
        Assert.Equal("kim", call.Text("claimed_by"));
        Assert.Equal(System.Text.Json.JsonValueKind.Null, call.GetProperty("decided_by").ValueKind);
        Assert.Equal(["requires_confirmation", "approved", "completed"],
            call.GetProperty("transitions").EnumerateArray().Select(one => one.Text("message")));

        var then = asked.Json.GetProperty("position").GetInt64();
        var past = (await node.GetAsync($"/v1/call?session=s/1&call=c-1&at={then}")).Require(200).Json;
        Assert.Equal("awaiting_confirmation", past.Text("state"));
        Assert.Equal(then, past.GetProperty("as_of").GetInt64());
        Assert.Equal(1, (await node.GetAsync($"/v1/session?session=s/1&at={then}")).Require(200).Json
            .GetProperty("states").GetProperty("awaiting_confirmation").GetInt32());
        Assert.Contains("no call", (await node.GetAsync("/v1/call?session=s/1&call=c-1&at=0")).Problem(404));
    }

    [Fact]
    public async Task a_window_answers_who_did_what_in_it_and_outside()
    {
        await using var node = await TestNode.StartAsync();
        using var approver = await node.ClientAsync("eve", "approve");
        var now = DateTimeOffset.UtcNow;
        var requested = await node.PostAsync("/v1/windows", $$"""{"alias":"w-1","task_id":"t-1","agent":"a-1","scope":["sql.*"],"reason":"an index","opens_at":"{{now.AddMinutes(-20):O}}","closes_at":"{{now.AddMinutes(20):O}}"}""");
        (await approver.PostAsync("/v1/windows/w-1/approve", "{}")).Require(201);
        await RecordAsync(node, "in", "sql.query", now.AddMinutes(-1));
        await RecordAsync(node, "scope", "bash", now.AddMinutes(-1));
        await RecordAsync(node, "out", "sql.query", now.AddMinutes(-30));

        var window = (await node.GetAsync("/v1/windows/w-1")).Require(200).Json;
        Assert.Equal("open", window.Text("state"));
        Assert.Equal("eve", window.Text("approved_by"));
        Assert.Equal(["in", "scope"], window.GetProperty("done").Ids("tool_call_id"));
        Assert.Equal(["out"], window.GetProperty("outside_window").Ids("tool_call_id"));
        Assert.Equal(["scope"], window.GetProperty("out_of_scope").Ids("tool_call_id"));
        Assert.Equal(["w-1"], (await node.GetAsync("/v1/windows?task=t-1&open_at=now")).Require(200).Ids("alias"));
        Assert.Empty((await node.GetAsync("/v1/windows?agent=another")).Require(200).Ids("window_id"));

        var task = (await node.GetAsync("/v1/tasks/t-1")).Require(200).Json;
        Assert.Equal(["in"], task.GetProperty("calls").GetProperty("in_window").Ids("tool_call_id"));
        Assert.Equal(["out"], task.GetProperty("calls").GetProperty("outside_window").Ids("tool_call_id"));
        Assert.Equal(["w-1"], task.GetProperty("windows").EnumerateArray().Select(one => one.Text("alias")));
        Assert.Equal(["in"], (await node.GetAsync("/v1/task/calls?task=t-1&judgement=in_window")).Require(200).Ids("tool_call_id"));

        // Before the window was approved, nothing was done in one.
        var before = (await node.GetAsync("/v1/windows/w-1?at=" + requested.Json.GetProperty("position"))).Require(200).Json;
        Assert.Equal("requested", before.Text("state"));
    }

    [Theory]
    [InlineData("/v1/sessions?limit=0", "limit: ")]
    [InlineData("/v1/sessions?cursor=x", "cursor: ")]
    [InlineData("/v1/sessions/s-1?at=noon", "at: a position of the journal or an RFC 3339 time is expected")]
    [InlineData("/v1/windows?open_at=noon", "open_at: ")]
    [InlineData("/v1/violations?lifted=perhaps", "lifted: ")]
    [InlineData("/v1/task/calls?task=t&judgement=bad", "judgement: in_window, outside_window, out_of_scope or window_unproven")]
    public async Task a_wrong_question_is_told_what_is_accepted(string path, string sentence)
    {
        await using var node = await TestNode.StartAsync();
        Assert.StartsWith(sentence, (await node.GetAsync(path)).Problem(400));
    }

    [Theory]
    [InlineData("/v1/sessions/none")]
    [InlineData("/v1/sessions/none/calls")]
    [InlineData("/v1/sessions/none/calls/none")]
    [InlineData("/v1/tasks/none")]
    [InlineData("/v1/windows/none")]
    public async Task what_is_not_there_is_not_found(string path)
    {
        await using var node = await TestNode.StartAsync();
        Assert.StartsWith("There is no", (await node.GetAsync(path)).Problem(404));
    }

    [Fact]
    public async Task a_bound_token_sees_its_own_only()
    {
        await using var node = await TestNode.StartAsync();
        await node.RecordAsync(Records.Item("s-1", "c-1", Records.Completed(), task: "t-1", agent: "a-1"));
        await node.RecordAsync(Records.Item("s-2", "c-2", Records.Completed(), task: "t-2", agent: "a-2"));
        using var bound = await node.ClientAsync("reader", "read", agent: "a-1");
        Assert.Equal(["s-1"], (await bound.AnswerAsync(HttpMethod.Get, "/v1/sessions")).Require(200).Ids("session_id"));
        Assert.Equal(["t-1"], (await bound.AnswerAsync(HttpMethod.Get, "/v1/tasks")).Require(200).Ids("task_id"));
        (await bound.AnswerAsync(HttpMethod.Get, "/v1/sessions/s-2")).Problem(404);
        (await bound.AnswerAsync(HttpMethod.Get, "/v1/sessions/s-2/calls/c-2")).Problem(404);
    }

    [Fact]
    public async Task a_read_is_written_down_and_only_administrators_see_it()
    {
        await using var node = await TestNode.StartAsync();
        using var reader = await node.ClientAsync("ann", "read");
        (await reader.AnswerAsync(HttpMethod.Get, "/v1/sessions?limit=7")).Require(200);
        Assert.Contains("/v1/sessions 7", await ReadsAsync(node.Http));
        Assert.Empty(await ReadsAsync(reader));
        await node.RestartAsync();
        Assert.Contains("/v1/sessions 7", await ReadsAsync(node.Http));
    }

    private static async Task<List<string>> ReadsAsync(HttpClient client) =>
    [
        .. (await client.AnswerAsync(HttpMethod.Get, "/v1/events?limit=1000")).Require(200).Json.GetProperty("items").EnumerateArray()
            .Where(item => item.Text("stream").StartsWith("reader|") && item.GetProperty("event").Text("token") == "ann")
            .Select(item => item.GetProperty("event").GetProperty("detail"))
            .Select(read => $"{read.Text("route")} {read.GetProperty("asked").GetProperty("limit")}"),
    ];

    private static Task<Answer> RecordAsync(TestNode node, string call, string tool, DateTimeOffset at) => node.RecordAsync(
        Records.Item("s-1", call, Records.Completed(), at.ToString("yyyy-MM-ddTHH:mm:ssZ"), task: "t-1", agent: "a-1", tool: tool));
}
