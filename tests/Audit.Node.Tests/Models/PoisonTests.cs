using System.Buffers;
using System.Text.Json;
using Audit.Client.Http;
using Audit.Journal.Stores;
using Audit.Lifecycle.Events;
using Audit.Node.CommandLine.Operating;
using Audit.Node.CommandLine.Terminal;
using Audit.Node.Tests.Support;

namespace Audit.Node.Tests.Models;

public sealed class PoisonTests
{
    [Fact]
    public async Task an_event_that_cannot_be_read_halts_the_read_models_until_an_operator_skips_it()
    {
        await using var node = await TestNode.StartAsync();
        await node.RecordAsync(Records.Item("s-1", "c-1", Records.Completed()));
        await node.StopAsync();
        var poison = await PoisonAsync(node);
        await node.StartAgainAsync();
        await node.RecordAsync(Records.Item("s-1", "c-2", Records.Completed()));
        await Patience.UntilAsync(async () => (await ProjectionsAsync(node)).Text("status") == "halted", "the read models are halted");

        // It can commit, and that is what ready means.
        (await node.GetAsync("/health/ready")).Require(200);
        var ready = await ProjectionsAsync(node);
        Assert.Equal("halted", ready.Text("status"));
        Assert.Equal(poison, ready.GetProperty("halted_at").GetInt64());
        Assert.NotEmpty((await node.GetAsync("/v1/stats")).Json.GetProperty("projections").Text("sentence"));
        (await node.GetAsync("/v1/sessions/s-1/calls/c-2")).Problem(404);

        (await node.PostAsync("/v1/projections/skip", $$"""{"position":{{poison}}}""")).Problem(422);
        (await node.PostAsync("/v1/projections/skip", """{"position":1,"reason":"x"}""")).Problem(409);
        (await node.PostAsync("/v1/projections/skip", $$"""{"position":{{poison}},"reason":"a test broke it"}""")).Require(200);
        await Patience.UntilAsync(async () => (await ProjectionsAsync(node)).Text("status") != "halted", "the read models go on");
        (await node.GetAsync("/v1/sessions/s-1/calls/c-2")).Require(200);
        var act = (await node.GetAsync("/v1/events?limit=1000")).Json.GetProperty("items").EnumerateArray()
            .Select(item => item.GetProperty("event"))
            .Last(happened => happened.ValueKind == JsonValueKind.Object && happened.Text("event") == "operator.acted" && happened.Text("act") == "projections.skipped");
        Assert.Equal("a test broke it", act.GetProperty("detail").Text("reason"));

        await node.RestartAsync();
        (await node.GetAsync("/v1/sessions/s-1/calls/c-2")).Require(200);
    }

    [Fact]
    public async Task a_difference_says_how_far_it_was_compared_when_the_read_models_are_not_as_far_as_was_asked()
    {
        await using var node = await TestNode.StartAsync();
        await node.RecordAsync(Records.Item("s-1", "c-1", Records.Completed()));
        await node.UntilReadAsync();
        Assert.DoesNotContain("behind", (await node.GetAsync("/v1/sessions/s-1/diff?source=admin")).Require(200).Text);
        await node.StopAsync();
        var poison = await PoisonAsync(node);
        await node.StartAgainAsync();
        var last = (await node.RecordAsync(Records.Item("s-1", "c-2", Records.Completed()))).Require(201).Json.GetProperty("position").GetInt64();
        await Patience.UntilAsync(async () => (await ProjectionsAsync(node)).Text("status") == "halted", "the read models are halted");

        foreach (var asked in new[] { "", $"&until={last}", $"&from={last}", $"&from=2&until={last}" })
        {
            var found = (await node.GetAsync($"/v1/sessions/s-1/diff?source=admin{asked}")).Require(200).Json;
            Assert.True(found.GetProperty("behind").GetBoolean(), asked);
            Assert.Equal(poison - 1, found.GetProperty("until").GetProperty("position").GetInt64());
            Assert.NotNull(found.GetProperty("until").Text("at"));
            Assert.DoesNotContain("c-2", found.GetProperty("changes").GetRawText());
        }

        Assert.False((await node.GetAsync($"/v1/sessions/s-1/diff?source=admin&until={poison - 1}")).Require(200).Json.TryGetProperty("behind", out _));
        using var browser = await Pages.PageBrowser.SignedInAsync(node, node.AdminToken);
        Assert.Contains("not come as far as was asked", (await browser.GetAsync("/diff?session=s-1&source=admin")).Require(200).Text);
    }

