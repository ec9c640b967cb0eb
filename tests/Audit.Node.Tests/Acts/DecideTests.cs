using System.Text.Json;
using Audit.Node.Tests.Support;
using Audit.Policy;
using Audit.Projections.Language;

namespace Audit.Node.Tests.Acts;

/// <summary>A host asks the node whether a tool may run.</summary>
public sealed class DecideTests : IAsyncLifetime
{
    private const string Rules = """
        {"preset":"ask","trust":"claimed","rules":[
          {"name":"read freely","kind":"read","then":"approve-once"},
          {"name":"in a window","tool":"sql.*","window":"open","then":"approve-once"},
          {"name":"two of the dba","tool":"sql.*","then":"ask","approvers":["dba-*"]},
          {"name":"no shell","kind":"shell","then":"reject","feedback":"use the sandbox"},
          {"name":"trial","tool":"curl","then":"reject","mode":"observe"}]}
        """;

    private readonly TemporaryDirectory directory = new();
    private readonly SettableClock clock = new();
    private TestNode node = null!;
    private HttpClient host = null!;
    private HttpClient maria = null!;
    private int changes;

    private string PolicyPath => directory.File("policy.json");

    public async Task InitializeAsync()
    {
        File.WriteAllText(PolicyPath, Rules);
        node = await TestNode.StartAsync(clock: clock, change: options => options with { Policy = PolicyPath });
        host = node.ClientWith(await node.TokenAsync("host", ["ingest"]));
        maria = await node.ClientAsync("maria", "approve");
    }

    public async Task DisposeAsync()
    {
        host.Dispose();
        maria.Dispose();
        await node.DisposeAsync();
        directory.Dispose();
    }

    [Fact]
    public async Task what_a_rule_approves_is_answered_at_once_and_stands_in_the_book_before()
    {
        var answer = (await AskAsync("c-1", "cat", "read")).Require(200).Json;

        Assert.Equal(
            ("approve-once", "read freely", "policy", "approved"),
            (answer.Text("decision"), answer.Text("rule"), answer.Text("by"), answer.Text("state")));
        Assert.True(DateTimeOffset.Parse(answer.Text("valid_until")) > clock.GetUtcNow());
        var events = await EventsAsync("c-1");
        Assert.Equal(["requested", "requires_confirmation", "approved"], events.Select(one => one.Text("kind")));
        var decision = events[2];
        Assert.True(decision.GetProperty("made_by_node").GetBoolean());
        Assert.Equal(answer.Text("policy"), decision.GetProperty("policy").Text("version"));
        Assert.Equal("read freely", decision.GetProperty("policy").Text("rule"));
        Assert.Equal(3, answer.GetProperty("sequence").GetInt64());
    }

    [Fact]
    public async Task what_a_rule_rejects_is_blocked_by_the_node_and_never_runs_without_a_violation()
    {
        var answer = (await AskAsync("c-1", "bash", "shell")).Require(200).Json;

        Assert.Equal(("reject", "use the sandbox", "blocked"), (answer.Text("decision"), answer.Text("feedback"), answer.Text("state")));
        var ran = await host.PostAsync("/v1/records", Records.Item("s-1", "c-1", Records.Completed(), at: Later(5)));
        Assert.Equal("violation", ran.Require(409).Json.Text("status"));
    }

    [Fact]
    public async Task an_approved_call_runs_without_an_anomaly_and_late_it_has_one()
    {
        (await AskAsync("c-1", "cat", "read")).Require(200);
        (await AskAsync("c-2", "cat", "read")).Require(200);

        var inTime = await host.PostAsync("/v1/records", Item("c-1", """{"kind":"started"}""", Later(5)));
        Assert.Equal(0, inTime.Require(201).Json.GetProperty("anomalies").GetArrayLength());
        clock.Advance(TimeSpan.FromMinutes(11));
        var late = await host.PostAsync("/v1/records", Item("c-2", """{"kind":"started"}""", Later(0)));
        Assert.Equal(["approval_expired"], late.Require(201).Json.Texts("anomalies"));
    }

