using Audit.Node.Tests.Pages;
using Audit.Node.Tests.Support;

namespace Audit.Node.Tests.Trust;

/// <summary>Nobody approves in another's name, nothing is approved that nobody saw, and a refusal stands.</summary>
public sealed class DecisionTrustTests : IAsyncLifetime
{
    private const string Path = "/v1/sessions/s/calls/c/decision";
    private const string Approve = """{"decision":"approve-once"}""";

    private TestNode node = null!;
    private HttpClient host = null!;
    private HttpClient person = null!;

    public async Task InitializeAsync()
    {
        node = await TestNode.StartAsync();
        host = await node.ClientAsync("host", "ingest");
        person = await node.ClientAsync("maria", "approve");
    }

    public async Task DisposeAsync()
    {
        host.Dispose();
        person.Dispose();
        await node.DisposeAsync();
    }

    [Trait("Point", "2")]
    [Fact]
    public async Task a_hosts_own_approval_is_never_answered_as_a_decision()
    {
        await RecordAsync(Records.Asked(), second: 1);
        await RecordAsync("""{"kind":"approved","decision":"approve-once","by":"alice"}""", second: 2);

        var answer = (await host.GetAnswerAsync(Path)).Require(200).Json;
        Assert.Equal("awaiting_confirmation", answer.Text("state"));
        Assert.False(answer.TryGetProperty("by", out _));
        Assert.False(answer.TryGetProperty("decision", out _));

        await RecordAsync(Records.Completed(), second: 3);
        var call = await CallAsync();
        Assert.Equal(System.Text.Json.JsonValueKind.Null, call.GetProperty("decided_by").ValueKind);
        Assert.Equal("alice", call.Text("claimed_by"));
        Assert.Contains("approved_by_host_only", call.Texts("anomalies"));
        Assert.False((await host.GetAnswerAsync(Path)).Json.TryGetProperty("by", out _));

        using var browser = await PageBrowser.SignedInAsync(node, await node.TokenAsync("reader", ["read"]));
        var page = (await browser.GetAsync("/call?session=s&call=c")).Require(200).Text;
        Assert.Contains("Reported by the host", page);
        Assert.Contains("approved by its host only", page);
    }

    [Trait("Point", "2")]
    [Fact]
    public async Task a_host_with_the_role_ingest_alone_posts_no_decision_of_the_node()
    {
        await RecordAsync(Records.Asked(), second: 1);
        var question = (await host.GetAnswerAsync(Path)).Json.GetProperty("question");

        (await host.PostAsync(Path, HttpAnswers.On(question, Approve))).Problem(403);
        using var admin = node.ClientWith(await node.TokenAsync("boss", ["admin"]));
        (await admin.PostAsync(Path, HttpAnswers.On(question, Approve))).Problem(403);

        // What an event of the node has, in a host's own words, makes it none.
        var forged = Records.Item("s", "c", """{"kind":"approved","decision":"approve-once","made_by_node":true}""", At(2))
            .Replace("\"session_id\"", $"\"made_by_node\":true,\"answers\":{question.GetRawText()},\"session_id\"");
        (await host.PostAsync("/v1/records", forged)).Require(201);
        Assert.Equal("awaiting_confirmation", (await host.GetAnswerAsync(Path)).Json.Text("state"));
    }

    [Trait("Point", "2")]
    [Fact]
    public async Task nobody_approves_what_his_own_host_asked()
    {
        using var agent = node.ClientWith(await node.TokenAsync("laptop", ["ingest"], person: "eve"));
        using var both = node.ClientWith(await node.TokenAsync("eve-phone", ["approve"], person: "eve"));
        (await agent.PostAsync("/v1/records", Records.Item("s", "c", Records.Asked(), At(1)))).Require(201);

        var own = (await both.DecideAsync(Path, Approve)).Require(409).Json;

        Assert.Equal("violation", own.Text("status"));
        Assert.Contains("another person approves", own.Text("reason"));
        Assert.Equal("awaiting_confirmation", (await both.GetAnswerAsync(Path)).Json.Text("state"));
        (await person.DecideAsync(Path, Approve)).Require(201);
    }

    [Trait("Point", "3")]
    [Fact]
    public async Task an_approval_of_ls_does_not_cover_what_was_asked_meanwhile()
    {
        await AskAsync("ls", second: 1);
        var shown = (await person.GetAnswerAsync(Path)).Json.GetProperty("question");
        await AskAsync("rm -rf /", second: 2);

        var stale = (await person.PostAsync(Path + "?source=host", HttpAnswers.On(shown, Approve))).Require(409).Json;

        Assert.Contains("another question", stale.Text("reason"));
        Assert.Equal("awaiting_confirmation", (await host.GetAnswerAsync(Path)).Json.Text("state"));
        Assert.Equal("stale_answer", (await node.GetAsync("/v1/violations")).Json.GetProperty("items")[0].Text("cause"));
    }

