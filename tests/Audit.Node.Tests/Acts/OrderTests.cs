using System.Collections.Concurrent;
using System.Text.Json;
using Audit.Node.Tests.Support;

namespace Audit.Node.Tests.Acts;

/// <summary>What is decided for more calls than one: approvals for a session or a location, two persons, stops.</summary>
public sealed class OrderTests : IAsyncLifetime
{
    private const string Rules = """
        {"preset":"ask","trust":"claimed","rules":[
          {"name":"two","tool":"pay","then":"ask","people":2},
          {"name":"reads","kind":"read","then":"approve-once"},
          {"name":"guarded","tool":"make","input":{"target":"publish"},"then":"ask"},
          {"name":"builds","tool":"make","input":{"target":"test"},"then":"approve-for-session"},
          {"name":"copies","tool":"copy","input":{"target":"test"},"then":"approve-for-location"}]}
        """;

    private readonly TemporaryDirectory directory = new();
    private readonly SettableClock clock = new();
    private EngineInFront front = null!;
    private TestNode node = null!;
    private HttpClient host = null!;
    private HttpClient maria = null!;
    private HttpClient ada = null!;
    private int changes;

    public async Task InitializeAsync()
    {
        File.WriteAllText(directory.File("policy.json"), Rules);
        node = await TestNode.StartAsync(
            clock: clock, around: engine => front = new EngineInFront(engine),
            change: options => options with { Policy = directory.File("policy.json") });
        host = node.ClientWith(await node.TokenAsync("host", ["ingest"]));
        maria = await node.ClientAsync("maria", "approve");
        ada = await node.ClientAsync("ada", "approve");
    }

    public async Task DisposeAsync()
    {
        host.Dispose();
        maria.Dispose();
        ada.Dispose();
        await node.DisposeAsync();
        directory.Dispose();
    }

    [Fact]
    public async Task an_approval_for_the_session_covers_what_follows_and_nothing_else()
    {
        await ApproveAsync("c-1", "deploy", "approve-for-session");
        var covered = await AskAsync("c-2", "deploy");

        Assert.Equal(("approve-for-session", "maria"), (covered.Text("decision"), covered.Text("by")));
        var listed = Assert.Single((await node.GetAsync("/v1/approvals")).Require(200).Json.GetProperty("items").EnumerateArray());
        Assert.Equal((listed.Text("id"), "c-1"), (covered.Text("order"), listed.Text("tool_call_id")));
        Assert.Equal(listed.Text("id"), (await EventsAsync("c-2"))[2].GetProperty("policy").Text("order"));
        Assert.Equal("awaiting_confirmation", (await AskAsync("c-3", "erase")).Text("state"));
        Assert.Equal("awaiting_confirmation", (await AskAsync("c-4", "deploy", session: "s-2")).Text("state"));
        Assert.Equal("awaiting_confirmation", (await AskAsync("c-5", "deploy", agent: "a-2")).Text("state"));
        Assert.Equal("awaiting_confirmation", (await AskAsync("c-6", "deploy", kind: "shell")).Text("state"));
    }

    [Fact]
    public async Task an_approval_for_a_location_covers_that_place_alone()
    {
        await ApproveAsync("c-1", "deploy", "approve-for-location", location: "/srv/a");

        Assert.Equal("approve-for-location", (await AskAsync("c-2", "deploy", location: "/srv/a")).Text("decision"));
        Assert.Equal("awaiting_confirmation", (await AskAsync("c-3", "deploy", location: "/srv/b")).Text("state"));
        Assert.Equal("awaiting_confirmation", (await AskAsync("c-4", "deploy")).Text("state"));
    }

    [Fact]
    public async Task an_approval_ends_by_being_taken_back()
    {
        await ApproveAsync("c-1", "deploy", "approve-for-session");
        var id = (await node.GetAsync("/v1/approvals")).Json.GetProperty("items")[0].Text("id");

        Assert.Contains("reason", (await ada.PostAsync($"/v1/approvals/{id}/end", "{}")).Problem(422));
        (await ada.PostAsync($"/v1/approvals/{id}/end", """{"reason":"too wide"}""")).Require(200);

        Assert.Equal("awaiting_confirmation", (await AskAsync("c-2", "deploy")).Text("state"));
        (await ada.PostAsync($"/v1/approvals/{id}/end", """{"reason":"again"}""")).Problem(404);
    }

