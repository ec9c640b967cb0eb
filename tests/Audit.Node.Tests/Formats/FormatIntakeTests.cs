using System.IO.Compression;
using System.Text;
using Audit.Node.Tests.Support;

namespace Audit.Node.Tests.Formats;

public sealed class FormatIntakeTests : IAsyncLifetime
{
    private const string Lines = "application/x-ndjson";
    private const string Hook = """{"session_id":"cc-1","hook_event_name":"PreToolUse","tool_name":"Bash","tool_input":{"command":"ls"},"tool_use_id":"toolu_1"}""";

    private TestNode node = null!;

    public async Task InitializeAsync() => node = await TestNode.StartAsync();

    public async Task DisposeAsync() => await node.DisposeAsync();

    public static TheoryData<string> StreamNames => Streams.Names;

    public static TheoryData<string> FormatNames => Streams.Formats;

    [Theory]
    [MemberData(nameof(StreamNames))]
    public async Task a_stream_that_is_sent_twice_is_recorded_once(string name)
    {
        var path = $"/v1/ingest/{Streams.FormatOf(name)}?session=s-1&task=t-1&agent=a-1";
        var first = (await node.PostAsync(path, Streams.Text(name), Lines)).Require(200);
        var again = (await node.PostAsync(path, Streams.Text(name), Lines)).Require(200);

        // The examples of a specification carry nothing of a call.
        Assert.Contains(name.EndsWith("+broken", StringComparison.Ordinal) ? "invalid"
            : name.EndsWith("+specification", StringComparison.Ordinal) ? "ignored" : "recorded", first.Statuses);
        Assert.DoesNotContain("violation", first.Statuses);
        Assert.DoesNotContain("recorded", again.Statuses);
        Assert.DoesNotContain("violation", again.Statuses);
        Assert.Equal(
            first.Lines.Where(line => line.Text("status") is "invalid" or "ignored").Select(line => line.GetRawText()),
            again.Lines.Where(line => line.Text("status") is "invalid" or "ignored").Select(line => line.GetRawText()));
    }

    [Theory]
    [MemberData(nameof(StreamNames))]
    public async Task half_a_stream_and_then_all_of_it_leave_the_same_book_as_all_of_it(string name)
    {
        var lines = Streams.Text(name).Split('\n');
        var path = $"/v1/ingest/{Streams.FormatOf(name)}?session=";
        await node.PostAsync(path + "half", string.Join('\n', lines[..(lines.Length / 2)]), Lines);
        await node.PostAsync(path + "half", string.Join('\n', lines), Lines);
        var halves = await CountAsync();
        await using var other = await TestNode.StartAsync();
        await other.PostAsync(path + "half", string.Join('\n', lines), Lines);

        var answer = await other.GetAsync("/v1/events", accept: Lines);
        Assert.Equal(Named(answer), halves);
    }

    [Theory]
    [MemberData(nameof(FormatNames))]
    public async Task damaged_lines_never_stop_a_stream_nor_take_a_neighbour_with_them(string format)
    {
        var random = new Random(11);
        var good = Streams.All.Where(name => Streams.FormatOf(name) == format)
            .SelectMany(name => Streams.Text(name).Split('\n', StringSplitOptions.RemoveEmptyEntries)).ToList();
        var body = new MemoryStream();
        for (var round = 0; round < 300; round++)
        {
            var line = Encoding.UTF8.GetBytes(good[random.Next(good.Count)]);
            for (var times = random.Next(1, 5); times > 0; times--)
            {
                line[random.Next(line.Length)] = (byte)random.Next(256);
            }

            body.Write(line);
            body.WriteByte((byte)'\n');
        }

        // A byte of the damage may be the end of a line.
        var damaged = body.ToArray().Count(letter => letter == '\n');
        foreach (var line in good)
        {
            body.Write(Encoding.UTF8.GetBytes(line + "\n"));
        }

        var answer = await node.Http.AnswerAsync(HttpMethod.Post, $"/v1/ingest/{format}?session=s-1", body.ToArray(), Lines);

        answer.Require(200);
        Assert.Equal("ignored", answer.Statuses[^1]);
        Assert.DoesNotContain("stopped", answer.Statuses);
        Assert.Contains("invalid", answer.Statuses);
        Assert.All(
            answer.Lines.Where(line => line.Text("status") == "invalid"),
            line => Assert.InRange(line.GetProperty("line").GetInt64(), 1, 10_000));
        await using var alone = await TestNode.StartAsync();
        var untouched = await alone.Http.AnswerAsync(
            HttpMethod.Post, $"/v1/ingest/{format}?session=s-1", Encoding.UTF8.GetBytes(string.Join('\n', good)), Lines);
        // What has no ids is joined by what came before it, damaged or not.
        Assert.True(format is "agent-code" or "mcp" || InvalidAfter(answer, damaged) <= InvalidAfter(untouched, 0));

        static int InvalidAfter(Answer of, int line) =>
            of.Lines.Count(one => one.Text("status") == "invalid" && one.GetProperty("line").GetInt64() > line);
    }