    [Fact]
    public async Task the_same_question_has_the_same_answer_whatever_the_policy_says_now()
    {
        var first = (await AskAsync("c-1", "cat", "read")).Require(200).Json;
        Change("""{"preset":"deny-all"}""");
        var again = (await AskAsync("c-1", "cat", "read")).Require(200).Json;
        var other = (await AskAsync("c-2", "cat", "read")).Require(200).Json;

        Assert.Equal(first.Text("decision"), again.Text("decision"));
        Assert.Equal(first.Text("policy"), again.Text("policy"));
        Assert.Equal(first.GetProperty("position").GetInt64(), again.GetProperty("position").GetInt64());
        Assert.Equal("reject", other.Text("decision"));
        Assert.Equal(3, (await EventsAsync("c-1")).Count);
    }

    [Fact]
    public async Task many_who_ask_the_same_at_once_have_one_answer_and_one_question()
    {
        var answers = await Task.WhenAll(Enumerable.Range(0, 16).Select(_ => AskAsync("c-1", "cat", "read")));

        Assert.Single(answers.Select(answer => answer.Require(200).Json.GetProperty("position").GetInt64()).Distinct());
        Assert.Equal(3, (await EventsAsync("c-1")).Count);
    }

    [Fact]
    public async Task a_question_waits_for_a_person_who_may_answer_it()
    {
        var waiting = AskAsync("c-1", "sql.exec", null, "?wait=600");
        var question = await QuestionAsync("c-1");
        using var dba = await node.ClientAsync("dba-7", "approve");

        Assert.Contains("lets only dba-* approve", (await maria.PostAsync(Decision("c-1"), HttpAnswers.On(question, """{"decision":"approve-once"}"""))).Problem(403));
        (await dba.PostAsync(Decision("c-1"), HttpAnswers.On(question, """{"decision":"approve-once"}"""))).Require(201);

        var answer = (await waiting).Require(200).Json;
        Assert.Equal(("approve-once", "dba-7", "approved"), (answer.Text("decision"), answer.Text("by"), answer.Text("state")));
        clock.Advance(TimeSpan.FromMinutes(11));
        var late = await host.PostAsync("/v1/records", Records.Item(
            "s-1", "c-1", """{"kind":"started"}""", at: Later(0), task: "t-1", agent: "a-1", tool: "sql.exec"));
        Assert.Contains("approval_expired", late.Require(201).Json.Texts("anomalies"));
    }

    [Fact]
    public async Task what_is_approved_of_another_question_of_the_call_is_no_answer_to_this_one()
    {
        var waiting = AskAsync("c-1", "write_file", "write", "?wait=600");
        await QuestionAsync("c-1");
        var harmless = (await AskAsync("c-1", "write_file", "read")).Require(200).Json;

        Assert.Equal("approve-once", harmless.Text("decision"));
        var answer = (await waiting).Require(200).Json;
        Assert.Equal("reject", answer.Text("decision"));
        Assert.Contains("another tool_call_id", answer.Text("feedback"));
        Assert.Equal("reject", (await AskAsync("c-1", "write_file", "write")).Require(200).Json.Text("decision"));
        Assert.Equal("approve-once", (await AskAsync("c-1", "write_file", "read")).Require(200).Json.Text("decision"));
    }

    [Fact]
    public async Task who_goes_on_waiting_for_one_question_is_not_told_what_was_answered_to_another()
    {
        var question = (await AskAsync("c-1", "write_file", "write")).Require(200).Json.GetProperty("question").Text("question");
        var mine = Decision("c-1") + $"&wait=600&question={question}";
        var waiting = host.GetAnswerAsync(mine);
        var other = (await AskAsync("c-1", "write_file", "url")).Require(200).Json.GetProperty("question");
        (await maria.PostAsync(Decision("c-1"), HttpAnswers.On(other, """{"decision":"approve-once"}"""))).Require(201);

        foreach (var answer in new[] { await waiting, await host.GetAnswerAsync(mine) })
        {
            Assert.Equal("reject", answer.Require(200).Json.Text("decision"));
            Assert.Contains("another tool_call_id", answer.Json.Text("feedback"));
        }

        var theirs = Decision("c-1") + $"&question={other.Text("question")}";
        Assert.Equal("approve-once", (await host.GetAnswerAsync(theirs)).Require(200).Json.Text("decision"));
        Assert.Contains("question", (await host.GetAnswerAsync(Decision("c-1") + "&question=that")).Problem(400));
    }

