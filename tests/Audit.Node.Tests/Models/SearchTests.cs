using Audit.Node.Tests.Support;

namespace Audit.Node.Tests.Models;

public sealed class SearchTests
{
    [Fact]
    public async Task what_was_written_is_found_and_counted()
    {
        await using var node = await TestNode.StartAsync();
        await node.RecordAsync(Records.Item("s-1", "c-1", Records.Completed(output: "the Zürich ledger"), tool: "sql.query"));
        await node.RecordAsync(Records.Item("s-1", "c-2", Records.Blocked("no ledger for you")));
        await Patience.UntilAsync(async () => (await SearchAsync(node, "ledger")).Count == 2, "both are indexed");

        Assert.Equal(["c-2", "c-1"], await SearchAsync(node, "LEDGER"));
        Assert.Equal(["c-1"], await SearchAsync(node, "ledger tool:sql.*"));
        Assert.Equal(["c-2"], await SearchAsync(node, "ledger -tool:sql.*"));
        Assert.Equal(["c-1"], await SearchAsync(node, "\"zürich ledger\""));
        var answer = (await node.GetAsync("/v1/search?q=ledger&counts=true&limit=1")).Require(200).Json;
        Assert.Equal(1, answer.GetProperty("counts").GetProperty("by_state").GetProperty("blocked").GetInt32());
        Assert.Equal(2, answer.GetProperty("counts").GetProperty("calls").GetInt32());
        Assert.True(answer.GetProperty("indexed_to").GetInt64() <= answer.GetProperty("journal_end").GetInt64());
        Assert.Equal(["c-1"], (await node.GetAsync($"/v1/search?q=ledger&limit=1&cursor={answer.Text("next")}")).Require(200).Ids("tool_call_id"));
    }

    [Fact]
    public async Task a_wrong_query_is_pointed_at()
    {
        await using var node = await TestNode.StartAsync();
        var answer = await node.GetAsync("/v1/search?q=ledger%20stat%3Ablocked");
        Assert.Contains("There is no key \"stat\"", answer.Problem(400));
        Assert.Equal(7, answer.Json.GetProperty("offset").GetInt32());
        Assert.Equal(4, answer.Json.GetProperty("length").GetInt32());
        Assert.Contains("\"w-none\"", (await node.GetAsync("/v1/search?q=during:w-none")).Problem(400));
        (await node.GetAsync("/v1/search?q=x&cursor=nothing")).Problem(400);
        (await node.GetAsync($"/v1/search?q={new string('x', 4_001)}")).Problem(400);
        (await node.GetAsync("/v1/search/values?key=odd")).Problem(400);
    }

    [Fact]
    public async Task keys_and_their_values_are_there_for_who_completes_a_query()
    {
        await using var node = await TestNode.StartAsync();
        await node.RecordAsync(Records.Item("s-1", "c-1", Records.Completed(), tool: "sql.query"));
        await node.RecordAsync(Records.Item("s-1", "c-2", Records.Completed(), tool: "bash"));
        await Patience.UntilAsync(
            async () => (await node.GetAsync("/v1/search/values?key=tool")).Require(200).Json.Texts("items").Count == 2, "both are indexed");
        Assert.Equal(["sql.query"], (await node.GetAsync("/v1/search/values?key=tool&prefix=sq")).Require(200).Json.Texts("items"));
        Assert.Contains("state", (await node.GetAsync("/v1/search/keys")).Require(200).Ids("key"));
    }

    [Fact]
    public async Task a_bound_token_finds_its_own_only()
    {
        await using var node = await TestNode.StartAsync();
        await node.RecordAsync(Records.Item("s-1", "c-1", Records.Completed(output: "ledger"), agent: "a-1"));
        await node.RecordAsync(Records.Item("s-2", "c-2", Records.Completed(output: "ledger"), agent: "a-2"));
        await Patience.UntilAsync(async () => (await SearchAsync(node, "ledger")).Count == 2, "both are indexed");
        using var bound = await node.ClientAsync("reader", "read", agent: "a-1");
        Assert.Equal(["c-1"], (await bound.AnswerAsync(HttpMethod.Get, "/v1/search?q=ledger")).Require(200).Ids("tool_call_id"));
        var counted = (await bound.AnswerAsync(HttpMethod.Get, "/v1/search?q=ledger&counts=true")).Require(200).Json;
        Assert.Equal(1, counted.GetProperty("counts").GetProperty("calls").GetInt32());
        (await bound.AnswerAsync(HttpMethod.Get, "/v1/search/values?key=tool")).Problem(403);
    }

    private static async Task<IReadOnlyList<string>> SearchAsync(TestNode node, string query) =>
        (await node.GetAsync("/v1/search?q=" + Uri.EscapeDataString(query))).Require(200).Ids("tool_call_id");
}