    [Fact]
    public async Task an_export_of_a_search_says_that_not_all_of_the_book_was_searched()
    {
        await using var node = await TestNode.StartAsync();
        await node.RecordAsync(Records.Item("s-1", "c-1", Records.Completed(), agent: "a"));
        await node.UntilReadAsync();
        var token = await node.TokenAsync("bound", ["read"], agent: "a");
        await node.StopAsync();
        var poison = await PoisonAsync(node);
        await node.StartAgainAsync();
        await node.RecordAsync(Records.Item("s-1", "c-2", Records.Completed(), agent: "a"));
        await Patience.UntilAsync(async () => (await ProjectionsAsync(node)).Text("status") == "halted", "the read models are halted");

        const string Found = "/v1/search/export?q=session:s-1&format=";
        var all = (await node.GetAsync(Found + "json")).Require(200).Json;
        Assert.False(all.GetProperty("complete").GetBoolean());
        Assert.StartsWith($"Not all of the book was searched yet: up to position {poison - 1} of ", all.Text("error"));
        var csv = (await node.GetAsync(Found + "csv")).Require(200).Text.TrimEnd();
        Assert.Contains("export.stopped", csv.Split('\n')[^1]);
        Assert.Equal("stopped", (await node.GetAsync(Found + "ndjson")).Require(200).Lines[^1].Text("status"));
        using var client = new NodeClient(node.Url, node.AdminToken);
        foreach (var format in new[] { "csv", "json", "ndjson" })
        {
            var told = await Assert.ThrowsAsync<CommandException>(() => new StreamOutput(new Surroundings(TextWriter.Null, TextWriter.Null)).CopyAsync(
                client, Found[1..] + format, "what was found", null, CancellationToken.None));
            Assert.Contains("could not be read to its end", told.Message);
        }

        using var own = node.ClientWith(token);
        Assert.Equal(
            "Not all of the book was searched yet. Ask again.", (await own.GetAnswerAsync(Found + "json")).Require(200).Json.Text("error"));

        (await node.PostAsync("/v1/projections/skip", $$"""{"position":{{poison}},"reason":"a test broke it"}""")).Require(200);
        await node.UntilReadAsync();
        await Patience.UntilAsync(
            async () => (await node.GetAsync(Found + "json")).Require(200).Json.GetProperty("complete").GetBoolean(), "all is searched");
    }

    /// <summary>What a node of the store wrote and cannot read: anything else would only be passed over as unproven.</summary>
    private static async Task<long> PoisonAsync(TestNode node)
    {
        await using var store = await AuditStore.OpenAsync(
            node.Options.Store, node.Options.OpenRowKeys, CancellationToken.None);
        var stream = new StreamHandle(new StreamKey(StreamNames.Call(new SessionName("admin", "s-1"), "broken")));
        var message = new ArrayBufferWriter<byte>();
        message.Write("{\"v\":2,\"event\":\"call.transitioned\",\"received_at\":\"never\""u8);
        store.Seal.Proof.End(message, stream.Key, 1, "call.transitioned.v2");
        var positions = new long[1];
        await store.Journal.AppendAsync(
            [new RowToAppend(stream, 1, "call.transitioned.v2", DateTime.UtcNow.Ticks, message.WrittenMemory)], positions, CancellationToken.None);
        return positions[0];
    }

    private static async Task<JsonElement> ProjectionsAsync(TestNode node) =>
        (await node.GetAsync("/health/ready")).Json.GetProperty("projections");
}