    [Theory]
    [MemberData(nameof(FormatNames))]
    public async Task whatever_is_posted_is_never_an_error_of_the_node(string format)
    {
        foreach (var body in new[] { "", " ", "{}", "[]", "[[]]", "null", "7", "\"x\"", "{", "[{},{\"type\":7},", "\uFEFF{}", "{\"type\":\"x\",\"type\":\"y\"}", new string('[', 5000), "{\"type\":\"tool_call\",\"data\":null}" })
        {
            foreach (var type in new[] { "application/json", Lines })
            {
                var answer = await node.PostAsync($"/v1/ingest/{format}?session=s-1", body, type);
                Assert.InRange(answer.Status, 200, 499);
            }
        }
    }

    [Fact]
    public async Task a_hook_is_answered_with_an_object_that_decides_nothing()
    {
        var answer = (await node.PostAsync("/v1/ingest/claude-code?task=t-1&agent=a-1", Hook)).Require(200);

        Assert.Equal("application/json", answer.Type);
        Assert.Equal(["receipts", "ignored"], answer.Json.EnumerateObject().Select(member => member.Name));
        Assert.Equal("recorded", answer.Json.GetProperty("receipts")[0].Text("status"));
        Assert.Equal("requested", answer.Json.GetProperty("receipts")[0].Text("state"));
        var happened = (await node.GetAsync("/v1/events?session=cc-1")).Json.GetProperty("items")[0].GetProperty("event");
        Assert.Equal(("t-1", "a-1", "claude-code:toolu_1:requested"), (happened.Text("task_id"), happened.Text("agent"), happened.Text("derived_id")));
    }

    [Fact]
    public async Task an_array_of_events_has_the_receipts_of_all_of_them()
    {
        var answer = await node.PostAsync("/v1/ingest/claude-code", $$"""[{{Hook}},{"session_id":"cc-1","hook_event_name":"Notification"},{}]""");

        Assert.Equal(["recorded", "invalid"], answer.Require(200).Json.GetProperty("receipts").EnumerateArray().Select(one => one.Text("status")));
        Assert.Equal(3, answer.Json.GetProperty("receipts")[1].GetProperty("line").GetInt64());
        Assert.Equal(1, answer.Json.GetProperty("ignored").GetProperty("types").GetProperty("Notification").GetInt64());
    }

    /// <summary>A body that is wrong a million times has so many sentences, and one that counts the others.</summary>
    [Fact]
    public async Task an_event_of_many_wrong_parts_has_a_hundred_sentences()
    {
        var body = $$"""{"resourceSpans":[{{string.Join(',', Enumerable.Repeat("0", 20_000))}}]}""";
        var receipts = (await node.PostAsync("/v1/ingest/otlp", body)).Require(200).Json.GetProperty("receipts");
        Assert.Equal(101, receipts.GetArrayLength());
        Assert.Contains("19900 more", receipts[100].Text("error"));
    }

