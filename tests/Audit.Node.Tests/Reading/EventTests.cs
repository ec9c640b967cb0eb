using Audit.Node.Tests.Support;

namespace Audit.Node.Tests.Reading;

public sealed class EventTests : IAsyncLifetime
{
    private TestNode node = null!;

    public async Task InitializeAsync()
    {
        node = await TestNode.StartAsync();
        (await node.LinesAsync(Records.Lines(
            Records.Item("s-1", "c-1", Records.Completed(), task: "t-1", agent: "a-1", tool: "sql.read"),
            Records.Item("s-1", "c-2", Records.Completed(), task: "t-2", agent: "a-1", tool: "sql.write"),
            Records.Item("s-2", "c-1", Records.Completed(), task: "t-1", agent: "a-2", tool: "bash")))).Require(200);
    }

    public async Task DisposeAsync() => await node.DisposeAsync();

    [Theory]
    [InlineData("session=s-1", 2)]
    [InlineData("session=s-1&task=t-1", 1)]
    [InlineData("task=t-1", 2)]
    [InlineData("tool=sql.*", 2)]
    [InlineData("tool=*", 3)]
    [InlineData("tool=bash", 1)]
    [InlineData("tool=sql", 0)]
    [InlineData("tool=sql.rea?", 1)]
    [InlineData("session=nobody", 0)]
    public async Task events_are_filtered(string query, int count)
    {
        Assert.Equal(count, (await node.GetAsync("/v1/events?" + query)).Require(200).Json.GetProperty("items").GetArrayLength());
        Assert.Equal(count, (await node.GetAsync("/v1/events?" + query, "application/x-ndjson")).Require(200).Lines.Count);
    }

    [Fact]
    public async Task an_event_shows_its_row_and_its_record()
    {
        var item = (await node.GetAsync("/v1/events?session=s-2")).Json.GetProperty("items")[0];
        var alone = (await node.GetAsync($"/v1/events/{item.GetProperty("position").GetInt64()}")).Require(200).Json;

        Assert.Equal(item.GetRawText(), alone.GetRawText());
        Assert.Equal($"call|{item.GetProperty("event").Text("source")}|s-2|c-1", item.Text("stream"));
        Assert.Equal(1, item.GetProperty("sequence").GetInt32());
        Assert.Equal("call.transitioned.v2", item.Text("manifest"));
        Assert.EndsWith("Z", item.Text("created"));
        Assert.Equal("call.transitioned", item.GetProperty("event").Text("event"));
        Assert.Equal("bash", item.GetProperty("event").GetProperty("record").Text("tool_name"));
    }

    [Fact]
    public async Task after_begins_behind_a_position_and_now_at_the_end()
    {
        var first = (await node.GetAsync("/v1/events?session=s-1&limit=1")).Json.GetProperty("items")[0].GetProperty("position").GetInt64();

        Assert.Equal(1, (await node.GetAsync($"/v1/events?after={first}&session=s-1")).Json.GetProperty("items").GetArrayLength());
        Assert.Equal(0, (await node.GetAsync("/v1/events?after=now")).Json.GetProperty("items").GetArrayLength());
        Assert.Equal(0, (await node.GetAsync("/v1/events?after=9223372036854775807")).Json.GetProperty("items").GetArrayLength());
    }

    [Theory]
    [InlineData("limit=0", "limit")]
    [InlineData("limit=1001", "limit")]
    [InlineData("limit=ten", "limit")]
    [InlineData("limit=1&limit=2", "limit")]
    [InlineData("after=-1", "after")]
    [InlineData("after=yesterday", "after")]
    [InlineData("after=99999999999999999999", "after")]
    [InlineData("cursor=abc", "cursor")]
    [InlineData("cursor=YXQgeA", "cursor")]
    public async Task a_wrong_parameter_is_named(string query, string name) =>
        Assert.StartsWith(name + ":", (await node.GetAsync("/v1/events?" + query)).Problem(400));

    [Theory]
    [InlineData("/v1/events/0", 400)]
    [InlineData("/v1/events/x", 400)]
    [InlineData("/v1/events/x/raw", 400)]
    [InlineData("/v1/events/999999", 404)]
    [InlineData("/v1/events/999999/raw", 404)]
    [InlineData("/v1/sessions/s-1/calls/none/events", 404)]
    [InlineData("/v1/sessions/a%7Cb/calls/none/events", 400)]
    [InlineData("/v1/sessions/s-1/calls/c-1/events?limit=0", 400)]
    [InlineData("/v1/call/events?session=s-1", 400)]
    [InlineData("/v1/call/events?call=c-1", 400)]
    public async Task what_is_not_there_or_not_meant_is_a_problem(string path, int status) => (await node.GetAsync(path)).Problem(status);

