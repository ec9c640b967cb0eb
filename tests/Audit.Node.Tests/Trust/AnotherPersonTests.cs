using Audit.Node.Tests.Support;

namespace Audit.Node.Tests.Trust;

/// <summary>
/// Nobody approves or reviews what a source asks that stands for him, by whatever token, person or maker of tokens.
/// </summary>
public sealed class AnotherPersonTests : IAsyncLifetime
{
    private const string Approve = """{"decision":"approve-once"}""";

    private TestNode node = null!;
    private HttpClient alice = null!;

    public async Task InitializeAsync()
    {
        node = await TestNode.StartAsync();
        alice = node.ClientWith(await node.TokenAsync("alice", ["read", "approve", "admin"], person: "alice"));
    }

    public async Task DisposeAsync()
    {
        alice.Dispose();
        await node.DisposeAsync();
    }

    [Trait("Point", "2")]
    [Fact]
    public async Task whose_token_reports_for_the_source_approves_nothing_that_another_token_of_it_asks()
    {
        await AskAsync(await node.TokenAsync("eves host", ["ingest"], source: "sa", person: "eve"), "c");
        await node.TokenAsync("alices host", ["ingest"], source: "sa", person: "alice");

        await RefusedAsync(alice, "c", "sa");
        using var other = node.ClientWith(await node.TokenAsync("bob", ["approve"], person: "bob"));
        (await DecideAsync(other, "c", "sa")).Require(201);
    }

    [Fact]
    public async Task who_made_the_token_of_a_service_approves_nothing_that_it_asks()
    {
        await AskAsync(await TokenOfAsync(alice, "service", "none", ["ingest"], "sb"), "c");

        await RefusedAsync(alice, "c", "sb");
        using var puppet = node.ClientWith(await TokenOfAsync(alice, "puppet", "puppet", ["approve"]));
        await RefusedAsync(puppet, "c", "sb");
    }

    [Fact]
    public async Task whose_token_a_party_made_over_two_hops_approves_nothing_and_reviews_nothing()
    {
        var host = await node.TokenAsync("alices host", ["ingest"], source: "sc", person: "alice");
        await AskAsync(host, "c");
        using var mallory = node.ClientWith(await TokenOfAsync(alice, "mallory", "mallory", ["admin"]));
        using var zed = node.ClientWith(await TokenOfAsync(mallory, "zed", "zed", ["read", "approve"]));

        await RefusedAsync(zed, "c", "sc");
        using var agent = node.ClientWith(host);
        (await agent.PostAsync("/v1/records", Records.Item("s", "v", Records.Blocked()))).Require(201);
        Assert.Equal(409, (await agent.PostAsync("/v1/records", Records.Item("s", "v", Records.Completed()))).Status);
        foreach (var party in new[] { zed, mallory, alice })
        {
            (await party.PostAsync("/v1/sessions/s/calls/v/review?source=sc", Review)).Problem(403);
        }

        using var other = node.ClientWith(await node.TokenAsync("bob", ["read", "approve"], person: "bob"));
        (await other.PostAsync("/v1/sessions/s/calls/v/review?source=sc", Review)).Require(201);
    }

    [Fact]
    public async Task who_sees_one_source_opens_and_approves_no_window_for_another()
    {
        using var host = node.ClientWith(await node.TokenAsync("host of sg", ["ingest"], source: "sg", person: "eve"));
        await node.TokenAsync("host of sh", ["ingest"], source: "sh", person: "eve");
        using var bound = node.ClientWith(await node.TokenAsync("sees sg", ["read", "approve"], person: "bob", sees: "sg"));

        foreach (var sources in new[] { "sh", "s*", "*" })
        {
            (await bound.PostAsync("/v1/windows", WindowFor(sources, grant: true))).Problem(403);
            var asked = (await host.PostAsync("/v1/windows", WindowFor(sources))).Require(201).Json.Text("window_id");
            (await bound.PostAsync($"/v1/windows/{asked}/approve", "{}")).Problem(403);
            Assert.Equal("requested", (await node.GetAsync($"/v1/windows/{asked}")).Require(200).Json.Text("state"));
        }

        (await bound.PostAsync("/v1/windows", WindowFor("sg", grant: true))).Require(201);
    }

    private static string WindowFor(string sources, bool grant = false) =>
        $$"""{"task_id":"t","agent":"a","scope":["*"],"sources":["{{sources}}"],"reason":"r","duration":"1h","grant":{{(grant ? "true" : "false")}}}""";

    [Fact]
    public async Task a_host_learns_nothing_of_a_decision_on_another_sources_call()
    {
        await AskAsync(await node.TokenAsync("host of sd", ["ingest"], source: "sd", person: "eve"), "c");
        (await DecideAsync(alice, "c", "sd")).Require(201);
        using var stranger = node.ClientWith(await node.TokenAsync("stranger", ["ingest"], source: "se"));

        Assert.Equal(404, (await stranger.GetAnswerAsync("/v1/sessions/s/calls/c/decision?source=sd")).Status);
        Assert.Equal(404, (await stranger.GetAnswerAsync("/v1/sessions/s/calls/c/decision")).Status);
    }

    [Fact]
    public async Task who_waits_for_a_decision_is_told_nothing_once_his_token_is_revoked()
    {
        var token = await node.TokenAsync("waiting", ["ingest"], source: "sf", person: "eve");
        await AskAsync(token, "c");
        using var host = node.ClientWith(token);
        var waiting = host.GetAnswerAsync("/v1/sessions/s/calls/c/decision?wait=20");
        await Patience.UntilAsync(
            async () => (await node.GetAsync("/v1/tokens")).Json.GetProperty("items").EnumerateArray()
                .Any(row => row.Text("name") == "waiting" && row.GetProperty("last_used_at").ValueKind != System.Text.Json.JsonValueKind.Null),
            "the token is in use");

        (await node.Http.AnswerAsync(HttpMethod.Delete, "/v1/tokens/waiting")).Require(204);
        (await DecideAsync(alice, "c", "sf")).Require(201);

        Assert.Equal(401, (await waiting).Status);
    }

    private const string Review = """{"sequences":[2],"verdicts":["standing_refusal"],"reason":"looked at"}""";

    private async Task AskAsync(string token, string call)
    {
        using var host = node.ClientWith(token);
        (await host.PostAsync("/v1/records", Records.Item("s", call, Records.Asked()))).Require(201);
    }

    private static async Task<string> TokenOfAsync(
        HttpClient maker, string name, string person, string[] roles, string? source = null)
    {
        var body = System.Text.Json.JsonSerializer.Serialize(new { name, person, roles, source });
        return (await maker.PostAsync("/v1/tokens", body)).Require(201).Json.Text("token");
    }

    private static Task<Answer> DecideAsync(HttpClient person, string call, string source) =>
        person.DecideAsync($"/v1/sessions/s/calls/{call}/decision?source={source}", Approve);

    /// <summary>It is no approval, and the attempt stands in the book.</summary>
    private async Task RefusedAsync(HttpClient person, string call, string source)
    {
        var answer = await DecideAsync(person, call, source);
        Assert.Equal(409, answer.Status);
        Assert.Contains("another person approves", answer.Json.Text("reason"));
        Assert.Equal(
            "awaiting_confirmation",
            (await node.GetAsync($"/v1/sessions/s/calls/{call}?source={source}")).Require(200).Json.Text("state"));
    }
}