    [Fact]
    public async Task what_was_taken_back_after_midnight_is_so_for_a_node_that_has_not_come_to_it()
    {
        clock.Advance(clock.GetUtcNow().Date.AddDays(2).AddMinutes(-30) - clock.GetUtcNow().UtcDateTime);
        await ApproveAsync("c-1", "deploy", "approve-for-session");
        var id = (await node.GetAsync("/v1/approvals")).Json.GetProperty("items")[0].Text("id");
        clock.Advance(TimeSpan.FromHours(1));
        (await ada.PostAsync($"/v1/approvals/{id}/end", """{"reason":"too wide"}""")).Require(200);
        await node.StopAsync();
        clock.Advance(TimeSpan.FromHours(-1));
        await node.StartAgainAsync();

        using var again = node.ClientWith(await node.TokenAsync("host-2", ["ingest"], source: "host"));
        var asked = (await again.PostAsync("/v1/decide", Body("c-2", "deploy"))).Require(200).Json;
        Assert.Equal("awaiting_confirmation", asked.Text("state"));
    }

    [Fact]
    public async Task an_approval_ends_by_a_refusal_by_another_policy_and_after_eight_hours()
    {
        await ApproveAsync("c-1", "deploy", "approve-for-location", "/srv/a");
        Assert.Equal("awaiting_confirmation", (await AskAsync("c-2", "deploy", location: "/srv/b")).Text("state"));
        await DecideAsync(maria, "c-2", "reject");
        await ApproveAsync("c-3", "deploy", "approve-for-session", "/srv/a");

        clock.Advance(TimeSpan.FromHours(8) + TimeSpan.FromSeconds(1));
        Assert.Equal("awaiting_confirmation", (await AskAsync("c-4", "deploy")).Text("state"));
        await DecideAsync(maria, "c-4", "approve-for-session");
        Assert.Equal("approve-for-session", (await AskAsync("c-5", "deploy")).Text("decision"));

        File.WriteAllText(directory.File("policy.json"), """{"preset":"ask"}""");
        Assert.Equal("awaiting_confirmation", (await AskAsync("c-6", "deploy")).Text("state"));
    }

    [Fact]
    public async Task what_a_rule_approves_for_the_session_covers_what_would_be_asked()
    {
        Assert.Equal("awaiting_confirmation", (await AskAsync("c-1", "make", target: "install")).Text("state"));
        Assert.Equal("approve-for-session", (await AskAsync("c-2", "make", target: "test")).Text("decision"));

        var covered = await AskAsync("c-3", "make", target: "install");
        Assert.Equal(("approve-for-session", "policy"), (covered.Text("decision"), covered.Text("by")));
        Assert.Equal("awaiting_confirmation", (await AskAsync("c-4", "make", target: "publish")).Text("state"));
    }

    [Fact]
    public async Task what_a_person_approves_under_one_rule_covers_nothing_under_another()
    {
        Assert.Equal("awaiting_confirmation", (await AskAsync("c-1", "make", target: "publish")).Text("state"));
        await DecideAsync(maria, "c-1", "approve-for-session");

        Assert.Equal("approve-for-session", (await AskAsync("c-2", "make", target: "publish")).Text("decision"));
        Assert.Equal("awaiting_confirmation", (await AskAsync("c-3", "make", target: "install")).Text("state"));
    }

    [Fact]
    public async Task a_refusal_of_what_an_approval_let_run_ends_it()
    {
        await ApproveAsync("c-1", "deploy", "approve-for-session");
        Assert.Equal("approve-for-session", (await AskAsync("c-2", "deploy")).Text("decision"));
        await RefuseAsync("c-2");
        Assert.Equal("awaiting_confirmation", (await AskAsync("c-3", "deploy")).Text("state"));

        await DecideAsync(maria, "c-3", "approve-for-session");
        Assert.Equal("awaiting_confirmation", (await AskAsync("c-4", "deploy", kind: "shell")).Text("state"));
        await DecideAsync(ada, "c-4", "reject");
        Assert.Equal("awaiting_confirmation", (await AskAsync("c-5", "deploy")).Text("state"));
        Assert.Empty(await ApprovalsAsync());
    }

