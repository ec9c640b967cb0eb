using System.Net;
using System.Text;
using System.Text.Json;
using Audit.Node.Tests.Support;

namespace Audit.Node.Tests.Trust;

/// <summary>Point 15, second half: who was refused is in the book, and cannot fill it.</summary>
public sealed class RefusedAccessTests
{
    [Trait("Point", "15")]
    [Fact]
    public async Task refused_tokens_and_roles_are_in_the_book_counted_by_network_and_minute()
    {
        await using var node = await TestNode.StartAsync();
        using (var unknown = node.ClientWith("aat_" + new string('A', 43)))
        using (var reader = await node.ClientAsync("ann", "read"))
        {
            for (var time = 0; time < 5; time++)
            {
                (await unknown.GetAnswerAsync($"/v1/sessions?n={time}")).Problem(401);
            }

            (await reader.PostAsync("/v1/records", "{}")).Problem(403);
        }

        await node.RestartAsync();
        var refused = await RefusedAsync(node);
        var token = refused.Single(one => one.Text("what") == "token");
        Assert.Equal(("127.0.0.0/24", 5), (token.Text("from"), token.GetProperty("count").GetInt32()));
        var role = refused.Single(one => one.Text("what") == "role");
        Assert.Equal(("ann", "POST /v1/records: ingest"), (role.Text("token"), role.Text("wanted")));
        Assert.DoesNotContain("AAAAAAAAAA", string.Concat(refused.Select(one => one.GetRawText())));
    }

    [Fact]
    public async Task what_a_bound_token_may_not_speak_of_is_in_the_book_counted_by_token()
    {
        await using var node = await TestNode.StartAsync();
        using (var host = await node.ClientAsync("own", "ingest"))
        using (var bound = node.ClientWith(await node.TokenAsync("bound", ["ingest"], "a-2", "t-2", source: "own")))
        {
            (await host.PostAsync("/v1/records", Records.Item("s", "c", Records.Asked(), task: "t-1", agent: "a-1")))
                .Require(201);

            // Of another agent's call, in an item, in an array, in a stream, and by header.
            Assert.Equal(422, (await bound.PostAsync(
                "/v1/records", Records.Item("s", "c", Records.Completed()))).Status);
            var named = Records.Item("s", "other", Records.Asked(), agent: "a-1");
            Assert.Equal(422, (await bound.PostAsync("/v1/records", named)).Status);
            (await bound.PostAsync("/v1/records", $"[{named}]")).Require(200);
            (await bound.AnswerAsync(
                HttpMethod.Post, "/v1/records", Encoding.UTF8.GetBytes(named + "\n"), "application/x-ndjson")).Require(200);
            bound.DefaultRequestHeaders.Add("Audit-Agent", "a-1");
            (await bound.PostAsync("/v1/records", named)).Problem(403);
        }

        await node.RestartAsync();
        var refused = (await RefusedAsync(node)).Single(one => one.Text("what") == "binding");
        Assert.Equal(
            ("bound", "source own", 5),
            (refused.Text("token"), refused.Text("wanted"), refused.GetProperty("count").GetInt32()));
    }

    [Fact]
    public void many_networks_are_counted_in_a_hundred_rows()
    {
        var notes = new AccessNotes();
        for (var network = 0; network < 1_000; network++)
        {
            var context = new Microsoft.AspNetCore.Http.DefaultHttpContext();
            context.Connection.RemoteIpAddress = new IPAddress([10, (byte)(network / 250), (byte)(network % 250), 7]);
            notes.UnknownToken(context);
        }

        var (counts, more) = notes.Take();
        Assert.Equal((AccessNotes.Most, 900), (counts.Count, more));
        Assert.Empty(notes.Take().Counts);
    }

    [Theory]
    [InlineData("192.0.2.77", "192.0.2.0/24")]
    [InlineData("::ffff:192.0.2.77", "192.0.2.0/24")]
    [InlineData("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64")]
    public void an_address_is_counted_as_coarse_as_one_customer_of_a_network(string address, string network) =>
        Assert.Equal(network, AccessNotes.NetworkOf(IPAddress.Parse(address)));

    private static async Task<List<JsonElement>> RefusedAsync(TestNode node) =>
    [
        .. (await node.GetAsync("/v1/events?limit=1000")).Json.GetProperty("items").EnumerateArray()
            .Select(item => item.GetProperty("event"))
            .Where(item => item.TryGetProperty("act", out var act) && act.GetString() == "access.refused")
            .SelectMany(item => item.GetProperty("detail").GetProperty("refused").EnumerateArray()),
    ];
}