    [Fact]
    public async Task a_call_is_listed_in_pages()
    {
        await node.LinesAsync(Records.Lines(Enumerable.Range(0, 100).Select(i => Records.Item(
            "s-3", "c-1", """{"kind":"requested"}""", at: $"2025-01-02T03:04:05.{i:000}Z"))));
        var sequences = new List<int>();
        for (var path = "/v1/sessions/s-3/calls/c-1/events?limit=40"; path is not null;)
        {
            var page = (await node.GetAsync(path)).Require(200).Json;
            Assert.Equal(40, page.GetProperty("limit").GetInt32());
            sequences.AddRange(page.GetProperty("items").EnumerateArray().Select(item => item.GetProperty("sequence").GetInt32()));
            path = page.Text("next") is { } next ? $"/v1/sessions/s-3/calls/c-1/events?limit=40&cursor={next}" : null;
        }

        Assert.Equal(Enumerable.Range(1, 100), sequences);
    }

    [Theory]
    [InlineData("a/b", "c/d")]
    [InlineData("..", ".")]
    [InlineData("50%", "%2F")]
    [InlineData("ü ?&#+", "x|y\"'<>\\")]
    public async Task ids_that_a_path_cannot_carry_go_by_query_and_most_of_them_encoded(string session, string call)
    {
        (await node.RecordAsync(Records.Item(session, call, Records.Completed()))).Require(201);
        var (s, c) = (Uri.EscapeDataString(session), Uri.EscapeDataString(call));

        var byQuery = (await node.GetAsync($"/v1/call/events?session={s}&call={c}")).Require(200);
        Assert.Equal(call, byQuery.Json.GetProperty("items")[0].GetProperty("event").GetProperty("record").Text("tool_call_id"));
        if (session != "..")
        {
            Assert.Equal(byQuery.Text, (await node.GetAsync($"/v1/sessions/{s}/calls/{c}/events")).Require(200).Text);
        }
    }

    [Fact]
    public async Task in_lines_the_breaks_between_tokens_become_spaces()
    {
        var record = Records.Record("c-9", Records.Completed(output: "two\nlines")).Replace(",\"tier\"", ",\r\n\"tier\"");
        var position = (await node.RecordAsync(record, session: "s-9")).Require(201).Json.GetProperty("position").GetInt64();

        var line = Assert.Single((await node.GetAsync("/v1/events?session=s-9", "application/x-ndjson")).Lines);
        Assert.Equal("two\nlines", line.GetProperty("event").GetProperty("record").GetProperty("outcome").GetProperty("result").Text("output"));
        Assert.Contains(",  \"tier\"", line.GetRawText());
        Assert.Equal(record, (await node.GetAsync($"/v1/events/{position}/raw")).Text);
    }

    [Fact]
    public async Task the_acts_of_administration_are_shown_to_administrators_only()
    {
        using var reader = await node.ClientAsync("reader", "read");
        var operators = (await node.GetAsync("/v1/events?limit=1000")).Json.GetProperty("items").EnumerateArray()
            .Where(item => item.Text("stream").StartsWith("operator|")).ToList();

        Assert.Equal(["node.started", "source.created", "token.created"], operators.Select(item => item.GetProperty("event").Text("act")));
        var position = operators[0].GetProperty("position").GetInt64();
        Assert.DoesNotContain("operator|", (await reader.GetAnswerAsync("/v1/events")).Require(200).Text);
        (await reader.GetAnswerAsync($"/v1/events/{position}")).Problem(404);
        (await reader.GetAnswerAsync($"/v1/events/{position}/raw")).Problem(404);
        Assert.Equal("node.started", (await node.GetAsync($"/v1/events/{position}/raw")).Require(200).Json.Text("act"));
    }

    [Fact]
    public async Task a_bound_reader_sees_its_own_task_and_agent_only()
    {
        using var byTask = await node.ClientAsync("by-task", "read", task: "t-1");
        using var byAgent = await node.ClientAsync("by-agent", "read", agent: "a-1", task: "t-2");

        Assert.Equal(2, (await byTask.GetAnswerAsync("/v1/events")).Json.GetProperty("items").GetArrayLength());
        Assert.Equal(1, (await byAgent.GetAnswerAsync("/v1/events")).Json.GetProperty("items").GetArrayLength());
        (await byTask.GetAnswerAsync("/v1/sessions/s-1/calls/c-1/events")).Require(200);
        (await byTask.GetAnswerAsync("/v1/sessions/s-1/calls/c-2/events")).Problem(404);
    }
}
