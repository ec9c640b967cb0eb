using System.Text;
using System.Text.RegularExpressions;
using Audit.Node.Tests.Support;

namespace Audit.Node.Tests.Intake;

[Collection(AloneCollection.Name)]
public sealed class StreamTests : IAsyncLifetime
{
    private EngineInFront front = null!;
    private TestNode node = null!;

    public async Task InitializeAsync() => node = await TestNode.StartAsync(around: engine => front = new EngineInFront(engine));

    public async Task DisposeAsync() => await node.DisposeAsync();

    [Fact]
    public async Task every_line_gets_a_receipt_in_order_whatever_breaks_the_lines()
    {
        var answer = await node.LinesAsync(
            "\uFEFF" + Item(0) + "\r\n\r\n  \n" + Item(1) + "\n\t\r\n{broken\n" + Item(2) + "\r\n" + Item(0) + "\n" + Item(3));

        Assert.Equal(["recorded", "recorded", "invalid", "recorded", "duplicate", "recorded"], answer.Require(200).Statuses);
        Assert.Equal(Enumerable.Range(0, 6), answer.Lines.Select(line => line.GetProperty("index").GetInt32()));
    }

    [Theory]
    [InlineData("application/x-ndjson; charset=utf-8")]
    [InlineData("application/jsonl")]
    public async Task lines_go_by_several_names(string type)
    {
        Assert.Equal(["recorded"], (await node.PostAsync("/v1/records", Item(0) + "\n", type)).Require(200).Statuses);
    }

    [Fact]
    public async Task a_client_that_waits_for_each_receipt_before_it_sends_on_is_not_kept_waiting()
    {
        using var client = await RawClient.StreamAsync(node);
        for (var i = 0; i < 10; i++)
        {
            await client.SendChunkAsync(Item(i) + "\n");
            Assert.Contains("recorded", await client.ReadUntilAsync($"{{\"index\":{i},"));
        }

        await client.EndChunksAsync();
        await client.ReadUntilAsync("0\r\n\r\n");
    }

    [Fact]
    public async Task with_minimal_preferred_only_what_was_not_recorded_is_told_and_the_counts()
    {
        await node.LinesAsync(Item(7));
        var answer = await node.Http.AnswerAsync(
            HttpMethod.Post, "/v1/records", Encoding.UTF8.GetBytes(Records.Lines([.. Enumerable.Range(0, 10).Select(Item), "{"])),
            "application/x-ndjson", change: request => request.Headers.Add("Prefer", "respond-async, return=minimal"));

        Assert.Equal("return=minimal", answer.Headers["Preference-Applied"]);
        Assert.Equal(3, answer.Lines.Count);
        Assert.Equal(("duplicate", 7), (answer.Lines[0].Text("status"), answer.Lines[0].GetProperty("index").GetInt32()));
        Assert.Equal(("invalid", 10), (answer.Lines[1].Text("status"), answer.Lines[1].GetProperty("index").GetInt32()));
        Assert.Equal(
            """{"counts":{"recorded":9,"duplicate":1,"violation":0,"counted":0,"refused":0,"invalid":1}}""", answer.Lines[2].GetRawText());
    }

    [Fact]
    public async Task a_journal_that_goes_away_before_the_first_receipt_is_503()
    {
        front.Instead = batch => Task.FromResult<Receipt[]?>([.. batch.Select(_ => Receipt.Unknown("The journal did not answer."))]);

        Assert.Equal("The journal did not answer.", (await node.LinesAsync(Records.Lines(Item(0)))).Problem(503));
    }

    [Fact]
    public async Task a_journal_that_goes_away_later_stops_the_stream_where_it_is()
    {
        var batches = 0;
        front.Instead = batch => Task.FromResult<Receipt[]?>(
            Interlocked.Increment(ref batches) == 1 ? null : [.. batch.Select(_ => Receipt.Unknown("The journal did not answer."))]);
        var answer = await node.LinesAsync(Records.Lines(Enumerable.Range(0, 5000).Select(Item)));

        var stopped = answer.Require(200).Lines[^1];
        Assert.Equal("stopped", stopped.Text("status"));
        Assert.Equal(answer.Lines.Count - 1, stopped.GetProperty("next_index").GetInt32());
        Assert.True(stopped.GetProperty("retry_after").GetInt32() > 0);
        Assert.Equal("The journal did not answer.", stopped.Text("error"));
        Assert.All(answer.Statuses.SkipLast(1), status => Assert.Equal("recorded", status));
    }

    [Fact]
    public async Task a_stream_goes_on_past_items_whose_own_streams_are_away_and_says_of_each_when_to_come_again()
    {
        front.Instead = SomeAway;
        var answer = (await node.LinesAsync(Records.Lines(Enumerable.Range(0, 3000).Select(Item)))).Require(200);

        Assert.Equal(Enumerable.Range(0, 3000), answer.Lines.Select(line => line.GetProperty("index").GetInt32()));
        Assert.All(answer.Lines, line => Assert.Equal(
            line.GetProperty("index").GetInt32() % 2 == 0 ? "duplicate" : "unavailable", line.Text("status")));
        Assert.Equal("""{"index":1,"status":"unavailable","error":"its node is away","retry_after":2}""", answer.Lines[1].GetRawText());
    }