    [Fact]
    public async Task spans_of_an_agent_find_the_group_of_their_trace_in_an_earlier_request()
    {
        const string Span = """{"object":"trace.span","id":"span_1","trace_id":"trace_1","started_at":"2026-01-01T00:00:00Z","span_data":{"type":"function","name":"rm","input":"{}"}}""";
        (await node.PostAsync("/v1/ingest/openai-agents", """{"object":"trace","id":"trace_1","group_id":"g"}""")).Require(200);
        (await node.PostAsync("/v1/ingest/openai-agents", Span)).Require(200);
        (await node.PostAsync("/v1/ingest/openai-agents", Span.Replace("trace_1", "trace_2"))).Require(200);
        var calls = (await node.GetAsync("/v1/events?session=g")).Json.GetProperty("items").EnumerateArray()
            .Count(one => one.GetProperty("event").TryGetProperty("record", out _));
        Assert.Equal(1, calls);
        Assert.NotEqual(0, (await node.GetAsync("/v1/events?session=trace:trace_2")).Json.GetProperty("items").GetArrayLength());
    }

    [Fact]
    public async Task an_unknown_format_is_told_which_there_are()
    {
        var detail = (await node.PostAsync("/v1/ingest/copilott", "{}")).Problem(404);
        Assert.All(FormatReaders.Names, name => Assert.Contains(name, detail));
    }

    [Fact]
    public async Task events_that_name_no_session_need_one_from_the_query()
    {
        const string Event = """{"type":"tool.execution_start","data":{"toolCallId":"c","toolName":"bash"}}""";
        var without = await node.PostAsync("/v1/ingest/copilot", "\n\n" + Event, Lines);
        var with = await node.PostAsync("/v1/ingest/copilot?session=s-1", Event, Lines);

        Assert.Equal(["invalid", "ignored"], without.Require(200).Statuses);
        Assert.Equal(3, without.Lines[0].GetProperty("line").GetInt64());
        Assert.Contains("?session=", without.Lines[0].Text("error"));
        Assert.Equal(["recorded", "ignored"], with.Require(200).Statuses);
    }

    [Theory]
    [InlineData("?session=a|b", "session")]
    [InlineData("?session=s&session=t", "session")]
    [InlineData("?task=%01", "task")]
    public async Task a_wrong_parameter_is_named(string query, string name) =>
        Assert.StartsWith(name, (await node.PostAsync("/v1/ingest/copilot" + query, "{}")).Problem(400));

    [Fact]
    public async Task who_may_only_read_may_not_ingest_and_a_bound_token_speaks_of_its_own()
    {
        var reader = await node.ClientAsync("reader", "read");
        var bound = await node.ClientAsync("bound", "ingest", agent: "a-1", task: "t-1");

        (await reader.PostAsync("/v1/ingest/claude-code", Hook)).Problem(403);
        (await bound.PostAsync("/v1/ingest/claude-code?agent=a-2", Hook)).Problem(403);
        (await bound.PostAsync("/v1/ingest/claude-code?task=t-2", Hook)).Problem(403);
        (await bound.PostAsync("/v1/ingest/claude-code", Hook)).Require(200);
        var happened = (await node.GetAsync("/v1/events?session=cc-1")).Json.GetProperty("items")[0].GetProperty("event");
        Assert.Equal(("t-1", "a-1", "bound"), (happened.Text("task_id"), happened.Text("agent"), happened.Text("token")));
    }

    [Fact]
    public async Task whom_a_host_names_stays_its_claim_where_a_token_is_bound_to_another_agent()
    {
        const string OfSub = """{"type":"assistant","sessionId":"cc-1","agentId":"explorer","message":{"role":"assistant","content":[{"type":"tool_use","id":"t-1","name":"Read","input":{}}]}}""";
        (await (await node.ClientAsync("bound", "ingest", agent: "a-1")).PostAsync("/v1/ingest/claude-code", OfSub)).Require(200);
        var happened = (await node.GetAsync("/v1/events?session=cc-1")).Json.GetProperty("items")[0].GetProperty("event");
        Assert.Equal(("a-1", "explorer"), (happened.Text("agent"), happened.GetProperty("record").Text("claimed_agent")));
    }

