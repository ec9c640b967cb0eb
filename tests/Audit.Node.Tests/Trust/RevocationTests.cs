using System.Text.Json;
using Audit.Node.Tests.Pages;
using Audit.Node.Tests.Support;

namespace Audit.Node.Tests.Trust;

/// <summary>Point 13: after a revocation nothing more goes out or comes in.</summary>
public sealed class RevocationTests
{
    [Trait("Point", "13")]
    [Fact]
    public async Task a_tail_of_a_revoked_token_ends_with_a_last_event_that_says_so()
    {
        await using var node = await TestNode.StartAsync();
        using var reader = await node.ClientAsync("ann", "read");
        using var tail = await EventStream.OpenAsync(reader, "/v1/events?session=s-1");
        await node.RecordAsync(Records.Item("s-1", "before", Records.Completed()));
        Assert.Contains("before", (await tail.NextAsync())!.Value.Data);

        (await node.Http.AnswerAsync(HttpMethod.Delete, "/v1/tokens/ann")).Require(204);
        await node.RecordAsync(Records.Item("s-1", "after", Records.Completed()));

        var (_, name, data) = (await tail.NextAsync())!.Value;
        Assert.Equal("ended", name);
        Assert.Contains("revoked", JsonDocument.Parse(data).RootElement.Text("reason"));
        Assert.Null(await tail.NextAsync());
    }

    [Fact]
    public async Task a_live_page_of_a_session_that_signed_out_ends()
    {
        await using var node = await TestNode.StartAsync();
        using var browser = await PageBrowser.SignedInAsync(node, await node.TokenAsync("ann", ["read"]));
        using var tail = await EventStream.OpenAsync(browser.Http, "/v1/events?session=s-1");
        (await browser.SubmitAsync("/overview", "/sign-out")).Require(303);
        await node.RecordAsync(Records.Item("s-1", "after", Records.Completed()));
        Assert.Equal("ended", (await tail.NextAsync())!.Value.Name);
    }

    [Trait("Point", "13")]
    [Fact]
    public async Task a_stream_of_a_revoked_token_stops_with_a_last_line_and_records_nothing_more()
    {
        await using var node = await TestNode.StartAsync();
        using var client = await RawClient.StreamAsync(node, await node.TokenAsync("ci-7", ["ingest"]));
        await client.SendChunkAsync(Records.Item("s-1", "before", Records.Completed()) + "\n");
        await client.ReadUntilAsync("\"recorded\"");

        (await node.Http.AnswerAsync(HttpMethod.Delete, "/v1/tokens/ci-7")).Require(204);
        await client.SendChunkAsync(Records.Item("s-1", "after", Records.Completed()) + "\n");

        var end = await client.ReadUntilAsync("\"error\"");
        Assert.Contains("\"stopped\",\"next_index\":1,\"retry_after\":null", end);
        (await node.GetAsync("/v1/sessions/s-1/calls/after")).Problem(404);
    }

    [Trait("Point", "13")]
    [Theory]
    [InlineData("/v1/records")]
    [InlineData("/v1/ingest/agent-sdk?session=s-1")]
    public async Task a_body_whose_token_is_revoked_while_it_comes_is_not_recorded(string path)
    {
        await using var node = await TestNode.StartAsync();
        using var client = await RawClient.ConnectAsync(node.Url);
        var item = path == "/v1/records" ? Records.Item("s-1", "after", Records.Completed()) : Records.Record("after", Records.Completed());
        await client.SendAsync(
            $"POST {path} HTTP/1.1\r\nHost: node\r\nAuthorization: Bearer {await node.TokenAsync("ci-7", ["ingest"])}\r\n"
                + "Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n");
        await client.SendChunkAsync(item[..20]);
        (await node.Http.AnswerAsync(HttpMethod.Delete, "/v1/tokens/ci-7")).Require(204);
        await client.SendChunkAsync(item[20..]);
        await client.EndChunksAsync();

        await client.ReadUntilAsync("HTTP/1.1 401");
        (await node.GetAsync("/v1/sessions/s-1/calls/after")).Problem(404);
    }

    [PostgresFact]
    public async Task a_revocation_at_one_node_ends_requests_streams_and_pages_at_the_other()
    {
        await using var database = await PostgresServer.CreateDatabaseAsync();
        await using var one = await TestNode.StartAsync("postgres:" + database.ConnectionString);
        await using var other = await one.StartBesideAsync();
        var token = await one.TokenAsync("ann", ["read", "ingest"]);
        using var client = other.ClientWith(token);
        (await client.GetAnswerAsync("/v1/stats")).Require(200);
        using var browser = await PageBrowser.SignedInAsync(other, token);
        using var stream = await RawClient.StreamAsync(other, token);
        await stream.SendChunkAsync(Records.Item("s-1", "before", Records.Completed()) + "\n");
        await stream.ReadUntilAsync("\"recorded\"");

        (await one.Http.AnswerAsync(HttpMethod.Delete, "/v1/tokens/ann")).Require(204);

        await Patience.UntilAsync(async () => (await client.GetAnswerAsync("/v1/stats")).Status == 401, "the other node knows");
        (await browser.GetAsync("/overview")).Require(303);
        await stream.SendChunkAsync(Records.Item("s-1", "after", Records.Completed()) + "\n");
        await stream.ReadUntilAsync("\"stopped\"");
    }

    [Fact]
    public async Task a_row_set_back_to_before_its_revocation_does_not_open_for_the_journal_remembers()
    {
        await using var node = await TestNode.StartAsync();
        using var client = await node.ClientAsync("ann", "read");
        (await client.GetAnswerAsync("/v1/stats")).Require(200);
        await node.StopAsync();
        var row = TokenTable.Read(node.StoreFile, "ann");
        await node.StartAgainAsync();
        (await node.Http.AnswerAsync(HttpMethod.Delete, "/v1/tokens/ann")).Require(204);
        await node.StopAsync();
        TokenTable.Put(node.StoreFile, "ann", row);
        await node.StartAgainAsync();

        using var again = node.ClientWith(client.DefaultRequestHeaders.Authorization!.Parameter);
        (await again.GetAnswerAsync("/v1/stats")).Problem(401);
    }

    [Fact]
    public async Task a_token_whose_time_is_over_opens_nothing()
    {
        var clock = new SettableClock();
        await using var node = await TestNode.StartAsync(clock: clock);
        using var client = node.ClientWith(await node.TokenAsync("ann", ["read"], expires: "30d"));
        (await client.GetAnswerAsync("/v1/stats")).Require(200);
        clock.Advance(TimeSpan.FromDays(30));
        (await client.GetAnswerAsync("/v1/stats")).Problem(401);
    }
}
