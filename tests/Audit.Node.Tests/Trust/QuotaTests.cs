using System.Text;
using System.Threading.Channels;
using Audit.Node.Tests.Support;
using Microsoft.Extensions.DependencyInjection;

namespace Audit.Node.Tests.Trust;

/// <summary>Point 14: who holds much keeps nobody out.</summary>
[Collection(AloneCollection.Name)]
public sealed class QuotaTests
{
    private static readonly TimeSpan Idle = TimeSpan.FromSeconds(61.5);
    private static readonly TimeSpan Body = TimeSpan.FromSeconds(31.5);

    [Trait("Point", "14")]
    [Fact]
    public async Task of_256_idle_streams_of_one_token_those_above_its_share_are_refused_and_others_get_in()
    {
        await using var node = await TestNode.StartAsync();
        var token = await node.TokenAsync("flood", ["ingest"]);
        var streams = new List<RawClient>();
        for (var index = 0; index < 256; index++)
        {
            streams.Add(await RawClient.StreamAsync(node, token));
        }

        var share = new QuotaLimits().Streams / 2;
        await Patience.UntilAsync(async () => await OpenAsync(node) == share, $"{share} streams are open");
        var refused = await streams[^1].ReadUntilAsync("its share; come again later.");
        Assert.Contains(" 429 ", refused);
        Assert.Contains("Retry-After: 1", refused);
        Assert.Contains($"The token \\u0022flood\\u0022 has {share} streams open".Replace("\\u0022", "\\\""), refused);
        using var other = await node.ClientAsync("other", "ingest");
        Assert.Equal(["recorded"], (await SendAsync(other, "c")).Statuses);
        streams.ForEach(stream => stream.Dispose());
        await Patience.UntilAsync(async () => await OpenAsync(node) == 0, "the streams are given back");
    }

    [Fact]
    public async Task tokens_of_one_source_share_what_the_source_may_have()
    {
        await using var node = await TestNode.StartAsync(
            change: options => options with { Quotas = new QuotaLimits { Streams = 4 } });
        var streams = new List<RawClient>();
        foreach (var name in new[] { "one", "two" })
        {
            var token = await node.TokenAsync(name, ["ingest"], source: "shared");
            for (var index = 0; index < 2; index++)
            {
                streams.Add(await RawClient.StreamAsync(node, token));
            }
        }

        await Patience.UntilAsync(async () => await OpenAsync(node) == 4, "4 streams are open");
        using var third = node.ClientWith(await node.TokenAsync("three", ["ingest"], source: "shared"));
        Assert.StartsWith("The source \"shared\" has 4 streams open already", (await SendAsync(third, "c")).Problem(429));
        using var other = await node.ClientAsync("other", "ingest");
        Assert.Equal(["recorded"], (await SendAsync(other, "c")).Statuses);
        streams.ForEach(stream => stream.Dispose());
    }

    [Fact]
    public async Task an_idle_stream_is_stopped_with_the_place_to_go_on()
    {
        var clock = new TimerWatch(Idle);
        await using var node = await StartAsync(clock);
        using var client = await RawClient.StreamAsync(node);
        await clock.NextAsync();
        await client.SendChunkAsync(Item("c-1") + "\n");
        await client.ReadUntilAsync("{\"index\":0,");

        (await clock.LastAsync())();

        Assert.Contains(
            "{\"status\":\"stopped\",\"next_index\":1,\"retry_after\":1,\"error\":\"No byte came for 62 s",
            await client.ReadUntilAsync("stream open"));
    }

    [Fact]
    public async Task an_idle_stream_without_an_item_is_stopped_as_well()
    {
        var clock = new TimerWatch(Idle);
        await using var node = await StartAsync(clock);
        using var client = await RawClient.StreamAsync(node);

        (await clock.NextAsync())();

        Assert.Contains(" 200 OK", await client.ReadUntilAsync("{\"status\":\"stopped\",\"next_index\":0,"));
    }