    [Theory]
    [InlineData(129, 97)]
    [InlineData(2_000, 2_000)]
    public async Task a_name_that_is_none_stays_the_hosts_claim_and_costs_no_call_its_place(int agent, int parent)
    {
        var (name, call) = (new string('a', agent), new string('p', parent));
        var line = """{"type":"assistant","sessionId":"cc-1","agentId":"NAME","parent_tool_use_id":"CALL","message":{"role":"assistant","content":[{"type":"tool_use","id":"t-1","name":"Read","input":{}}]}}"""
            .Replace("NAME", name).Replace("CALL", call);
        foreach (var status in new[] { "recorded", "duplicate" })
        {
            Assert.Equal([status, "ignored"], (await node.PostAsync("/v1/ingest/claude-code", line, Lines)).Require(200).Statuses);
        }

        var happened = (await node.GetAsync("/v1/events?session=cc-1")).Json.GetProperty("items")[0].GetProperty("event");
        var record = happened.GetProperty("record");
        Assert.Equal((name, call), (record.Text("claimed_agent"), record.Text("claimed_parent")));
        Assert.DoesNotContain(happened.EnumerateObject(), member => member.Name is "agent" or "parent" && member.Value.ValueKind != System.Text.Json.JsonValueKind.Null);
    }

    [Fact]
    public async Task a_forked_session_tells_no_call_of_its_parent_again()
    {
        static string Line(string session, string uuid, string at, string part, string from = "") =>
            $$$"""{"type":"assistant","sessionId":"{{{session}}}","uuid":"{{{uuid}}}","timestamp":"{{{at}}}"{{{from}}},"message":{"role":"assistant","content":[{{{part}}}]}}""";
        static string Use(string call) => $$$"""{"type":"tool_use","id":"{{{call}}}","name":"Read","input":{}}""";
        static string From(string line) => $$""","forkedFrom":{"sessionId":"p","messageUuid":"{{line}}"}""";
        const string Done = """{"type":"tool_result","tool_use_id":"t-1","content":"read"}""";
        string[] parent = [Line("p", "p-1", "2026-01-01T00:00:00Z", Use("t-1")), Line("p", "p-2", "2026-01-01T00:00:01Z", Done)];
        string[] fork =
        [
            Line("f", "f-1", "2026-01-01T00:00:00Z", Use("t-1"), From("p-1")), Line("f", "f-2", "2026-01-02T00:00:00Z", Done, From("p-2")),
            Line("f", "f-3", "2026-01-02T00:00:01Z", Use("t-2")),
        ];
        await node.PostAsync("/v1/ingest/claude-code", string.Join('\n', parent), Lines);
        var told = (await node.PostAsync("/v1/ingest/claude-code", string.Join('\n', fork), Lines)).Require(200);
        Assert.Equal(["recorded", "duplicate", "duplicate", "recorded", "ignored"], told.Statuses);
        await node.PostAsync("/v1/ingest/claude-code", string.Join('\n', parent), Lines);

        var events = (await node.GetAsync("/v1/events")).Json.GetProperty("items").EnumerateArray().Select(one => one.GetProperty("event"));
        Assert.Equal(
            ["f t-2 requested", "p t-1 completed", "p t-1 requested"],
            events.Where(one => one.TryGetProperty("record", out _)).Select(
                one => $"{one.Text("session_id")} {one.GetProperty("record").Text("tool_call_id")} {one.GetProperty("record").GetProperty("outcome").Text("kind")}").Order());
    }

    [Fact]
    public async Task a_secret_in_an_agents_name_costs_the_name_alone()
    {
        var secret = "ghp_" + new PlantedSecrets(18).Letters(36);
        const string Span = """{"resourceSpans":[{"scopeSpans":[{"spans":[{"traceId":"0af7651916cd43dd8448eb211c80aa01","spanId":"00000000000000a1","name":"execute_tool x","startTimeUnixNano":"1767225600000000000","endTimeUnixNano":"1767225601000000000","attributes":[{"key":"gen_ai.conversation.id","value":{"stringValue":"s-1"}},{"key":"gen_ai.agent.name","value":{"stringValue":"NAME"}},{"key":"gen_ai.tool.call.id","value":{"stringValue":"c-1"}}]}]}]}]}""";
        Assert.Equal(["recorded", "recorded", "ignored"], (await node.PostAsync("/v1/ingest/otlp", Span.Replace("NAME", secret), Lines)).Require(200).Statuses);

        var happened = (await node.GetAsync("/v1/events?session=s-1")).Json.GetProperty("items");
        Assert.DoesNotContain(secret, happened.GetRawText());
        Assert.All(happened.EnumerateArray(), one => Assert.NotEmpty(one.GetProperty("event").GetProperty("record").Text("claimed_agent")!));
    }