    [Fact]
    public async Task a_refusal_of_what_a_rule_let_run_ends_what_the_rule_gave_and_it_gives_it_no_more()
    {
        Assert.Equal("approve-for-session", (await AskAsync("c-1", "make", target: "test")).Text("decision"));
        Assert.Equal("approve-for-session", (await AskAsync("c-2", "make", target: "install")).Text("decision"));
        await RefuseAsync("c-1");

        Assert.Equal("awaiting_confirmation", (await AskAsync("c-3", "make", target: "install")).Text("state"));
        Assert.Equal("builds", (await AskAsync("c-4", "make", target: "test")).Text("rule"));
        Assert.Equal("awaiting_confirmation", (await AskAsync("c-5", "make", target: "install")).Text("state"));
        Assert.Empty(await ApprovalsAsync());
    }

    [Fact]
    public async Task an_approval_of_another_policy_is_not_listed_and_does_not_come_back_with_it()
    {
        await ApproveAsync("c-1", "deploy", "approve-for-session");
        Assert.Equal("awaiting_confirmation", (await AskAsync("c-2", "erase")).Text("state"));
        Change("""{"preset":"ask"}""");
        Assert.Empty(await ApprovalsAsync());
        Assert.Equal("awaiting_confirmation", (await AskAsync("c-3", "pay")).Text("state"));

        // What was asked under the first one is approved under the second.
        await DecideAsync(maria, "c-2", "approve-for-session");
        Change(Rules);

        Assert.Equal("awaiting_confirmation", (await AskAsync("c-4", "deploy")).Text("state"));
        Assert.Equal("awaiting_confirmation", (await AskAsync("c-5", "erase")).Text("state"));
        Assert.Empty(await ApprovalsAsync());
    }

    [Fact]
    public async Task an_approval_that_was_on_its_way_when_the_policy_changed_does_not_come_back_with_the_one_before()
    {
        Assert.Equal("approve-once", (await AskAsync("c-0", "cat", kind: "read")).Text("decision"));
        var (onItsWay, held) = (new TaskCompletionSource(), new TaskCompletionSource());
        front.Instead = async batch =>
        {
            if (batch.OfType<OperatorSubmission>().Any(act => act.Act == "approval.given"))
            {
                onItsWay.TrySetResult();
                await held.Task;
            }

            return null;
        };
        var asking = AskAsync("c-1", "make", target: "test");
        await onItsWay.Task;
        Change("""{"preset":"ask"}""");
        Assert.Equal("awaiting_confirmation", (await AskAsync("c-2", "erase")).Text("state"));
        held.SetResult();
        Assert.Equal("approve-for-session", (await asking).Text("decision"));
        front.Instead = null;
        Change(Rules);

        Assert.Equal("awaiting_confirmation", (await AskAsync("c-3", "make", target: "install")).Text("state"));
        Assert.Empty(await ApprovalsAsync());
    }

    [Fact]
    public async Task an_approval_and_a_refusal_are_of_the_agent_who_asked_whoever_was_named_first()
    {
        await AskAfterAnotherAsync();
        await DecideAsync(maria, "c-1", "approve-for-session");
        Assert.Equal("awaiting_confirmation", (await AskAsync("c-2", "deploy", agent: "a-1")).Text("state"));
        Assert.Equal("approve-for-session", (await AskAsync("c-3", "deploy", agent: "a-2")).Text("decision"));
        await RefuseAsync("c-1");

        Assert.Empty(await ApprovalsAsync());
        Assert.Equal("awaiting_confirmation", (await AskAsync("c-4", "deploy", agent: "a-2")).Text("state"));
    }

    /// <summary>A call that is first told of by one agent, and then asked for by another.</summary>
    private async Task AskAfterAnotherAsync()
    {
        (await host.PostAsync("/v1/records", Records.Item(
            "s-1", "c-1", """{"kind":"requested"}""", at: clock.GetUtcNow().ToString("O"), task: "t-1", agent: "a-1", tool: "deploy"))).Require(201);
        Assert.Equal("awaiting_confirmation", (await AskAsync("c-1", "deploy", agent: "a-2")).Text("state"));
    }

    [Fact]
    public async Task a_stop_of_the_agent_who_asked_holds_whoever_was_named_first()
    {
        await AskAfterAnotherAsync();
        await DecideAsync(maria, "c-1", "approve-once");
        (await maria.PostAsync("/v1/stops", """{"agent":"a-2","reason":"an incident"}""")).Require(201);

        Assert.Equal("blocked", (await host.GetAnswerAsync(Decision("c-1"))).Require(200).Json.Text("state"));
    }

