using System.IO.Compression;
using Audit.Formats.Tests.Support;
using Audit.Node.Tests.Support;

namespace Audit.Node.Tests.Formats;

/// <summary>OpenTelemetry as exporters send it when nothing is set: protobuf, in any batches, logs beside traces.</summary>
public sealed class OtlpTests : IAsyncLifetime
{
    private const string Binary = "application/x-protobuf";
    private const string Trace = "5b8efff798038103d269b633813fc60c";
    private const string Root = "eee19b7ec3c1b100";

    private TestNode node = null!;

    public async Task InitializeAsync() => node = await TestNode.StartAsync();

    public async Task DisposeAsync() => await node.DisposeAsync();

    [Fact]
    public async Task protobuf_is_taken_and_answered_in_protobuf()
    {
        var request = Protobuf.Request(
            Protobuf.Span(Trace, "eee19b7ec3c1b101", "execute_tool rm", Attribute("gen_ai.tool.call.id", "call-1")),
            Protobuf.Span(Trace, "eee19b7ec3c1b102", "chat"));

        var answer = (await PostAsync("/v1/traces", request)).Require(200);
        Assert.Equal((Binary, 0), (answer.Type, answer.Bytes.Length));
        Assert.Empty((await PostAsync("/v1/traces", Zip(request), "gzip")).Require(200).Bytes);
        Assert.Empty((await PostAsync("/v1/traces", [])).Require(200).Bytes);

        Assert.Equal(["call-1 requested", "call-1 completed"], await KindsAsync("trace:" + Trace));
    }

    [Fact]
    public async Task what_cannot_be_taken_is_said_in_protobuf()
    {
        var good = Protobuf.Span(Trace, "eee19b7ec3c1b101", "execute_tool rm", Attribute("gen_ai.tool.call.id", "call-1"));
        var bad = Protobuf.Bytes(2, Protobuf.Text(5, "execute_tool rm"));

        var partial = (await PostAsync("/v1/traces", Protobuf.Request(good, bad, bad))).Require(200);
        Assert.Equal([0x08, 2], partial.Bytes[2..4]);
        Assert.Contains("spanId: missing", partial.Text);
        foreach (var damaged in new[] { Protobuf.Request(bad), Protobuf.Request(good)[..20], [0xFF, 0xFF] })
        {
            var answer = (await PostAsync("/v1/traces", damaged)).Require(400);
            Assert.Equal((Binary, 0x12), (answer.Type, answer.Bytes[0]));
        }

        Assert.Contains("gzip", (await PostAsync("/v1/logs", Protobuf.Request(good), "gzip")).Require(400).Text);
        (await PostAsync("/v1/logs", Protobuf.Request(good))).Require(400);
    }

    [Fact]
    public async Task a_body_that_unpacks_to_absurd_sizes_is_refused()
    {
        var answer = await PostAsync("/v1/traces", Zip(new byte[80 << 20]), "gzip");
        Assert.Equal((413, Binary), (answer.Status, answer.Type));
        (await PostAsync("/v1/traces", Zip(new byte[20 << 20]), "gzip")).Require(413);
        var many = Protobuf.Request([.. Enumerable.Repeat(Protobuf.Bytes(2, Protobuf.Text(5, "x")), 10_001)]);
        Assert.Contains("smaller batches", (await PostAsync("/v1/traces", many)).Require(400).Text);
    }

    [Fact]
    public async Task metrics_are_passed_over_and_counted()
    {
        Assert.Equal("{}", (await node.PostAsync("/v1/metrics", """{"resourceMetrics":[]}""")).Require(200).Text);
        Assert.Empty((await PostAsync("/v1/metrics", [1, 2, 3])).Require(200).Bytes);

        Assert.Contains("audit_ignored_total 2", (await node.GetAsync("/metrics")).Text);
    }

    [Fact]
    public async Task logs_tell_what_was_decided()
    {
        await TakeAsync("logs", Streams.Text("otlp+decisions").Split('\n')[1]);

        Assert.Equal(["toolu_1 approved", "toolu_1 completed", "toolu_2 blocked", "toolu_3 approved", "toolu_3 completed"], await KindsAsync("cc-1"));
        var rejected = (await node.PostAsync("/v1/logs", Streams.Text("otlp+decisions").Split('\n')[2])).Require(200).Json;
        Assert.Equal("2", rejected.GetProperty("partialSuccess").Text("rejectedLogRecords"));
    }

    [Fact]
    public async Task the_conversation_of_a_trace_is_known_to_later_requests_and_after_a_restart()
    {
        await TakeAsync("traces", Body(Agent("conv-1")));
        await TakeAsync("traces", Body(Tool("call-1")));
        await node.RestartAsync();
        await TakeAsync("traces", Body(Tool("call-2")));
        await TakeAsync("traces", Body(Tool("call-1")));

        Assert.Equal(["call-1 requested", "call-1 completed", "call-2 requested", "call-2 completed"], await KindsAsync("conv-1"));
        Assert.Empty(await KindsAsync("trace:" + Trace));
    }