    [Fact]
    public async Task an_array_of_which_some_streams_are_away_gives_the_others_their_receipts()
    {
        front.Instead = SomeAway;
        var answer = (await node.RecordAsync($"[{Item(0)},{Item(1)},{Item(2)}]")).Require(200);

        Assert.Equal(["duplicate", "unavailable", "duplicate"], answer.Json.EnumerateArray().Select(one => one.Text("status")));
        Assert.Equal("2", answer.Headers["Retry-After"]);
    }

    [Fact]
    public async Task what_is_unavailable_as_a_whole_is_503_and_no_other_trouble()
    {
        front.Instead = batch => Task.FromResult<Receipt[]?>([.. batch.Select(_ => Receipt.Unavailable("its node is away"))]);
        foreach (var body in new[] { Item(0), $"[{Item(0)},{Item(1)}]" })
        {
            var answer = await node.RecordAsync(body);
            Assert.Equal("its node is away", answer.Problem(503));
            Assert.Equal("urn:audit-actors:problem:unavailable", answer.Json.Text("type"));
            Assert.Equal("2", answer.Headers["Retry-After"]);
        }
    }

    [Fact]
    public async Task a_stream_of_another_system_is_sent_again_from_its_beginning_and_so_stops_where_one_is_away()
    {
        front.Instead = batch => Task.FromResult<Receipt[]?>([.. batch.Select(_ => Receipt.Unavailable("its node is away"))]);
        var hook = """{"session_id":"s","hook_event_name":"PreToolUse","tool_name":"Bash","tool_input":{"command":"ls"},"tool_use_id":"t-1"}""";
        var answer = await node.Http.AnswerAsync(
            HttpMethod.Post, "/v1/ingest/claude-code", Encoding.UTF8.GetBytes(hook + "\n"), "application/x-ndjson");
        Assert.Equal("its node is away", answer.Problem(503));
    }

    /// <summary>Every second call lives on a node that is away.</summary>
    private static Task<Receipt[]?> SomeAway(IReadOnlyList<Submission> batch) =>
        Task.FromResult<Receipt[]?>([.. batch.Select(one =>
            int.Parse(((CallSubmission)one).ToolCallId[2..]) % 2 == 0
                ? Receipt.Duplicate(1, 1, "completed", 1)
                : Receipt.Unavailable("its node is away"))]);

    [Fact]
    public async Task a_full_node_refuses_a_stream_before_it_begins()
    {
        front.IsFull = true;

        (await node.LinesAsync(Item(0))).Problem(429);
    }

    [Fact]
    public async Task when_a_client_goes_away_what_it_sent_is_recorded()
    {
        using (var client = await RawClient.ConnectAsync(node.Url))
        {
            await client.BeginAsync(node.AdminToken, "Content-Length: 100000000\r\n");
            await client.SendAsync(Records.Lines(Enumerable.Range(0, 100).Select(Item)));
            await client.ReadUntilAsync("\"index\":99,");
            await client.SendAsync(Item(100)[..50]);
        }

        (await node.GetAsync("/v1/sessions/s-1/calls/c-99/events")).Require(200);
        (await node.GetAsync("/v1/sessions/s-1/calls/c-100/events")).Problem(404);
        Assert.Equal(1, Metric(await node.GetAsync("/metrics"), "audit_requests_total{class=\"5xx\"}") + 1);
    }

    [Fact]
    public async Task a_body_that_is_no_http_is_400()
    {
        using var client = await RawClient.StreamAsync(node);
        await client.SendAsync("this is no chunk\r\n");

        Assert.StartsWith("HTTP/1.1 400", await client.ReadUntilAsync("}"));
    }

    [Fact]
    public async Task a_hundred_megabytes_are_taken_from_a_client_that_reads_nothing_until_all_is_sent()
    {
        const int Count = 50_000;
        var line = Encoding.UTF8.GetBytes(Records.OfSize("s-1", "c-000000", 1_999) + "\n");
        using var client = await RawClient.ConnectAsync(node.Url);
        await client.BeginAsync(node.AdminToken, $"Content-Length: {(long)line.Length * Count}\r\nConnection: close\r\n");
        var before = GC.GetTotalMemory(forceFullCollection: true);
        var most = 0L;
        var at = line.AsSpan().IndexOf("000000"u8);
        for (var i = 0; i < Count; i++)
        {
            Encoding.ASCII.GetBytes($"{i:000000}").CopyTo(line, at);
            await client.SendAsync(line);
            if (i % 10_000 == 0)
            {
                most = Math.Max(most, GC.GetTotalMemory(forceFullCollection: true));
            }
        }

        var (_, receipts) = await client.CountToEndAsync();

        Assert.Equal(Count, receipts);
        Assert.True(most - before < 100L << 20, $"Memory rose by {(most - before) >> 20} MiB.");
        var metrics = await node.GetAsync("/metrics");
        Assert.True(Count == Metric(metrics, "audit_receipts_total{status=\"recorded\"}"), metrics.Text);
        Assert.Empty(Directory.GetFiles(node.Data, "receipts-*"));
    }

    private static string Item(int number) => Records.Item("s-1", $"c-{number}", Records.Completed());

    private static long Metric(Answer metrics, string name) =>
        long.Parse(Regex.Match(metrics.Require(200).Text, $@"^{Regex.Escape(name)} (\d+)$", RegexOptions.Multiline).Groups[1].Value);
}