    [Trait("Point", "3")]
    [Theory]
    [InlineData(5)]
    [InlineData(0)]
    public async Task an_approval_is_dropped_by_another_question_whatever_time_that_gives(int second)
    {
        await AskAsync("ls", second: 1);
        (await person.DecideAsync(Path, Approve)).Require(201);
        Assert.Equal("maria", (await host.GetAnswerAsync(Path)).Json.Text("by"));

        await AskAsync("rm -rf /", second);

        var answer = (await host.GetAnswerAsync(Path)).Json;
        Assert.Equal("awaiting_confirmation", answer.Text("state"));
        Assert.False(answer.TryGetProperty("by", out _));
        Assert.Contains("question_changed", (await CallAsync()).Texts("anomalies"));
    }

    [Fact]
    public async Task the_same_question_in_other_words_keeps_its_approval()
    {
        await RecordAsync(Records.Asked(), second: 1, change: text => text.Replace("""{"a":1}""", """{"a":1,"b":[1.0,"é"]}"""));
        (await person.DecideAsync(Path, Approve)).Require(201);
        await RecordAsync(
            Records.Asked(), second: 2, change: text => text.Replace("""{"a":1}""", """{ "b" : [1, "\u00e9"], "a": 1 }"""));

        Assert.Equal("maria", (await host.GetAnswerAsync(Path)).Json.Text("by"));
    }

    [Fact]
    public async Task what_runs_otherwise_than_it_was_approved_is_marked_on_every_answer_and_page()
    {
        await AskAsync("ls", second: 1);
        (await person.DecideAsync(Path, Approve)).Require(201);
        await RecordAsync(Records.Completed(), second: 10, change: text => text.Replace("""{"a":1}""", """{"a":"rm -rf /"}"""));

        Assert.Contains("input_changed_after_approval", (await CallAsync()).Texts("anomalies"));
        using var browser = await PageBrowser.SignedInAsync(node, await node.TokenAsync("reader", ["read"]));
        Assert.Contains(
            "What ran is not what was approved", (await browser.GetAsync("/call?session=s&call=c")).Require(200).Text);
        Assert.Contains("input changed after approval", (await browser.GetAsync("/session?id=s")).Require(200).Text);
    }

    [Fact]
    public async Task a_persons_refusal_is_overridden_by_no_host_and_outlives_attempts()
    {
        await AskAsync("ls", second: 1);
        (await person.DecideAsync(Path, """{"decision":"reject","feedback":"no"}""")).Require(201);
        await RecordAsync("""{"kind":"persistence_failed","result":null,"error":"disk"}""", second: 10);
        await AskAsync("ls", second: 11);

        var overriding = await SendAsync("""{"kind":"approved","decision":"approve-once","by":"alice"}""", 12);
        var started = await SendAsync("""{"kind":"started"}""", 13);
        var backDated = await SendAsync(Records.Completed(), second: 0);

        Assert.Contains("a person refused", overriding.Require(409).Json.Text("reason"));
        Assert.Contains("refusal still stands", started.Require(409).Json.Text("reason"));
        Assert.Contains("a blocked call reported success", backDated.Require(409).Json.Text("reason"));
        Assert.True((await host.GetAnswerAsync(Path)).Json.GetProperty("refused_by_node").GetBoolean());

        await node.RestartAsync();
        using var again = node.ClientWith(await node.TokenAsync("maria-2", ["approve"]));
        (await again.DecideAsync(Path, Approve)).Require(201);
        (await node.RecordAsync(Records.Item("s", "c", Records.Completed(), At(15)))).Require(201);
    }

    private static string At(int second) =>
        new DateTime(2025, 1, 2, 3, 4, 0, DateTimeKind.Utc).AddSeconds(second).ToString("O");

    private Task AskAsync(string command, int second) => RecordAsync(
        Records.Asked(), second, text => text.Replace("""{"a":1}""", $$"""{"a":"{{command}}"}"""));

    private async Task RecordAsync(string outcome, int second, Func<string, string>? change = null) =>
        (await SendAsync(outcome, second, change)).Require(201);

    private Task<Answer> SendAsync(string outcome, int second, Func<string, string>? change = null)
    {
        var item = Records.Item("s", "c", outcome, At(second));
        return host.PostAsync("/v1/records", change?.Invoke(item) ?? item);
    }

    private async Task<System.Text.Json.JsonElement> CallAsync() =>
        (await node.GetAsync("/v1/sessions/s/calls/c")).Require(200).Json;
}