    [Fact]
    public async Task no_more_than_a_hundred_approvals_of_a_tool_hold_at_a_time_and_they_end_together()
    {
        var answers = await Task.WhenAll(Enumerable.Range(0, 104).Select(
            number => AskAsync($"c-{number}", "copy", location: $"/srv/{number}", target: "test")));
        var alone = answers.Where(one => one.Text("decision") == "approve-once").ToList();

        Assert.Equal(100, (await ApprovalsAsync()).Count);
        Assert.Equal(4, alone.Count);
        Assert.All(alone, one => Assert.Equal(("copies", "approved"), (one.Text("rule"), one.Text("state"))));
        Assert.All(alone, one => Assert.Contains("100 approvals of the tool \"copy\"", one.Text("feedback")));

        // A person has as many places, and what was refused is not half written.
        Assert.Equal("awaiting_confirmation", (await AskAsync("c-104", "copy", location: "/srv/other")).Text("state"));
        var question = (await host.GetAnswerAsync(Decision("c-104"))).Require(200).Json.GetProperty("question");
        var refused = (await maria.PostAsync(
            Decision("c-104"), HttpAnswers.On(question, """{"decision":"approve-for-session"}"""))).Problem(409);
        Assert.Contains("approve-once is accepted", refused);
        Assert.Equal("awaiting_confirmation", (await host.GetAnswerAsync(Decision("c-104"))).Json.Text("state"));
        Assert.Equal("awaiting_confirmation", (await AskAsync("c-105", "deploy")).Text("state"));
        await DecideAsync(maria, "c-105", "approve-for-session");
        await DecideAsync(maria, "c-104", "approve-once");

        var ends = new ConcurrentQueue<int>();
        front.Sees = batch =>
        {
            if (batch.OfType<OperatorSubmission>().Count(act => act.Act == "approval.ended") is > 0 and var count)
            {
                ends.Enqueue(count);
            }
        };
        await RefuseAsync("c-104");
        Assert.Single(await ApprovalsAsync());
        Assert.Equal([100], ends);
    }

    [Fact]
    public async Task an_approval_survives_a_restart()
    {
        await ApproveAsync("c-1", "deploy", "approve-for-session");
        await node.RestartAsync();
        using var again = node.ClientWith(await node.TokenAsync("host-2", ["ingest"], source: "host"));

        var covered = (await again.PostAsync("/v1/decide", Body("c-2", "deploy"))).Require(200).Json;
        Assert.Equal("approve-for-session", covered.Text("decision"));
    }

    [Fact]
    public async Task two_persons_approve_where_the_rule_says_two()
    {
        var waiting = host.PostAsync("/v1/decide?wait=600", Body("c-1", "pay"));
        await DecideAsync(maria, "c-1", "approve-for-session");
        var half = (await host.GetAnswerAsync(Decision("c-1"))).Require(200).Json;

        Assert.Equal(("awaiting_confirmation", "maria"), (half.Text("state"), half.Text("approved_by")));
        var question = half.GetProperty("question");
        Assert.Contains("another one is awaited", (await maria.PostAsync(Decision("c-1"), HttpAnswers.On(question, """{"decision":"approve-once"}"""))).Problem(409));
        var model = (await node.GetAsync("/v1/sessions/s-1/calls/c-1?source=host")).Json;
        Assert.Equal(JsonValueKind.Null, model.GetProperty("decided_by").ValueKind);
        await DecideAsync(ada, "c-1", "approve-once");

        Assert.Equal(("approve-once", "ada"), ((await waiting).Require(200).Json.Text("decision"), (await waiting).Json.Text("by")));
        Assert.Equal("awaiting_confirmation", (await AskAsync("c-2", "pay")).Text("state"));
    }

    [Fact]
    public async Task one_of_two_persons_refuses_and_that_is_all()
    {
        (await host.PostAsync("/v1/decide", Body("c-1", "pay"))).Require(200);
        await DecideAsync(maria, "c-1", "approve-once");
        await DecideAsync(ada, "c-1", "reject");

        Assert.Equal("blocked", (await host.GetAnswerAsync(Decision("c-1"))).Json.Text("state"));
    }