    [Fact]
    public async Task what_its_host_asked_and_approved_by_itself_waits_nowhere()
    {
        foreach (var (outcome, at) in new[]
        {
            (Records.Asked(), 0), ("""{"kind":"approved","decision":"approve-once","by":"eve"}""", 1),
        })
        {
            (await host.PostAsync("/v1/records", Records.Item("s-1", "c-1", outcome, at: Later(at)))).Require(201);
        }

        // What a host says it approved is never told as an answer; it waits for nobody, either.
        Assert.Equal("awaiting_confirmation", (await host.GetAnswerAsync(Decision("c-1"))).Require(200).Json.Text("state"));
        await node.UntilReadAsync();
        Assert.Empty((await node.GetAsync("/v1/waiting")).Require(200).Json.GetProperty("items").EnumerateArray());
        Assert.False((await node.GetAsync("/v1/sessions/s-1/calls/c-1")).Require(200).Json.GetProperty("waiting").GetBoolean());

        // A stop stops it all the same.
        (await maria.PostAsync("/v1/stops", """{"all":true,"reason":"enough"}""")).Require(201);
        Assert.Equal("blocked", (await host.GetAnswerAsync(Decision("c-1"))).Require(200).Json.Text("state"));
    }

    [Fact]
    public async Task what_waits_is_listed_by_who_asks_and_by_what_is_asked()
    {
        (await host.PostAsync("/v1/records", Records.Item(
            "s-1", "c-1", """{"kind":"requested"}""", at: Later(0), task: "t-7", agent: "trusted", tool: "write_file"))).Require(201);
        (await AskAsync("c-1", "write_file", "write")).Require(200);
        (await host.PostAsync("/v1/records", Records.Item(
            "s-1", "c-1", """{"kind":"requested"}""", at: Later(1), task: "t-7", agent: "trusted", tool: "write_file"))).Require(201);

        await node.UntilReadAsync();
        var waits = Assert.Single((await node.GetAsync("/v1/waiting")).Require(200).Json.GetProperty("items").EnumerateArray());
        Assert.Equal(("a-1", "t-1", true), (waits.Text("agent"), waits.Text("task_id"), waits.GetProperty("waiting").GetBoolean()));
        var call = (await node.GetAsync("/v1/sessions/s-1/calls/c-1")).Require(200).Json;
        Assert.Equal(("trusted", "t-7", waits.Text("command")), (call.Text("agent"), call.Text("task_id"), call.Text("command")));
    }

    [Fact]
    public async Task what_its_host_says_is_approved_waits_for_a_person_all_the_same()
    {
        (await AskAsync("c-1", "write_file", "write")).Require(200);
        (await host.PostAsync("/v1/records", Records.Item(
            "s-1", "c-1", """{"kind":"approved","decision":"approve-once","by":"eve"}""", at: Later(0), task: "t-1", agent: "a-1", tool: "write_file"))).Require(201);

        await node.UntilReadAsync();
        var waits = Assert.Single((await node.GetAsync("/v1/waiting")).Require(200).Json.GetProperty("items").EnumerateArray());
        Assert.Equal(("c-1", "approved", "eve"), (waits.Text("tool_call_id"), waits.Text("state"), waits.Text("claimed_by")));
        (await maria.PostAsync(Decision("c-1"), HttpAnswers.On(waits.GetProperty("question"), """{"decision":"approve-once"}"""))).Require(201);

        var answer = (await host.GetAnswerAsync(Decision("c-1"))).Require(200).Json;
        Assert.Equal(("approve-once", "maria"), (answer.Text("decision"), answer.Text("by")));
        await node.UntilReadAsync();
        Assert.Empty((await node.GetAsync("/v1/waiting")).Require(200).Json.GetProperty("items").EnumerateArray());
    }

    [Fact]
    public async Task what_a_host_asked_by_itself_is_not_what_the_policy_asks()
    {
        (await AskAsync("c-0", "sql.exec", null)).Require(200);
        var asked = (await EventsAsync("c-0"))[1].GetProperty("record").GetProperty("outcome").GetRawText();
        (await host.PostAsync("/v1/records", $$$"""
            {"session_id":"s-1","task_id":"t-1","agent":"a-1","record":{"tool_call_id":"c-1","tool_name":"sql.exec","turn":1,
             "effective_input":{"a":1},"outcome":{{{asked}}},"recorded_at":"{{{Later(0)}}}"}}
            """)).Require(201);
        var own = await QuestionAsync("c-1");
        (await maria.PostAsync(Decision("c-1"), HttpAnswers.On(own, """{"decision":"approve-once"}"""))).Require(201);

        Assert.Equal("awaiting_confirmation", (await AskAsync("c-1", "sql.exec", null)).Require(200).Json.Text("state"));
        var question = await QuestionAsync("c-1");
        Assert.Contains("lets only dba-* approve", (await maria.PostAsync(Decision("c-1"), HttpAnswers.On(question, """{"decision":"approve-once"}"""))).Problem(403));
    }