    [Fact]
    public async Task a_blank_line_keeps_a_stream()
    {
        var clock = new TimerWatch(Idle);
        await using var node = await StartAsync(clock);
        using var client = await RawClient.StreamAsync(node);
        var before = await clock.NextAsync();
        await client.SendChunkAsync("\n");
        await clock.NextAsync();

        before();

        await client.SendChunkAsync(Item("c-1") + "\n");
        Assert.DoesNotContain("stopped", await client.ReadUntilAsync("{\"index\":0,"));
    }

    [Trait("Point", "14")]
    [Fact]
    public async Task four_stalled_bodies_keep_nobody_out_and_are_ended()
    {
        var clock = new TimerWatch(Body);
        await using var node = await StartAsync(clock);
        var token = await node.TokenAsync("staller", ["ingest"]);
        var stalled = new List<RawClient>();
        for (var index = 0; index < 4; index++)
        {
            stalled.Add(await RawClient.ConnectAsync(node.Url));
            await stalled[^1].SendAsync(
                $"POST /v1/records HTTP/1.1\r\nHost: node\r\nAuthorization: Bearer {token}\r\n"
                + "Content-Type: application/json\r\nContent-Length: 30000000\r\n\r\n[" + new string(' ', 2 << 20));
        }

        using var other = await node.ClientAsync("other", "ingest");
        var body = Encoding.UTF8.GetBytes("[" + Item("c-1") + new string(' ', 3 << 20) + "]");
        var taken = await other.AnswerAsync(HttpMethod.Post, "/v1/records", body, "application/json");
        Assert.Equal("recorded", taken.Require(200).Json[0].Text("status"));

        using var ended = new CancellationTokenSource();
        var firing = clock.FireAllAsync(ended.Token);
        var answers = await Task.WhenAll(stalled.Select(client => client.ReadUntilAsync("detail")));
        await ended.CancelAsync();
        await firing;
        Assert.All(answers, answer => Assert.True(answer.Contains(" 408 ") || answer.Contains(" 429 "), answer));
        Assert.Contains(answers, answer => answer.Contains(" 408 "));
        stalled.ForEach(client => client.Dispose());
    }

    [Fact]
    public async Task tails_and_requests_have_their_shares_too()
    {
        await using var node = await TestNode.StartAsync(
            change: options => options with { Quotas = new QuotaLimits { Tails = 2 } });
        using var reader = node.ClientWith(await node.TokenAsync("reader", ["read"]));
        using var request = new HttpRequestMessage(HttpMethod.Get, "/v1/events");
        request.Headers.Accept.ParseAdd("text/event-stream");
        using var tail = await reader.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);

        var refused = await reader.AnswerAsync(HttpMethod.Get, "/v1/events", accept: "text/event-stream");

