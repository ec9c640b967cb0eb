using Audit.Node.Tests.Support;

namespace Audit.Node.Tests.Acts;

public sealed class DecisionTests : IAsyncLifetime
{
    private const string Path = "/v1/sessions/s-1/calls/c-1/decision?source=admin";

    private readonly WatchedClock clock = new();

    private TestNode node = null!;
    private HttpClient person = null!;

    public async Task InitializeAsync()
    {
        node = await TestNode.StartAsync(clock: clock);
        // Not who makes the approver's token: that would be noted of each approval.
        using var asking = node.ClientWith(await node.TokenAsync("asking host", ["ingest"], source: "admin"));
        (await asking.PostAsync("/v1/records", Records.Item("s-1", "c-1", Records.Asked(), task: "t-1", agent: "a-1", tier: "Confirm"))).Require(201);
        person = await node.ClientAsync("maria", "approve");
    }

    public async Task DisposeAsync()
    {
        person.Dispose();
        await node.DisposeAsync();
    }

    [Fact]
    public async Task an_approval_lets_the_call_go_on_without_an_anomaly()
    {
        var approved = (await person.DecideAsync(Path, """{"decision":"approve-once","feedback":"go on","by":"alice"}""")).Require(201).Json;
        var completed = await node.RecordAsync(Records.Item(
            "s-1", "c-1", Records.Completed(), at: DateTime.UtcNow.AddSeconds(1).ToString("O"), task: "t-1", agent: "a-1", tier: "Confirm"));

        Assert.Equal("approved", approved.Text("state"));
        Assert.Equal(0, approved.GetProperty("anomalies").GetArrayLength());
        Assert.Equal("completed", completed.Require(201).Json.Text("state"));
        Assert.Equal(0, completed.Json.GetProperty("anomalies").GetArrayLength());
        var answer = (await node.GetAsync(Path)).Require(200).Json;
        Assert.Equal("completed", answer.Text("state"));
        Assert.Equal("approve-once", answer.Text("decision"));
        Assert.Equal("maria", answer.Text("by"));
        Assert.Equal("alice", answer.Text("on_behalf_of"));
        Assert.Equal("go on", answer.Text("feedback"));
        Assert.Equal(approved.GetProperty("position").GetInt64(), answer.GetProperty("position").GetInt64());
    }

    [Theory]
    [InlineData("""{"decision":"reject"}""", "refused by maria")]
    [InlineData("""{"decision":"denied-interactively-by-user","feedback":"no way"}""", "no way")]
    public async Task any_other_decision_blocks_the_call(string body, string reason)
    {
        (await person.DecideAsync(Path, body)).Require(201);

        var answer = (await node.GetAsync(Path)).Require(200).Json;
        Assert.Equal("blocked", answer.Text("state"));
        Assert.Equal(reason, answer.Text("feedback"));
    }

    [Theory]
    [InlineData("approved-for-session")]
    [InlineData("approved-for-location")]
    [InlineData("approve-permanently")]
    [InlineData("auto")]
    public async Task by_what_hosts_say_of_their_own_approvals_no_person_approves(string word)
    {
        var sentence = (await person.DecideAsync(Path, $$"""{"decision":"{{word}}"}""")).Problem(422);

        Assert.Contains("accepted are approve-once, approve-for-session, approve-for-location, approved", sentence);
        Assert.Equal("awaiting_confirmation", (await node.GetAsync(Path)).Require(200).Json.Text("state"));
    }

    [Fact]
    public async Task the_record_of_a_decision_stands_in_the_journal_as_one_of_the_call()
    {
        var position = (await person.DecideAsync(Path, """{"decision":"approved"}""")).Require(201).Json.GetProperty("position").GetInt64();

        var row = (await node.GetAsync($"/v1/events/{position}")).Require(200).Json.GetProperty("event");
        Assert.Equal("maria", row.Text("token"));
        Assert.Equal("t-1", row.Text("task_id"));
        Assert.Equal("a-1", row.Text("agent"));
        Assert.True(row.GetProperty("made_by_node").GetBoolean());
        var outcome = row.GetProperty("record").GetProperty("outcome");
        Assert.Equal("approved", outcome.Text("kind"));
        Assert.Equal("human_response", outcome.Text("source"));
        Assert.Equal("bash", row.GetProperty("record").Text("tool_name"));
    }

    [Fact]
    public async Task the_same_decision_again_is_a_duplicate()
    {
        var body = HttpAnswers.On((await node.GetAsync(Path)).Json.GetProperty("question"), """{"decision":"approve-once"}""");
        var first = (await person.PostAsync(Path, body)).Require(201).Json;
        var again = (await person.PostAsync(Path, body)).Require(200).Json;

        Assert.Equal("duplicate", again.Text("status"));
        Assert.Equal(first.GetProperty("position").GetInt64(), again.GetProperty("position").GetInt64());
    }