    [Fact]
    public async Task a_question_survives_a_restart_and_is_answered_after_it()
    {
        var waiting = AskAsync("c-1", "write_file", "write", "?wait=600");
        var question = await QuestionAsync("c-1");
        await node.StopAsync();
        Assert.Equal("awaiting_confirmation", (await waiting).Require(200).Json.Text("state"));
        await node.StartAgainAsync();
        using var again = node.ClientWith(await node.TokenAsync("host-2", ["ingest"], source: "host"));
        using var person = await node.ClientAsync("ada", "approve");

        var resumed = again.GetAnswerAsync(Decision("c-1") + "&wait=600");
        (await person.PostAsync(Decision("c-1"), HttpAnswers.On(question, """{"decision":"reject","feedback":"no"}"""))).Require(201);

        Assert.Equal(("reject", "no"), ((await resumed).Require(200).Json.Text("decision"), (await resumed).Json.Text("feedback")));
    }

    [Fact]
    public async Task a_question_that_nobody_answers_ends_and_no_answer_comes_after()
    {
        (await AskAsync("c-1", "write_file", "write")).Require(200);
        var question = await QuestionAsync("c-1");
        clock.Advance(TimeSpan.FromHours(1) + TimeSpan.FromSeconds(1));

        var ended = (await host.GetAnswerAsync(Decision("c-1") + "&wait=600")).Require(200).Json;
        Assert.Equal("invalidated", ended.Text("state"));
        Assert.False(ended.TryGetProperty("decision", out _));
        (await maria.PostAsync(Decision("c-1"), HttpAnswers.On(question, """{"decision":"approve-once"}"""))).Require(409);
        Assert.Equal("invalidated", (await EventsAsync("c-1"))[2].Text("kind"));
    }

    [Fact]
    public async Task a_question_ends_by_itself_also_after_a_restart()
    {
        (await AskAsync("c-1", "write_file", "write")).Require(200);
        await node.StopAsync();
        clock.Advance(TimeSpan.FromHours(2));
        await node.StartAgainAsync();

        await Patience.UntilAsync(async () => (await EventsAsync("c-1")).Count == 3, "the question ends");
        var last = (await EventsAsync("c-1"))[2];
        Assert.Equal(("invalidated", true), (last.Text("kind"), last.GetProperty("made_by_node").GetBoolean()));
    }

    [Fact]
    public async Task a_window_that_is_open_now_lets_its_tools_run()
    {
        (await maria.PostAsync("/v1/windows", """
            {"alias":"w","task_id":"t-1","agent":"a-1","scope":["sql.*"],"sources":["host"],"reason":"migration","duration":"1h","grant":true}
            """)).Require(201);

        Assert.Equal("in a window", (await AskAsync("c-1", "sql.exec", null)).Require(200).Json.Text("rule"));
        (await maria.PostAsync("/v1/windows/w/close?source=maria", "{}")).Require(404);
        var window = (await node.GetAsync("/v1/windows")).Json.GetProperty("items")[0].Text("window_id");
        (await maria.PostAsync($"/v1/windows/{window}/revoke", """{"reason":"done"}""")).Require(201);
        Assert.Equal("awaiting_confirmation", (await AskAsync("c-2", "sql.exec", null)).Require(200).Json.Text("state"));
    }