    [Fact]
    public async Task a_body_may_be_compressed_and_of_no_other_kind()
    {
        using var packed = new MemoryStream();
        await using (var gzip = new GZipStream(packed, CompressionMode.Compress, leaveOpen: true))
        {
            gzip.Write(Encoding.UTF8.GetBytes(Hook));
        }

        var answer = await node.Http.AnswerAsync(
            HttpMethod.Post, "/v1/ingest/claude-code", packed.ToArray(), Lines, change: request => request.Content!.Headers.ContentEncoding.Add("gzip"));
        Assert.Equal(["recorded", "ignored"], answer.Require(200).Statuses);
        (await node.PostAsync("/v1/ingest/claude-code", Hook, "text/csv")).Problem(415);
    }

    [Fact]
    public async Task types_beyond_count_are_counted_together()
    {
        var body = string.Join('\n', Enumerable.Range(0, 300).Select(i => $$$"""{"type":"t-{{{i}}}","data":{}}"""));
        var answer = (await node.PostAsync("/v1/ingest/copilot?session=s-1", body, Lines)).Require(200);

        Assert.Equal(300, answer.Lines[0].GetProperty("count").GetInt64());
        Assert.Equal(200, answer.Lines[0].GetProperty("types").GetProperty("others").GetInt64());
    }

    [Theory]
    [InlineData(40, "recorded")]
    [InlineData(63, "invalid")]
    [InlineData(70, "invalid")]
    public async Task what_is_nested_too_deep_costs_its_line_and_no_more(int depth, string status)
    {
        var nested = string.Concat(Enumerable.Repeat("{\"a\":", depth)) + "1" + new string('}', depth);
        var deep = $$$"""{"session_id":"cc-1","hook_event_name":"PreToolUse","tool_name":"Bash","tool_input":{{{nested}}},"tool_use_id":"toolu_9"}""";
        var answer = (await node.PostAsync("/v1/ingest/claude-code", deep + "\n" + Hook, Lines)).Require(200);
        Assert.Equal([status, "recorded", "ignored"], answer.Statuses);
    }

    [Fact]
    public async Task a_large_result_is_cut_and_its_call_still_judged()
    {
        var output = new string('x', 1 << 20);
        var body = $$$"""{"type":"tool.execution_complete","data":{"toolCallId":"c","success":true,"result":{"content":"{{{output}}}"}},"timestamp":"2026-01-01T00:00:00Z"}""";
        var answer = (await node.PostAsync("/v1/ingest/copilot?session=s-1", body, Lines)).Require(200);

        Assert.Equal("completed", answer.Lines[0].Text("state"));
        Assert.Equal("truncated", answer.Lines[0].GetProperty("anomalies")[0].GetString());
    }

    private async Task<string[]> CountAsync() => Named(await node.GetAsync("/v1/events", accept: Lines));

    /// <summary>An id that is made of what was said is keyed by its store.</summary>
    private static string Unkeyed(string id) => System.Text.RegularExpressions.Regex.Replace(id, ":[A-Za-z0-9_-]{22}$", "");

    private static string[] Named(Answer answer) =>
    [
        .. answer.Require(200).Lines.Select(line => line.GetProperty("event")).Where(happened => happened.Text("event") != "operator.acted")
            .Select(happened => $"{happened.Text("event")} {(happened.TryGetProperty("derived_id", out var id) ? Unkeyed(id.GetString()!) : "")} {happened.GetProperty("session_id")}").Order(),
    ];
}