    [Fact]
    public async Task a_host_that_waits_is_told_when_the_decision_comes()
    {
        using var host = node.ClientWith(await node.TokenAsync("host", ["ingest"], source: "admin"));
        var waiting = host.GetAnswerAsync(Path + "&wait=60");
        var other = host.GetAnswerAsync("/v1/call/decision?session=s-1&call=c-1&wait=60");
        (await person.DecideAsync(Path, """{"decision":"approve-for-session"}""")).Require(201);

        Assert.Equal("approve-for-session", (await waiting).Require(200).Json.Text("decision"));
        Assert.Equal("approved", (await other).Require(200).Json.Text("state"));
    }

    [Fact]
    public async Task when_the_time_is_up_the_call_still_waits()
    {
        var waiting = node.GetAsync(Path + "&wait=41");
        var timeIsUp = await clock.WaitsForAsync(TimeSpan.FromSeconds(41));
        Assert.Equal("awaiting_confirmation", (await node.GetAsync(Path)).Require(200).Json.Text("state"));
        Assert.False(waiting.IsCompleted);

        timeIsUp();
        var answer = (await waiting).Require(200).Json;
        Assert.Equal("awaiting_confirmation", answer.Text("state"));
        Assert.False(answer.TryGetProperty("decision", out _));
    }

    [Fact]
    public async Task a_stop_ends_the_waiting()
    {
        var waiting = node.GetAsync(Path + "&wait=43");
        await clock.WaitsForAsync(TimeSpan.FromSeconds(43));
        Assert.False(waiting.IsCompleted);
        await node.Running.DisposeAsync();

        Assert.Equal("awaiting_confirmation", (await waiting).Require(200).Json.Text("state"));
        await node.RestartAsync();
    }

    [Fact]
    public async Task a_call_that_nobody_knows_is_404()
    {
        (await person.PostAsync(
            "/v1/sessions/s-1/calls/c-2/decision?source=admin", """{"decision":"approved","sequence":1,"question":"AAAAAAAAAAAAAAAAAAAAAA"}""")).Problem(404);
        (await node.GetAsync("/v1/sessions/s-1/calls/c-2/decision?wait=30")).Problem(404);
    }

    [Theory]
    [InlineData("{}", "decision")]
    [InlineData("""{"decision":7}""", "decision")]
    [InlineData("""{"decision":"x","feedback":[]}""", "feedback")]
    [InlineData("[]", "JSON object")]
    [InlineData("""{"decision":"x","question":"AAAAAAAAAAAAAAAAAAAAAA"}""", "sequence")]
    [InlineData("""{"decision":"x","sequence":1}""", "question")]
    [InlineData("""{"decision":"x","sequence":1,"question":"what?"}""", "question")]
    [InlineData("""{"decision":"x","sequence":9,"question":"AAAAAAAAAAAAAAAAAAAAAA"}""", "sequence 9")]
    public async Task a_body_without_a_decision_is_422_and_says_where(string body, string place) =>
        Assert.Contains(place, (await person.PostAsync(Path, body)).Problem(422));

    [Theory]
    [InlineData("wait=601")]
    [InlineData("wait=-1")]
    [InlineData("wait=soon")]
    public async Task a_wrong_wait_is_named(string query) =>
        Assert.StartsWith("wait:", (await node.GetAsync($"{Path}&{query}")).Problem(400));

    [Fact]
    public async Task only_who_may_approve_decides_and_a_bound_token_only_on_its_own()
    {
        using var host = await node.ClientAsync("host", "ingest");
        using var other = await node.ClientAsync("other", "approve", task: "t-2");
        using var own = await node.ClientAsync("own", "approve", task: "t-1");
        var body = HttpAnswers.On((await node.GetAsync(Path)).Json.GetProperty("question"), """{"decision":"approved"}""");
        (await host.PostAsync(Path, body)).Problem(403);
        using var admin = node.ClientWith(await node.TokenAsync("boss", ["admin"]));
        (await admin.PostAsync(Path, body)).Problem(403);
        (await other.PostAsync(Path, body)).Problem(404);
        (await own.PostAsync(Path, body)).Require(201);
    }

    [Fact]
    public async Task a_decision_on_a_call_from_the_future_still_comes_last()
    {
        (await node.RecordAsync(Records.Item("s-1", "c-9", Records.Asked(), at: DateTime.UtcNow.AddMinutes(4).ToString("O")))).Require(201);

        Assert.Equal(
            "approved",
            (await person.DecideAsync("/v1/call/decision?session=s-1&call=c-9", """{"decision":"approved"}""")).Require(201).Json.Text("state"));
    }
}