        Assert.StartsWith("The token \"reader\" has 1 live readers already", refused.Problem(429));
        var metrics = new ShownMetrics((await node.GetAsync("/metrics")).Require(200).Text);
        Assert.Equal(1, metrics.Value("audit_quota_refusals_total", "tails"));
        Assert.Equal(1, metrics.Value("audit_quota_used", "tails", "token"));
        Assert.Equal("1", refused.Headers["Retry-After"]);
    }

    [Fact]
    public async Task exports_of_a_search_have_their_share()
    {
        await using var node = await TestNode.StartAsync(
            change: options => options with { Quotas = new QuotaLimits { Exports = 2 } });
        using var reader = node.ClientWith(await node.TokenAsync("exporter", ["read"]));
        // Two searches of its are under way, for which an export waits.
        var (quota, hold) = (node.Running.Services.GetRequiredService<SearchQuota>(), new TaskCompletionSource<int>());
        var held = Enumerable.Range(0, 2).Select(_ => quota.AskAsync(new Bearer("exporter", Roles.Read), default, _ => hold.Task)).ToList();
        var first = reader.GetAnswerAsync("/v1/search/export?q=x&format=json");
        await Patience.UntilAsync(
            async () => new ShownMetrics((await node.GetAsync("/metrics")).Require(200).Text).Value("audit_quota_used", "exports", "token") == 1,
            "an export is under way");

        Assert.StartsWith(
            "The token \"exporter\" has 1 exports of a search under way already", (await reader.GetAnswerAsync("/v1/search/export?q=x")).Problem(429));
        hold.SetResult(0);
        await Task.WhenAll(held);
        (await first).Require(200);
        (await reader.GetAnswerAsync("/v1/search/export?q=x")).Require(200);
    }

    [Fact]
    public async Task the_client_keeps_a_live_stream_with_blank_lines()
    {
        var clock = new TimerWatch(TimeSpan.FromSeconds(20));
        await using var node = await TestNode.StartAsync();
        using var client = new NodeClient(node.Url, node.AdminToken);
        var input = new System.IO.Pipelines.Pipe();
        var report = new Report();
        var sending = new RecordPost(client, [], clock).SendFormatAsync(
            "claude-code", input.Reader.AsStream(), report, CancellationToken.None);

        (await clock.NextAsync())();
        await clock.NextAsync();
        await input.Writer.WriteAsync(Encoding.UTF8.GetBytes(
            """{"hook_event_name":"PreToolUse","session_id":"s","tool_use_id":"c","tool_name":"Bash","tool_input":{}}""" + "\n"));
        await input.Writer.CompleteAsync();
        await sending;

        Assert.Equal(["recorded", "ignored"], report.Statuses);
    }

    [Theory]
    [InlineData("streams=8,tails=4,idle=5m", 8, 4, 300)]
    [InlineData("", 128, 64, 60)]
    public void the_shares_are_options(string text, int streams, int tails, int idle)
    {
        var limits = QuotaLimits.TryParse(text)!;

        Assert.Equal((streams, tails, TimeSpan.FromSeconds(idle)), (limits.Streams, limits.Tails, limits.Idle));
    }

    [Theory]
    [InlineData("streams")]
    [InlineData("streams=1")]
    [InlineData("stream=8")]
    [InlineData("idle=soon")]
    public void what_cannot_be_meant_is_no_list(string text) => Assert.Null(QuotaLimits.TryParse(text));

    private static Task<TestNode> StartAsync(TimeProvider clock) => TestNode.StartAsync(
        clock: clock, change: options => options with { Quotas = new QuotaLimits { Idle = Idle, Body = Body } });

    private static async Task<long> OpenAsync(TestNode node) =>
        (await node.GetAsync("/v1/stats")).Json.GetProperty("streams_open").GetInt64();

    private static string Item(string call) => Records.Item("s", call, Records.Completed());

    private static Task<Answer> SendAsync(HttpClient client, string call) => client.AnswerAsync(
        HttpMethod.Post, "/v1/records", Encoding.UTF8.GetBytes(Item(call) + "\n"), "application/x-ndjson");

    /// <summary>The system's clock, which hands out what waits for one length of time.</summary>
    private sealed class TimerWatch(TimeSpan watched) : TimeProvider
    {
        private readonly Channel<Action> timers = Channel.CreateUnbounded<Action>();

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
        {
            if (dueTime == watched)
            {
                timers.Writer.TryWrite(() => callback(state));
            }

            return base.CreateTimer(callback, state, dueTime, period);
        }

        public async Task<Action> NextAsync() => await timers.Reader.ReadAsync().AsTask().WaitAsync(TimeSpan.FromMinutes(2));

        /// <summary>The newest, of one or more that come.</summary>
        public async Task<Action> LastAsync()
        {
            var last = await NextAsync();
            while (timers.Reader.TryRead(out var newer))
            {
                last = newer;
            }

            return last;
        }

        public async Task FireAllAsync(CancellationToken cancellation)
        {
            while (!cancellation.IsCancellationRequested)
            {
                await Task.WhenAny(timers.Reader.WaitToReadAsync(cancellation).AsTask(), Task.Delay(Timeout.Infinite, cancellation));
                while (timers.Reader.TryRead(out var fire))
                {
                    fire();
                }
            }
        }
    }

    private sealed class Report : ISendingReport
    {
        public List<string> Statuses { get; } = [];

        public void Receive(ReceiptLine receipt) => Statuses.Add(receipt.Status);

        public void Sent(long bytes)
        {
        }

        public void Note(string sentence)
        {
        }

        public void FinishBatch()
        {
        }
    }
}