    [Theory]
    [InlineData("""{"all":true,"reason":"an incident"}""")]
    [InlineData("""{"agent":"a-1","reason":"an incident"}""")]
    [InlineData("""{"session_id":"s-1","source":"host","reason":"an incident"}""")]
    [InlineData("""{"source":"host","reason":"an incident"}""")]
    public async Task a_stop_refuses_at_once_ends_what_waits_and_is_lifted_by_a_person(string stop)
    {
        Assert.Equal("approve-once", (await AskAsync("c-1", "cat", kind: "read")).Text("decision"));
        var waiting = host.PostAsync("/v1/decide?wait=600", Body("c-2", "deploy"));
        await Patience.UntilAsync(
            async () => (await host.GetAnswerAsync(Decision("c-2"))).Status == 200, "the question waits");

        var made = (await maria.PostAsync("/v1/stops", stop)).Require(201).Json;

        var refused = await AskAsync("c-3", "cat", kind: "read");
        Assert.Equal(("reject", made.Text("id")), (refused.Text("decision"), refused.Text("order")));
        Assert.Equal("stopped by maria: an incident", refused.Text("feedback"));
        Assert.Equal("reject", (await AskAsync("c-1", "cat", kind: "read")).Text("decision"));
        var ended = (await waiting).Require(200).Json;
        Assert.Equal(("invalidated", "stopped by maria: an incident"), (ended.Text("state"), ended.Text("feedback")));
        Assert.Equal("blocked", (await EventsAsync("c-1"))[^1].Text("kind"));
        Assert.Equal("violation", (await host.PostAsync("/v1/records", Records.Item(
            "s-1", "c-1", Records.Completed(), at: clock.GetUtcNow().AddSeconds(5).ToString("O"), task: "t-1", agent: "a-1", tool: "cat"))).Json.Text("status"));

        (await ada.PostAsync($"/v1/stops/{made.Text("id")}/lift", """{"reason":"over"}""")).Require(200);
        Assert.Equal("approve-once", (await AskAsync("c-4", "cat", kind: "read")).Text("decision"));
    }

    [Fact]
    public async Task a_stop_refuses_what_was_approved_also_for_who_only_looks_again()
    {
        await ApproveAsync("c-1", "deploy", "approve-once");
        Assert.Equal("awaiting_confirmation", (await AskAsync("c-2", "deploy")).Text("state"));
        var question = (await host.GetAnswerAsync(Decision("c-2"))).Require(200).Json.GetProperty("question");
        var stop = (await maria.PostAsync("/v1/stops", """{"agent":"a-1","reason":"an incident"}""")).Require(201).Json;

        (await ada.PostAsync(Decision("c-2"), HttpAnswers.On(question, """{"decision":"approve-once"}"""))).Problem(409);
        var answer = (await host.GetAnswerAsync(Decision("c-1"))).Require(200).Json;
        Assert.Equal(
            ("blocked", "reject", "maria", stop.Text("id")),
            (answer.Text("state"), answer.Text("decision"), answer.Text("by"), answer.Text("order")));
        Assert.Equal("blocked", (await EventsAsync("c-1"))[^1].Text("kind"));
        (await ada.PostAsync($"/v1/stops/{stop.Text("id")}/lift", """{"reason":"over"}""")).Require(200);
        Assert.Equal("reject", (await host.GetAnswerAsync(Decision("c-1"))).Require(200).Json.Text("decision"));
    }

    [Fact]
    public async Task a_secret_in_the_reason_of_a_stop_is_shown_to_nobody()
    {
        (await maria.PostAsync("/v1/stops", """{"all":true,"reason":"an incident with password=hunter2"}""")).Require(201);

        Assert.DoesNotContain("hunter2", (await AskAsync("c-1", "cat", kind: "read")).GetRawText());
        Assert.DoesNotContain("hunter2", (await node.GetAsync("/v1/stops")).Require(200).Text);
    }

    [Fact]
    public async Task a_stop_of_another_stops_nobody_here()
    {
        (await maria.PostAsync("/v1/stops", """{"agent":"a-9","reason":"that one"}""")).Require(201);
        (await maria.PostAsync("/v1/stops", """{"source":"other","session_id":"s-1","reason":"that one"}""")).Require(201);

        Assert.Equal("approve-once", (await AskAsync("c-1", "cat", kind: "read")).Text("decision"));
        Assert.Equal(2, (await node.GetAsync("/v1/stops")).Require(200).Json.GetProperty("items").GetArrayLength());
    }