    [Fact]
    public async Task a_conversation_that_was_told_before_any_call_is_known_after_a_restart()
    {
        await TakeAsync("traces", Body(Agent("conv-1")));
        await node.RestartAsync();
        await TakeAsync("traces", Body(Tool("call-1")));

        Assert.Equal(["call-1 requested", "call-1 completed"], await KindsAsync("conv-1"));
        Assert.Empty(await KindsAsync("trace:" + Trace));
    }

    /// <summary>Whoever names its session in each span, as all of OpenTelemetry may, writes no note of each trace.</summary>
    [Fact]
    public async Task what_names_its_session_in_each_span_is_not_noted()
    {
        await TakeAsync("traces", Body(Agent("conv-1").Replace("gen_ai.conversation.id", "session.id")));
        Assert.Empty(await EventsAsync("trace:" + Trace));
        await TakeAsync("traces", Body(Tool("call-1")));
        Assert.Equal(["call-1 requested", "call-1 completed"], await KindsAsync("conv-1"));
        await node.RestartAsync();
        await TakeAsync("traces", Body(Tool("call-2")));
        Assert.Equal(4, (await KindsAsync("conv-1")).Count);
    }

    [PostgresFact]
    public async Task what_one_node_learned_of_a_trace_the_others_know()
    {
        await using var database = await PostgresServer.CreateDatabaseAsync();
        await using var one = await TestNode.StartAsync("postgres:" + database.ConnectionString);
        await using var other = await one.StartBesideAsync();
        Task TakeAsync(TestNode at, string spans) => at.PostAsync("/v1/traces", spans).ContinueWith(answer => answer.Result.Require(200), TaskScheduler.Default);
        async Task<int> CountAsync(string session) => (await one.GetAsync($"/v1/events?session={session}", accept: "application/x-ndjson"))
            .Require(200).Lines.Count(line => line.GetProperty("event").TryGetProperty("record", out _));

        await TakeAsync(one, Body(Agent("conv-1")));
        await TakeAsync(other, Body(Tool("call-1")));
        Assert.Equal(2, await CountAsync("conv-1"));

        // The other node knows the trace, and not what the first one learns of it now: a call without its agent's span
        // stays where the first one put it.
        await TakeAsync(one, Body(Agent("conv-2", "eee19b7ec3c1b1ff"), Tool("call-2", "eee19b7ec3c1b1ff")));
        await TakeAsync(other, Body(Tool("call-2", "eee19b7ec3c1b1ff")));
        Assert.Equal((2, 2, 0), (await CountAsync("conv-1"), await CountAsync("conv-2"), await CountAsync("trace:" + Trace)));

        await TakeAsync(one, Body(ClaudeStep));
        await TakeAsync(other, Body(ClaudeTool));
        Assert.Equal(2, await CountAsync("cc-1"));
    }

    [Fact]
    public async Task a_refusal_whose_call_comes_after_a_restart_is_a_refusal()
    {
        await TakeAsync("traces", Body(ClaudeStep));
        await node.RestartAsync();
        await TakeAsync("traces", Body(ClaudeTool));
        await TakeAsync("traces", Body(ClaudeTool));

        Assert.Equal(["toolu_1 requested", "toolu_1 blocked"], await KindsAsync("cc-1"));
        Assert.Equal("reject", Assert.Single(await EventsAsync("trace:" + Trace)).GetProperty("detail").Text("decision"));
        Assert.DoesNotContain(await EventsAsync("cc-1"), one => one.Text("event") == "session.noted");
    }

    [Fact]
    public async Task who_let_a_call_run_is_known_of_a_call_that_comes_after_a_restart()
    {
        await TakeAsync("traces", Body(ClaudeStep.Replace("user_reject", "user_temporary").Replace("reject", "accept")));
        await node.RestartAsync();
        var ran = Claude("b2", ".execution", 19, ("success", "true")).Replace("\"name\"", "\"parentSpanId\":\"00000000000000a1\",\"name\"");
        await TakeAsync("traces", Body(ran, ClaudeTool));

        Assert.Equal(["toolu_1 approved", "toolu_1 completed", "toolu_1 requested"], (await KindsAsync("cc-1")).Order());
        Assert.DoesNotContain(await EventsAsync("cc-1"), one => one.TryGetProperty("violation", out _));
    }

