using System.Text.Json;
using Audit.Node.Tests.Support;

namespace Audit.Node.Tests.Log;

public sealed class SealedReceiptTests
{
    private const string Sealed = "/v1/records?wait=sealed";

    [Fact]
    public async Task a_sealed_receipt_has_its_proof_at_once()
    {
        await using var node = await TestNode.StartAsync();
        var receipt = (await node.PostAsync(Sealed, Records.Item("s-1", "c-1", Records.Completed()))).Require(201).Json;
        Assert.True(receipt.GetProperty("sealed").GetBoolean());
        (await node.GetAsync($"/v1/proofs/{receipt.GetProperty("position")}")).Require(200);
    }

    [Fact]
    public async Task every_kind_of_body_and_of_receipt_can_be_waited_for()
    {
        await using var node = await TestNode.StartAsync();
        var blocked = Records.Item("s-1", "c-1", Records.Blocked());
        string[] items = [blocked, blocked, Records.Item("s-1", "c-1", Records.Completed(), at: "2025-01-02T03:04:06Z"), "{}"];
        var array = (await node.PostAsync(Sealed, $"[{string.Join(',', items)}]")).Require(200).Json.EnumerateArray().ToList();
        Assert.Equal(["recorded", "duplicate", "violation", "invalid"], array.Select(receipt => receipt.Text("status")));
        Assert.Equal([true, true, true, null], array.Select(IsSealed));

        var lines = (await node.PostAsync(Sealed, Records.Lines(items), "application/x-ndjson")).Require(200).Lines;
        Assert.Equal([true, true, true, null], lines.Select(IsSealed));
        Assert.Null(IsSealed((await node.PostAsync(Sealed, "{}")).Require(422).Json));
    }

    [Fact]
    public async Task nothing_is_said_of_sealing_where_nobody_asked()
    {
        await using var node = await TestNode.StartAsync();
        Assert.Null(IsSealed((await node.RecordAsync(Records.Item("s-1", "c-1", Records.Completed()))).Require(201).Json));
    }

    [Fact]
    public async Task another_wait_is_refused()
    {
        await using var node = await TestNode.StartAsync();
        var answer = await node.PostAsync("/v1/records?wait=printed", Records.Item("s-1", "c-1", Records.Completed()));
        Assert.Contains("accepted is sealed", answer.Problem(400));
    }

    [Fact]
    public async Task without_the_key_receipts_come_after_a_while_and_say_that_they_are_not_sealed()
    {
        await using var node = await TestNode.StartAsync(sealedPatience: TimeSpan.FromMilliseconds(50));
        await UntilAsync(node, "sealing");
        await node.StopAsync();
        File.Delete(Path.Combine(node.Data, "log.key"));
        await node.StartAgainAsync();
        await UntilAsync(node, "elsewhere");

        var item = Records.Item("s-1", "c-1", Records.Completed());
        var receipt = (await node.PostAsync(Sealed, item)).Require(201).Json;
        Assert.False(IsSealed(receipt));
        var detail = (await node.GetAsync($"/v1/proofs/{receipt.GetProperty("position")}")).Problem(404);
        Assert.Contains("not sealed yet: the log is sealed up to position 3.", detail);

        var lines = await node.Http.AnswerAsync(
            HttpMethod.Post, Sealed, System.Text.Encoding.UTF8.GetBytes(Records.Lines(Records.Item("s-1", "c-2", Records.Completed()))),
            "application/x-ndjson", change: request => request.Headers.Add("Prefer", "return=minimal"));
        Assert.False(IsSealed(lines.Lines[0]));
        (await node.GetAsync("/health/ready")).Require(200);
    }

    private static bool? IsSealed(JsonElement receipt) =>
        receipt.TryGetProperty("sealed", out var isSealed) ? isSealed.GetBoolean() : null;

    private static async Task UntilAsync(TestNode node, string state)
    {
        while ((await node.GetAsync("/v1/stats")).Json.GetProperty("log").GetProperty("sealing").Text("state") != state)
        {
            await Task.Delay(20);
        }
    }
}