    [Theory]
    [InlineData("""{"reason":"why"}""", "all")]
    [InlineData("""{"all":true,"agent":"a-1","reason":"why"}""", "all")]
    [InlineData("""{"all":true}""", "reason")]
    [InlineData("""{"everything":true,"reason":"why"}""", "everything")]
    public async Task a_stop_says_whom_and_why(string body, string place) =>
        Assert.Contains(place, (await maria.PostAsync("/v1/stops", body)).Problem(422));

    [PostgresFact]
    public async Task a_stop_on_one_node_holds_on_the_other_for_the_next_question()
    {
        await using var database = await PostgresServer.CreateDatabaseAsync();
        await using var first = await TestNode.StartAsync(
            "postgres:" + database.ConnectionString, change: options => options with { Policy = directory.File("policy.json") });
        await using var second = await first.StartBesideAsync();
        using var asking = second.ClientWith(await first.TokenAsync("host", ["ingest"]));
        using var person = await first.ClientAsync("maria", "approve");
        var waiting = asking.PostAsync("/v1/decide?wait=600", Body("c-1", "deploy"));
        await Patience.UntilAsync(
            async () => (await asking.GetAnswerAsync(Decision("c-1"))).Status == 200, "the question waits");

        (await person.PostAsync("/v1/stops", """{"all":true,"reason":"an incident"}""")).Require(201);

        Assert.Equal("reject", (await asking.PostAsync("/v1/decide", Body("c-2", "cat", "read"))).Require(200).Json.Text("decision"));
        Assert.Equal("invalidated", (await waiting).Require(200).Json.Text("state"));
    }

    private async Task ApproveAsync(string call, string tool, string decision, string? location = null)
    {
        Assert.Equal("awaiting_confirmation", (await AskAsync(call, tool, location: location)).Text("state"));
        await DecideAsync(maria, call, decision);
    }

    private void Change(string policy)
    {
        File.WriteAllText(directory.File("policy.json"), policy);
        File.SetLastWriteTimeUtc(directory.File("policy.json"), DateTime.UtcNow.AddSeconds(++changes));
    }

    private async Task<IReadOnlyList<string>> ApprovalsAsync() =>
        (await node.GetAsync("/v1/approvals")).Require(200).Ids("id");

    /// <summary>Ada refuses what the node approved.</summary>
    private async Task RefuseAsync(string call) => (await ada.PostAsync(
        Decision(call), HttpAnswers.On((await EventsAsync(call))[^1].GetProperty("answers"), """{"decision":"reject"}""")))
        .Require(201);

    private async Task DecideAsync(HttpClient person, string call, string decision)
    {
        JsonElement question = default;
        await Patience.UntilAsync(async () => (await host.GetAnswerAsync(Decision(call))) is { Status: 200 } shown
            && shown.Json.TryGetProperty("question", out question), "the question waits");
        (await person.PostAsync(Decision(call), HttpAnswers.On(question, $$"""{"decision":"{{decision}}"}"""))).Require(201);
    }

    private async Task<JsonElement> AskAsync(
        string call, string tool, string? kind = null, string session = "s-1", string agent = "a-1",
        string? location = null, string target = "all") =>
        (await host.PostAsync("/v1/decide", Body(call, tool, kind, session, agent, location, target))).Require(200).Json;

    private static string Body(
        string call, string tool, string? kind = null, string session = "s-1", string agent = "a-1",
        string? location = null, string target = "all") => JsonSerializer.Serialize(new
    {
        session_id = session, task_id = "t-1", agent, tool_call_id = call, tool_name = tool, turn = 1, location,
        effective_input = new { target }, permission = kind is null ? null : new { kind },
    });

    private static string Decision(string call) => $"/v1/sessions/s-1/calls/{call}/decision?source=host";

    private async Task<IReadOnlyList<JsonElement>> EventsAsync(string call) =>
        [.. (await node.GetAsync($"/v1/sessions/s-1/calls/{call}/events?source=host")).Require(200).Json
            .GetProperty("items").EnumerateArray().Select(row => row.GetProperty("event"))];
}
