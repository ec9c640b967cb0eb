using Audit.Node.Tests.Support;

namespace Audit.Node.Tests.Faults;

/// <summary>A stop lasts a moment, whatever clients keep open (issue 14, point 3).</summary>
[Collection(AloneCollection.Name)]
public sealed class StopTests
{
    [Fact]
    public async Task bodies_streams_tails_and_waits_are_ended_at_once_with_a_last_word()
    {
        await using var node = await TestNode.StartAsync();
        (await node.RecordAsync(Records.Item("s-1", "c-1", Records.Asked(), tier: "Confirm"))).Require(201);
        using var stream = await RawClient.StreamAsync(node);
        await stream.SendChunkAsync(Records.Item("s-1", "c-2", Records.Completed()) + "\n");
        await stream.ReadUntilAsync("recorded");
        using var resting = await RawClient.StreamAsync(node);
        await resting.SendChunkAsync("\n");
        using var half = await BeginBodyAsync(node, "/v1/records");
        using var act = await BeginBodyAsync(node, "/v1/tokens");
        using var heads = await RawClient.ConnectAsync(node.Url);
        await heads.SendAsync("POST /v1/records HTTP/1.1\r\nHost: no");
        using var tail = await EventStream.OpenAsync(node.Http, "/v1/events?after=now");
        var waiting = node.GetAsync("/v1/sessions/s-1/calls/c-1/decision?wait=60");
        await Patience.UntilAsync(
            async () => (await node.GetAsync("/metrics")).Text.Contains("audit_streams_open 2"), "the streams are open");

        // Nobody of them goes away by himself. The time is what the issue promises.
        await node.Running.DisposeAsync().AsTask().WaitAsync(TimeSpan.FromSeconds(5));
        Assert.Contains("{\"status\":\"stopped\",\"next_index\":1,\"retry_after\":5,", await stream.ReadUntilAsync("stopping"));
        Assert.Contains("{\"status\":\"stopped\",\"next_index\":0,\"retry_after\":5,", await resting.ReadUntilAsync("stopping"));
        Assert.Contains("HTTP/1.1 503", await half.ReadUntilAsync("takes nothing any more"));
        Assert.Contains("HTTP/1.1 503", await act.ReadUntilAsync("takes nothing any more"));
        Assert.Equal("awaiting_confirmation", (await waiting).Require(200).Json.Text("state"));
        Assert.Equal("ended", (await LastAsync(tail)).Name);
        await node.StartAgainAsync();
        (await node.GetAsync("/v1/sessions/s-1/calls/c-2/events")).Require(200);
    }

    /// <summary>Sends a part of a body that the node is reading.</summary>
    private static async Task<RawClient> BeginBodyAsync(TestNode node, string path)
    {
        var client = await RawClient.ConnectAsync(node.Url);
        await client.SendAsync(
            $"POST {path} HTTP/1.1\r\nHost: node\r\nAuthorization: Bearer {node.AdminToken}\r\n"
            + "Content-Type: application/json\r\nContent-Length: 5000\r\nExpect: 100-continue\r\n\r\n");
        await client.ReadUntilAsync("100 Continue");
        await client.SendAsync("{\"session_id\":");
        return client;
    }

    private static async Task<(long Id, string Name, string Data)> LastAsync(EventStream tail)
    {
        var last = await tail.NextAsync();
        for (var read = last; read is not null; read = await tail.NextAsync())
        {
            last = read;
        }

        return last!.Value;
    }
}