    [Fact]
    public async Task a_policy_that_is_broken_is_heard_and_the_old_one_goes_on()
    {
        var before = (await AskAsync("c-1", "cat", "read")).Json.Text("policy");
        Change("""{"preset":"allow"}""");

        var answer = (await AskAsync("c-2", "cat", "read")).Require(200).Json;

        Assert.Equal(("approve-once", before), (answer.Text("decision"), answer.Text("policy")));
        var stats = (await node.GetAsync("/v1/stats")).Json;
        Assert.Equal(("broken", before), (stats.GetProperty("policy").Text("state"), stats.GetProperty("policy").Text("version")));
        Assert.Contains("preset: one of deny-all", stats.GetProperty("policy").Text("trouble"));
        Assert.Equal(1, stats.GetProperty("failures").GetProperty("policy file").GetInt64());
        var health = (await node.GetAsync("/health/ready")).Require(200).Json.GetProperty("policy");
        Assert.Equal("broken", health.Text("status"));
        Assert.Contains("preset", health.Text("reason"));
        Assert.Contains("audit_policy_broken 1", (await node.GetAsync("/metrics")).Text);

        Change("""{"preset":"deny-all"}""");
        Assert.Equal("reject", (await AskAsync("c-3", "cat", "read")).Json.Text("decision"));
        Assert.Equal("enforce", (await node.GetAsync("/v1/stats")).Json.GetProperty("policy").Text("state"));
    }

    [Fact]
    public async Task the_policy_itself_stands_in_the_book_once_with_its_version()
    {
        var version = (await AskAsync("c-1", "cat", "read")).Json.Text("policy");
        (await AskAsync("c-2", "cat", "read")).Require(200);
        await node.RestartAsync();
        using var again = node.ClientWith(await node.TokenAsync("host-2", ["ingest"], source: "host"));
        (await again.PostAsync("/v1/decide", Body("c-3", "cat", "read"))).Require(200);

        var used = (await node.GetAsync("/v1/events?limit=1000")).Require(200).Json.GetProperty("items").EnumerateArray()
            .Select(row => row.GetProperty("event")).Where(one => one.TryGetProperty("act", out var act) && act.GetString() == "policy.used").ToList();
        var written = Assert.Single(used);
        Assert.Equal(version, written.GetProperty("facts").Text("version"));
        Assert.Equal(Rules, written.GetProperty("detail").Text("file"));
        Assert.Equal(version, (await node.GetAsync("/v1/policy")).Require(200).Json.Text("version"));
    }

    [Fact]
    public async Task who_is_asked_is_shown_what_the_rule_says_before_what_the_host_says()
    {
        Change("""{"rules":[{"name":"deploys","tool":"deploy","then":"ask","feedback":"look at the tests first"}]}""");
        (await AskAsync("c-1", "deploy", null)).Require(200);
        (await host.PostAsync(
            "/v1/decide", Body("c-2", "deploy", null)[..^1] + ",\"description\":\"a small one\"}")).Require(200);
        Change("""{"rules":[{"name":"deploys","tool":"deploy","then":"ask","feedback":"ask Ada"}]}""");
        Assert.Equal("awaiting_confirmation", (await AskAsync("c-1", "deploy", null)).Require(200).Json.Text("state"));

        Assert.Equal(2, (await EventsAsync("c-1")).Count);
        Assert.Equal("look at the tests first", await DescriptionAsync("c-1"));
        Assert.Equal("look at the tests first; the host says: a small one", await DescriptionAsync("c-2"));
    }

    [Fact]
    public async Task without_a_policy_and_in_observe_mode_it_is_said_what_that_means()
    {
        await node.StopAsync();
        await node.StartAgainAsync(options => options with { Policy = null });
        var none = (await node.GetAsync("/v1/policy")).Require(200).Json;
        await node.StopAsync();
        Change("""{"preset":"deny-all","mode":"observe"}""");
        await node.StartAgainAsync(options => options with { Policy = PolicyPath });
        var observed = (await node.GetAsync("/v1/policy")).Require(200).Json;

        Assert.Equal("none", none.Text("mode"));
        Assert.Contains("recorded and answered no-opinion", none.Text("meaning"));
        Assert.Contains("what the policy would have decided", observed.Text("meaning"));
    }

    [Fact]
    public async Task in_observe_mode_there_is_no_opinion_and_the_book_says_what_would_have_been()
    {
        Change("""{"preset":"deny-all","mode":"observe"}""");
        var answer = (await AskAsync("c-1", "bash", "shell")).Require(200).Json;

        Assert.Equal(("no-opinion", "observe", "reject"), (answer.Text("decision"), answer.Text("mode"), answer.Text("would")));
        var only = Assert.Single(await EventsAsync("c-1"));
        Assert.Equal(("requested", "reject"), (only.Text("kind"), only.GetProperty("policy").Text("would")));
        Assert.Equal("observe", (await node.GetAsync("/health/ready")).Json.GetProperty("policy").Text("status"));
        await node.UntilReadAsync();
        Assert.Single((await node.GetAsync("/v1/search?q=would:reject")).Require(200).Json.GetProperty("items").EnumerateArray());
        Assert.Empty((await node.GetAsync("/v1/search?q=would:ask")).Require(200).Json.GetProperty("items").EnumerateArray());
        Assert.Equal(PolicyWords.All<Ruling>().Order(), SearchKeys.All.Single(key => key.Name == "would").Values.Order());
    }