    [Fact]
    public async Task a_refusal_whose_call_never_comes_is_in_the_book()
    {
        await TakeAsync("traces", Body(ClaudeStep));
        await TakeAsync("traces", Body(ClaudeStep));

        var note = Assert.Single(await EventsAsync("trace:" + Trace));
        Assert.Equal(("call_step", "user_reject"), (note.Text("type"), note.GetProperty("detail").Text("source")));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task a_span_that_cannot_be_read_keeps_no_other_from_the_book(bool isProtobuf)
    {
        if (isProtobuf)
        {
            var damaged = Protobuf.Bytes(2, Protobuf.Text(5, "execute_tool x"), Protobuf.Number(1, 7));
            var good = Protobuf.Span(Trace, "eee19b7ec3c1b101", "execute_tool rm", Attribute("gen_ai.tool.call.id", "call-1"));
            var partial = (await PostAsync("/v1/traces", Protobuf.Request(damaged, good, damaged))).Require(200);
            Assert.Equal([0x08, 2], partial.Bytes[2..4]);
            Assert.Contains("span.traceId", partial.Text);
        }
        else
        {
            var answer = (await node.PostAsync("/v1/traces", Body(Tool("call-2").Replace("execute_tool rm", "execute_tool \\ud83d"), Tool("call-1")))).Require(200);
            var partial = answer.Json.GetProperty("partialSuccess");
            Assert.Equal("1", partial.Text("rejectedSpans"));
            Assert.Contains("spans[0]: name: half of a surrogate pair", partial.Text("errorMessage"));
        }

        Assert.Equal(["call-1 requested", "call-1 completed"], await KindsAsync("trace:" + Trace));
    }

    [Fact]
    public async Task a_call_stays_where_it_stood_first_and_says_whose_it_is()
    {
        foreach (var isAfterRestart in new[] { false, true })
        {
            await TakeAsync("traces", Body(Tool("call-1")));
            await TakeAsync("traces", Body(Agent("conv-1")));
            await TakeAsync("traces", Body(Agent("conv-1"), Tool("call-1"), Tool("call-2")));
            Assert.Equal(["call-1 requested", "call-1 completed"], await KindsAsync("trace:" + Trace));
            Assert.Equal(["call-2 requested", "call-2 completed"], await KindsAsync("conv-1"));
            var notes = (await EventsAsync("trace:" + Trace)).Where(one => one.Text("event") == "session.noted").ToList();
            Assert.Equal(2, notes.Count);
            Assert.Equal("conv-1", notes[1].GetProperty("detail").Text("session"));
            if (!isAfterRestart)
            {
                await node.RestartAsync();
            }
        }
    }

    [Fact]
    public async Task a_trace_of_two_conversations_gives_its_calls_to_neither_without_being_told()
    {
        await TakeAsync("traces", Body(Agent("conv-1")));
        await TakeAsync("traces", Body(Agent("conv-2", "eee19b7ec3c1b1ff")));
        await TakeAsync("traces", Body(Tool("call-1"), Tool("call-2", "eee19b7ec3c1b1ff"), Agent("conv-2", "eee19b7ec3c1b1ff")));
        await TakeAsync("traces", Body(Tool("call-2", "eee19b7ec3c1b1ff")));

        Assert.Equal(["call-1 requested", "call-1 completed"], await KindsAsync("trace:" + Trace));
        Assert.Equal(["call-2 requested", "call-2 completed"], await KindsAsync("conv-2"));
    }

    [Fact]
    public async Task a_conversation_that_is_learned_after_a_restart_is_noted_beside_the_calls()
    {
        await TakeAsync("traces", Body(Tool("call-1")));
        await node.RestartAsync();
        await TakeAsync("traces", Body(Agent("conv-1")));

        var notes = (await EventsAsync("trace:" + Trace)).Where(one => one.Text("event") == "session.noted").ToList();
        Assert.Equal("conv-1", notes[^1].GetProperty("detail").Text("session"));
    }

    [Fact]
    public async Task two_conversations_of_a_trace_may_give_their_calls_the_same_id()
    {
        foreach (var isAfterRestart in new[] { false, true })
        {
            await TakeAsync("traces", Body(OwnTool("conv-1", "1")));
            await TakeAsync("traces", Body(OwnTool("conv-2", "2")));
            await TakeAsync("traces", Body(OwnTool("conv-2", "2"), OwnTool("conv-1", "1")));
            Assert.Equal(["call-1 requested", "call-1 completed"], await KindsAsync("conv-1"));
            Assert.Equal(["call-1 requested", "call-1 completed"], await KindsAsync("conv-2"));
            if (!isAfterRestart)
            {
                await node.RestartAsync();
            }
        }
    }

    [Fact]
    public async Task however_a_trace_is_cut_no_call_stands_twice()
    {
        var spans = new[] { Agent("conv-1"), Tool("call-1"), Tool("call-2"), Tool("call-3"), Tool("call-4") };
        var random = new Random(5);
        for (var round = 0; round < 12; round++)
        {
            random.Shuffle(spans);
            var cut = random.Next(1, spans.Length);
            await Task.WhenAll(TakeAsync("traces", Body(spans[..cut])), TakeAsync("traces", Body(spans[cut..])));
            await TakeAsync("traces", Body(spans));
        }

        var calls = (await KindsAsync("conv-1")).Concat(await KindsAsync("trace:" + Trace)).ToList();
        Assert.Equal(8, calls.Count);
        Assert.Equal(8, calls.Distinct().Count());
    }

    [Fact]
    public async Task one_source_learns_nothing_from_the_traces_of_another()
    {
        await TakeAsync("traces", Body(Agent("conv-1")));
        using var other = node.ClientWith(await node.TokenAsync("other", ["ingest"]));
        (await other.PostAsync("/v1/traces", Body(Tool("call-1")))).Require(200);

        Assert.Empty(await KindsAsync("conv-1"));
        Assert.Equal(2, (await KindsAsync("trace:" + Trace)).Count);
    }

    private async Task TakeAsync(string signal, string body) =>
        Assert.Equal("{}", (await node.PostAsync($"/v1/{signal}", body)).Require(200).Text);

    private Task<Answer> PostAsync(string path, byte[] body, string? encoding = null) => node.Http.AnswerAsync(
        HttpMethod.Post, path, body, Binary, change: request =>
        {
            if (encoding is not null)
            {
                request.Content!.Headers.ContentEncoding.Add(encoding);
            }
        });

    private async Task<List<System.Text.Json.JsonElement>> EventsAsync(string session) =>
    [
        .. (await node.GetAsync($"/v1/events?session={session}", accept: "application/x-ndjson")).Require(200).Lines
            .Select(line => line.GetProperty("event")),
    ];

    private async Task<List<string>> KindsAsync(string session) =>
    [
        .. (await EventsAsync(session)).Where(one => one.TryGetProperty("record", out _)).Select(one => one.GetProperty("record"))
            .Select(record => $"{record.Text("tool_call_id")} {record.GetProperty("outcome").Text("kind")}"),
    ];

    private static byte[] Attribute(string key, string value) => Protobuf.Attribute(9, key, Protobuf.Text(1, value));

    private static byte[] Zip(byte[] body)
    {
        using var packed = new MemoryStream();
        using (var gzip = new GZipStream(packed, CompressionLevel.Fastest, leaveOpen: true))
        {
            gzip.Write(body);
        }

        return packed.ToArray();
    }

    private static string ClaudeStep => Claude("b1", ".blocked_on_user", 10, ("decision", "reject"), ("source", "user_reject"))
        .Replace("\"name\"", "\"parentSpanId\":\"00000000000000a1\",\"name\"");

    private static string ClaudeTool => Claude("a1", "", 20, ("tool_name", "Bash"), ("tool_use_id", "toolu_1"));

    private static string Claude(string id, string name, int end, params (string Key, string Value)[] attributes) =>
        $$"""{"traceId":"{{Trace}}","spanId":"00000000000000{{id}}","name":"claude_code.tool{{name}}","startTimeUnixNano":"1767225600000000000","endTimeUnixNano":"{{1767225600000000000 + end}}","attributes":["""
        + string.Join(',', attributes.Prepend(("session.id", "cc-1")).Select(one => $$$"""{"key":"{{{one.Item1}}}","value":{"stringValue":"{{{one.Item2}}}"}}""")) + "]}";

    private static string Agent(string conversation, string id = Root) =>
        $$$"""{"traceId":"{{{Trace}}}","spanId":"{{{id}}}","name":"invoke_agent a","startTimeUnixNano":"1767225600000000000","endTimeUnixNano":"1767225609000000000","attributes":[{"key":"gen_ai.conversation.id","value":{"stringValue":"{{{conversation}}}"}}]}""";

    private static string Tool(string call, string parent = Root) =>
        $$$"""{"traceId":"{{{Trace}}}","spanId":"eee19b7ec3c1b2{{{call[^1]}}}0","parentSpanId":"{{{parent}}}","name":"execute_tool rm","startTimeUnixNano":"1767225601000000000","endTimeUnixNano":"1767225602000000000","attributes":[{"key":"gen_ai.tool.call.id","value":{"stringValue":"{{{call}}}"}}]}""";

    private static string OwnTool(string conversation, string id) => Tool("call-1")
        .Replace("eee19b7ec3c1b210", $"eee19b7ec3c1b2f{id}")
        .Replace("\"attributes\":[", $$$"""\"attributes\":[{"key":"gen_ai.conversation.id","value":{"stringValue":"{{{conversation}}}"}},""".Replace("\\", ""));

    private static string Body(params string[] spans) =>
        $$$"""{"resourceSpans":[{"scopeSpans":[{"spans":[{{{string.Join(',', spans)}}}]}]}]}""";
}
