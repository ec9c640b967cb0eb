using Audit.Node.Tests.Pages;
using Audit.Node.Tests.Support;

namespace Audit.Node.Tests.Trust;

/// <summary>Nobody approves by accident what he did not see, nor unseen by a token that he made himself.</summary>
public sealed class PartlySeenTests : IAsyncLifetime
{
    private const string Approve = """{"decision":"approve-once"}""";

    private TestNode node = null!;

    public async Task InitializeAsync() => node = await TestNode.StartAsync();

    public async Task DisposeAsync() => await node.DisposeAsync();

    [Theory]
    [InlineData("cut", "bytes were sent")]
    [InlineData("redacted", "redacted: named-secret")]
    public async Task a_question_that_is_not_shown_whole_is_approved_by_a_tick_and_marked(string call, string missing)
    {
        var input = call == "cut" ? $"{{\"a\":\"{new string('x', 300_000)}\"}}" : """{"api_key":"zX81kQpT04mVn3LwYb77"}""";
        (await node.RecordAsync(Records.Item("s", call, Records.Asked()).Replace("""{"a":1}""", input))).Require(201);
        var path = $"/v1/sessions/s/calls/{call}/decision?source=admin";
        using var person = node.ClientWith(await node.TokenAsync("maria", ["approve"], person: "maria"));

        var question = (await person.GetAnswerAsync(path)).Require(200).Json.GetProperty("question");
        Assert.Contains(missing, question.Text("not_seen_whole"));
        using var browser = await PageBrowser.SignedInAsync(node, await node.TokenAsync("carol", ["read", "approve"], person: "carol"));
        var page = (await browser.GetAsync($"/call?session=s&call={call}")).Require(200).Text;
        Assert.Contains("This question is not shown whole", page);
        Assert.Contains("name=\"not_seen_whole\"", page);

        var refused = (await person.PostAsync(path, HttpAnswers.On(question, Approve))).Problem(409);
        Assert.Contains("not_seen_whole", refused);
        Assert.Equal("awaiting_confirmation", (await person.GetAnswerAsync(path)).Json.Text("state"));

        var ticked = """{"decision":"approve-once","not_seen_whole":true}""";
        var approved = (await person.PostAsync(path, HttpAnswers.On(question, ticked))).Require(201).Json;
        Assert.Contains("not_seen_whole", approved.Texts("anomalies"));
        Assert.Contains("not_seen_whole", (await node.GetAsync($"/v1/sessions/s/calls/{call}")).Json.Texts("anomalies"));
    }

    [Fact]
    public async Task a_question_that_is_shown_whole_needs_no_tick_and_a_refusal_never_does()
    {
        using var agent = node.ClientWith(await node.TokenAsync("agent", ["ingest"], person: "eve"));
        (await agent.PostAsync("/v1/records", Records.Item("s", "whole", Records.Asked()))).Require(201);
        var cut = Records.Item("s", "cut", Records.Asked()).Replace("""{"a":1}""", $"{{\"a\":\"{new string('x', 300_000)}\"}}");
        (await agent.PostAsync("/v1/records", cut)).Require(201);
        using var person = node.ClientWith(await node.TokenAsync("maria", ["approve"], person: "maria"));

        var approved = (await person.DecideAsync("/v1/sessions/s/calls/whole/decision", Approve)).Require(201).Json;
        var refused = await person.DecideAsync("/v1/sessions/s/calls/cut/decision", """{"decision":"reject"}""");

        Assert.Empty(approved.Texts("anomalies"));
        refused.Require(201);
    }

    [Fact]
    public async Task an_approver_whose_token_a_party_made_within_the_day_is_marked()
    {
        // The node's first token makes all others, in the name of its person.
        var maker = (await node.GetAsync("/v1/tokens")).Require(200).Json.GetProperty("items")[0].Text("person");
        foreach (var (call, asker) in new[] { ("c-1", maker), ("c-2", "eve") })
        {
            using var agent = node.ClientWith(await node.TokenAsync($"agent of {call}", ["ingest"], person: asker));
            (await agent.PostAsync("/v1/records", Records.Item($"s-{call}", call, Records.Asked()))).Require(201);
        }

        using var made = node.ClientWith(await node.TokenAsync("puppet", ["approve"], person: "puppet"));
        var marked = (await made.DecideAsync("/v1/sessions/s-c-1/calls/c-1/decision", Approve)).Require(201).Json;
        var plain = (await made.DecideAsync("/v1/sessions/s-c-2/calls/c-2/decision", Approve)).Require(201).Json;

        Assert.Contains("minted_by_party", marked.Texts("anomalies"));
        Assert.Empty(plain.Texts("anomalies"));
        Assert.Contains("minted_by_party", (await node.GetAsync("/v1/sessions/s-c-1/calls/c-1")).Json.Texts("anomalies"));
    }
}