    [Fact]
    public async Task a_rule_that_observes_is_noted_beside_what_was_decided()
    {
        (await AskAsync("c-1", "curl", null)).Require(200);
        Change("""{"preset":"approve-all","rules":[{"name":"trial","tool":"curl","then":"reject","mode":"observe"}]}""");
        var answer = (await AskAsync("c-2", "curl", null)).Require(200).Json;

        Assert.Equal(("approve-once", "reject"), (answer.Text("decision"), answer.Text("would")));
        var mark = (await EventsAsync("c-2"))[2].GetProperty("policy");
        Assert.Equal(("reject", "trial"), (mark.Text("would"), mark.Text("would_rule")));
    }

    [Fact]
    public async Task a_policy_is_replayed_over_what_was_asked()
    {
        (await AskAsync("c-1", "cat", "read")).Require(200);
        (await AskAsync("c-2", "bash", "shell")).Require(200);
        (await AskAsync("c-3", "write_file", "write")).Require(200);
        (await maria.PostAsync("/v1/stops", """{"all":true,"reason":"an incident"}""")).Require(201);
        (await AskAsync("c-4", "cat", "read")).Require(200);
        File.WriteAllText(directory.File("next.json"), """
            {"preset":"ask","trust":"claimed","rules":[{"name":"no reading","kind":"read","then":"reject"},
              {"name":"no shell","kind":"shell","then":"reject"}]}
            """);
        var (said, noted) = await ReplayAsync("next.json");
        Assert.Equal("3 questions, 1 would be decided otherwise.", noted);
        var other = JsonDocument.Parse(said).RootElement;
        Assert.Equal(
            ("c-1", "approve-once", "reject", "no reading"),
            (other.Text("toolCallId"), other.Text("was"), other.Text("wouldBe"), other.Text("rule")));
    }

    [Theory]
    [InlineData("\"people\":2", true)]
    [InlineData("\"approvers\":[\"ops-*\"]", true)]
    [InlineData("\"approvers\":[\"dba-*\"]", false)]
    public async Task other_persons_to_ask_are_another_decision(string asking, bool isOther)
    {
        (await AskAsync("c-1", "sql.exec", null)).Require(200);
        File.WriteAllText(
            directory.File("next.json"), $$"""{"rules":[{"name":"persons","tool":"sql.*","then":"ask",{{asking}}}]}""");

        var (said, noted) = await ReplayAsync("next.json");

        Assert.Equal($"1 questions, {(isOther ? 1 : 0)} would be decided otherwise.", noted);
        Assert.Equal(isOther, said.Contains("\"c-1\"", StringComparison.Ordinal));
    }

    /// <returns>What it prints, and what it says of it.</returns>
    private async Task<(string Said, string Noted)> ReplayAsync(string policy)
    {
        using var said = new StringWriter();
        using var noted = new StringWriter();
        var surroundings = new Surroundings(said, noted)
        {
            Environment = new System.Collections.Hashtable { ["AUDIT_TOKEN"] = node.AdminToken },
        };

        var code = await AuditCommandLine.RunAsync(
            ["policy", "replay", directory.File(policy), "--since", "1h", "--server", node.Url.ToString(), "-o", "ndjson"],
            surroundings, CancellationToken.None);

        Assert.Equal(0, code);
        return (said.ToString(), noted.ToString().Trim());
    }

    [PostgresFact]
    public async Task two_nodes_give_one_question_one_answer()
    {
        await using var database = await PostgresServer.CreateDatabaseAsync();
        await using var first = await TestNode.StartAsync(
            "postgres:" + database.ConnectionString, change: options => options with { Policy = PolicyPath });
        await using var second = await first.StartBesideAsync();
        var token = await first.TokenAsync("host", ["ingest"]);
        using var one = first.ClientWith(token);
        using var other = second.ClientWith(token);

        var answers = await Task.WhenAll(Enumerable.Range(0, 8).SelectMany(_ => new[] { one, other })
            .Select(asking => asking.PostAsync("/v1/decide", Body("c-1", "cat", "read"))));
        var waiting = other.PostAsync("/v1/decide?wait=600", Body("c-2", "write_file", "write"));
        JsonElement question = default;
        await Patience.UntilAsync(async () => (await one.GetAnswerAsync(Decision("c-2"))) is { Status: 200 } shown
            && shown.Json.TryGetProperty("question", out question), "the question waits on the other node");
        using var person = await first.ClientAsync("ada", "approve");
        (await person.PostAsync(Decision("c-2"), HttpAnswers.On(question, """{"decision":"approve-once"}"""))).Require(201);

        Assert.Single(answers.Select(answer => answer.Require(200).Json.GetProperty("position").GetInt64()).Distinct());
        Assert.Equal("approve-once", (await waiting).Require(200).Json.Text("decision"));
        var events = (await first.GetAsync("/v1/sessions/s-1/calls/c-1/events?source=host")).Json.GetProperty("items");
        Assert.Equal(3, events.GetArrayLength());
    }

    [Theory]
    [InlineData("""{"tool_call_id":"c","tool_name":"x","input":{}}""", 422, "input: not known")]
    [InlineData("""{"tool_call_id":"c"}""", 422, "tool_name: missing")]
    [InlineData("""{"tool_call_id":"c","tool_name":"x"}""", 422, "session_id: missing")]
    [InlineData("""{"session_id":"s","tool_call_id":"c","tool_name":"x","turn":"one"}""", 422, "turn")]
    [InlineData("[]", 422, "JSON object")]
    [InlineData("{", 422, "not JSON")]
    public async Task what_is_no_question_is_refused_with_a_sentence(string body, int status, string sentence) =>
        Assert.Contains(sentence, (await host.PostAsync("/v1/decide", body)).Problem(status));

    [Fact]
    public async Task who_may_not_report_may_not_ask()
    {
        (await maria.PostAsync("/v1/decide", Body("c-1", "cat", "read"))).Problem(403);
        using var bound = node.ClientWith(await node.TokenAsync("bound", ["ingest"], agent: "a-9"));
        Assert.Contains("binding", (await bound.PostAsync("/v1/decide", Body("c-1", "cat", "read"))).Problem(422));
    }

    private Task<Answer> AskAsync(string call, string tool, string? kind, string query = "") =>
        host.PostAsync("/v1/decide" + query, Body(call, tool, kind));

    private string Body(string call, string tool, string? kind) => JsonSerializer.Serialize(new
    {
        session_id = "s-1", task_id = "t-1", agent = "a-1", tool_call_id = call, tool_name = tool, turn = 1,
        effective_input = new { a = 1 }, permission = kind is null ? null : new { kind },
    });

    private string Item(string call, string outcome, string at) =>
        Records.Item("s-1", call, outcome, at: at, task: "t-1", agent: "a-1", tool: "cat");

    private string Later(int seconds) => clock.GetUtcNow().AddSeconds(seconds).ToString("O");

    private static string Decision(string call) => $"/v1/sessions/s-1/calls/{call}/decision?source=host";

    private void Change(string policy)
    {
        File.WriteAllText(PolicyPath, policy);
        File.SetLastWriteTimeUtc(PolicyPath, DateTime.UtcNow.AddSeconds(++changes));
    }

    private async Task<string> DescriptionAsync(string call) =>
        (await EventsAsync(call))[1].GetProperty("record").GetProperty("outcome").Text("description");

    private async Task<JsonElement> QuestionAsync(string call)
    {
        JsonElement question = default;
        await Patience.UntilAsync(async () =>
        {
            var answer = await host.GetAnswerAsync(Decision(call));
            return answer.Status == 200 && answer.Json.TryGetProperty("question", out question);
        }, "the question waits");
        return question;
    }

    private async Task<IReadOnlyList<JsonElement>> EventsAsync(string call) =>
        [.. (await node.GetAsync($"/v1/sessions/s-1/calls/{call}/events?source=host")).Require(200).Json
            .GetProperty("items").EnumerateArray().Select(row => row.GetProperty("event"))];
}
