using System.Text.Json;
using System.Text.RegularExpressions;
using Audit.Node.Tests.Pages;
using Audit.Node.Tests.Support;

namespace Audit.Node.Tests.Trust;

/// <summary>Nobody lengthens his own window, ends another's, or moves calls into one without a mark.</summary>
public sealed class WindowTrustTests : IAsyncLifetime
{
    private readonly SettableClock clock = new();
    private TestNode node = null!;
    private string askerToken = "";
    private string mariaToken = "";
    private HttpClient asker = null!;
    private HttpClient maria = null!;

    public async Task InitializeAsync()
    {
        node = await TestNode.StartAsync(clock: clock);
        askerToken = await node.TokenAsync("asker", ["ingest"], person: "alan");
        mariaToken = await node.TokenAsync("maria", ["approve"]);
        SignInAgain();
    }

    /// <summary>After a restart the node has another address.</summary>
    private void SignInAgain() => (asker, maria) = (node.ClientWith(askerToken), node.ClientWith(mariaToken));

    public async Task DisposeAsync()
    {
        asker.Dispose();
        maria.Dispose();
        await node.DisposeAsync();
    }

    [Trait("Point", "12")]
    [Fact]
    public async Task nobody_extends_the_window_that_was_asked_for_himself()
    {
        using var eve = node.ClientWith(await node.TokenAsync("eve", ["ingest", "approve"]));
        using var phone = node.ClientWith(await node.TokenAsync("eve-phone", ["approve"], person: "eve"));
        var id = await OpenAsync(eve, "60s");
        var later = clock.GetUtcNow().AddHours(40).ToString("yyyy-MM-ddTHH:mm:ssZ");

        foreach (var own in new[] { eve, phone })
        {
            var refused = (await own.PostAsync($"/v1/windows/{id}/extend", $$"""{"closes_at":"{{later}}"}""")).Require(409).Json;
            Assert.StartsWith("who requested a window", refused.Text("reason"));
        }

        (await maria.PostAsync($"/v1/windows/{id}/extend", $$"""{"closes_at":"{{later}}"}""")).Require(201);
    }

    [Trait("Point", "12")]
    [Fact]
    public async Task no_other_host_closes_a_window()
    {
        using var mallory = await node.ClientAsync("mallory", "ingest");
        var id = await OpenAsync(asker, "60s");

        Assert.Equal(
            "only who requested a window, an approver or an administrator closes it",
            (await mallory.PostAsync($"/v1/windows/{id}/close", "")).Require(409).Json.Text("reason"));
        Assert.Equal("open", (await WindowAsync(id)).Text("state"));
        (await asker.PostAsync($"/v1/windows/{id}/close", "")).Require(201);
    }

    [Fact]
    public async Task a_call_of_another_source_is_not_in_a_window_that_does_not_name_it()
    {
        var own = await OpenAsync(asker, "10m");
        Assert.Equal(["asker"], (await WindowAsync(own)).Texts("sources"));
        using var mallory = await node.ClientAsync("mallory", "ingest");
        await RecordAsync("own", clock.GetUtcNow());
        (await mallory.PostAsync("/v1/records", Item("foreign", clock.GetUtcNow(), Records.Completed()))).Require(201);

        Assert.Equal("in_window", (await CallAsync("own", "asker")).Text("judgement"));
        Assert.Equal("outside_window", (await CallAsync("foreign", "mallory")).Text("judgement"));

        // An approver whose token reports as nobody says for whom.
        const string Grant = "\"task_id\":\"t\",\"agent\":\"a\",\"scope\":[\"*\"],\"reason\":\"to look\",\"duration\":\"10m\",\"grant\":true}";
        Assert.StartsWith("sources: missing", (await maria.PostAsync("/v1/windows", "{" + Grant)).Problem(400));
        (await maria.PostAsync("/v1/windows", "{\"sources\":[\"mal*\"]," + Grant)).Require(201);
        (await mallory.PostAsync("/v1/records", Item("named", clock.GetUtcNow(), Records.Completed()))).Require(201);
        Assert.Equal("in_window", (await CallAsync("named", "mallory")).Text("judgement"));
    }

    [Fact]
    public async Task another_token_of_the_source_that_asked_closes_its_window()
    {
        using var exporter = node.ClientWith(await node.TokenAsync("exporter", ["ingest"], source: "asker", person: "none"));
        var id = await OpenAsync(asker, "10m");

        (await exporter.PostAsync($"/v1/windows/{id}/close", "")).Require(201);
    }

    [Trait("Point", "12")]
    [Fact]
    public async Task what_a_window_covers_that_was_granted_backwards_says_so_everywhere()
    {
        await RecordAsync("before", clock.GetUtcNow());
        clock.Advance(TimeSpan.FromMinutes(10));
        var opens = clock.GetUtcNow().AddHours(-1).ToString("O");
        var id = await OpenAsync(asker, "2h", $"\"opens_at\":\"{opens}\",");
        await RecordAsync("after", clock.GetUtcNow());

        var window = await WindowAsync(id);
        Assert.True(window.GetProperty("granted_after").GetBoolean());
        Assert.Equal(1, window.GetProperty("marked").GetProperty("granted_after").GetInt32());
        var done = window.GetProperty("done").GetProperty("items").EnumerateArray().ToDictionary(one => one.Text("tool_call_id"));
        Assert.Equal(["granted_after"], done["before"].Texts("at_marks"));
        Assert.Empty(done["after"].Texts("at_marks"));
        var call = await CallAsync("before");
        Assert.Equal("in_window", call.Text("judgement"));
        Assert.Equal(["granted_after"], call.Texts("window_marks"));
        Assert.Equal(["granted_after"], call.GetProperty("transitions")[0].Texts("window_marks"));
        Assert.Equal(1, (await node.GetAsync("/v1/tasks/t")).Json.GetProperty("judged").GetProperty("granted_after").GetInt32());
        Assert.Equal(["before"], (await node.GetAsync("/v1/search?q=is:granted-after")).Require(200).Ids("tool_call_id"));
        using var browser = await PageBrowser.SignedInAsync(node, await node.TokenAsync("reader", ["read"]));
        Assert.Contains("in window (granted after)", (await browser.GetAsync("/call?source=asker&session=s&call=before")).Require(200).Text);
        Assert.Contains("in window (granted after)", (await browser.GetAsync($"/window?id={id}")).Require(200).Text);
    }

    [Trait("Point", "12")]
    [Fact]
    public async Task a_call_that_is_dated_back_into_a_window_is_not_in_it_until_another_person_accepts_it()
    {
        var id = await OpenAsync(asker, "10m");
        await RecordAsync("in", clock.GetUtcNow());
        clock.Advance(TimeSpan.FromMinutes(12));
        var dated = clock.GetUtcNow().AddMinutes(-4);
        await RecordAsync("back", dated);

        var call = await CallAsync("back");
        Assert.Equal("window_unproven", call.Text("judgement"));
        var message = call.GetProperty("transitions")[0];
        Assert.Equal(id, message.Text("window_id"));
        Assert.InRange(message.GetProperty("late_by_ms").GetInt64(), 100_000, 300_000);
        Assert.Equal((1, 1, 0), await JudgedAsync("/v1/tasks/t"));
        Assert.Equal((1, 1, 0), await JudgedAsync("/v1/sessions/s"));
        Assert.Equal(
            ["back"], (await node.GetAsync("/v1/task/calls?task=t&judgement=window_unproven")).Require(200).Ids("tool_call_id"));
        Assert.Equal(["back"], (await node.GetAsync("/v1/search?q=is:window-unproven")).Require(200).Ids("tool_call_id"));
        var late = Assert.Single((await WindowAsync(id)).GetProperty("window_unproven").EnumerateArray());
        Assert.Equal(("s", 1), (late.Text("session_id"), late.GetProperty("messages").GetInt32()));

        var accept = $$"""
            {"source":"asker","session":"s","from":"{{dated.AddMinutes(-1):O}}","until":"{{dated.AddMinutes(1):O}}","through":{{late.GetProperty("through").GetInt64()}},"reason":"the line was cut"}
            """;
        using var alan = node.ClientWith(await node.TokenAsync("alan-phone", ["approve"], person: "alan"));
        Assert.StartsWith("who requested", (await alan.PostAsync($"/v1/windows/{id}/accept", accept)).Require(409).Json.Text("reason"));
        (await asker.PostAsync($"/v1/windows/{id}/accept", accept)).Problem(403);
        Assert.Equal("window_unproven", (await CallAsync("back")).Text("judgement"));

        // What comes after the acceptance was seen by nobody.
        (await maria.PostAsync($"/v1/windows/{id}/accept", accept)).Require(201);
        await RecordAsync("again", dated);
        var accepted = await CallAsync("back");
        Assert.Equal("in_window", accepted.Text("judgement"));
        Assert.Equal(["accepted"], accepted.Texts("window_marks"));
        Assert.Equal("window_unproven", (await CallAsync("again")).Text("judgement"));
        Assert.Equal((2, 1, 1), await JudgedAsync("/v1/tasks/t"));
        Assert.Equal(["back"], (await node.GetAsync("/v1/search?q=is:accepted-late")).Require(200).Ids("tool_call_id"));
        Assert.Equal("window.accepted", (await WindowAsync(id)).GetProperty("history").EnumerateArray().Last().Text("event"));
    }

    [Fact]
    public async Task the_source_of_what_came_late_does_not_accept_it_for_another_who_asked()
    {
        using var eve = node.ClientWith(await node.TokenAsync("eve", ["approve"], person: "alan"));
        using var minted = await MintedAsync("alan");
        using var other = node.ClientWith(await node.TokenAsync("other", ["ingest"]));
        var id = await OpenAsync(other, "10m", "\"sources\":[\"asker\"],");
        clock.Advance(TimeSpan.FromMinutes(12));
        await RecordAsync("back", clock.GetUtcNow().AddMinutes(-4));
        var accept = $$"""
            {"source":"asker","session":"s","from":"{{clock.GetUtcNow().AddMinutes(-5):O}}","until":"{{clock.GetUtcNow():O}}","reason":"mine"}
            """;

        (await eve.PostAsync($"/v1/windows/{id}/accept", accept)).Require(409);
        (await minted.PostAsync($"/v1/windows/{id}/accept", accept)).Require(409);
        Assert.Equal("window_unproven", (await CallAsync("back")).Text("judgement"));
    }

    [Fact]
    public async Task what_the_node_decided_in_time_is_in_the_window_though_it_is_reported_later()
    {
        var id = await OpenAsync(asker, "10m");
        await RecordAsync("asked", clock.GetUtcNow(), Records.Asked());
        (await maria.DecideAsync("/v1/sessions/s/calls/asked/decision", """{"decision":"approve-once"}""")).Require(201);
        await RecordAsync("unasked", clock.GetUtcNow(), Records.Asked());
        var dated = clock.GetUtcNow();
        clock.Advance(TimeSpan.FromMinutes(12));
        await RecordAsync("asked", dated.AddSeconds(1), Records.Completed());
        await RecordAsync("unasked", dated.AddSeconds(1), Records.Completed());

        var call = await CallAsync("asked");
        Assert.Equal("in_window", call.Text("judgement"));
        Assert.Equal(["decided_in_time"], call.Texts("window_marks"));
        Assert.Equal("window_unproven", (await CallAsync("unasked")).Text("judgement"));
        Assert.Equal(1, (await WindowAsync(id)).GetProperty("marked").GetProperty("decided_in_time").GetInt32());
    }

    [Fact]
    public async Task what_is_reported_of_a_call_that_the_node_refused_in_time_is_in_the_window()
    {
        await OpenAsync(asker, "10m");
        await RecordAsync("refused", clock.GetUtcNow(), Records.Asked());
        (await maria.DecideAsync("/v1/sessions/s/calls/refused/decision", """{"decision":"reject","feedback":"no"}""")).Require(201);
        var dated = clock.GetUtcNow();
        clock.Advance(TimeSpan.FromMinutes(12));
        await RecordAsync("refused", dated.AddSeconds(1), Records.Completed(success: false));
        (await asker.PostAsync("/v1/records", Item("refused", dated.AddSeconds(2), Records.Completed()))).Require(409);

        // What contradicts the refusal is no part of what was decided.
        var messages = (await CallAsync("refused")).GetProperty("transitions").EnumerateArray().ToList();
        Assert.Equal(
            ["in_window", "in_window", "in_window", "window_unproven"], messages.Select(message => message.Text("judgement")));
        Assert.Equal(["decided_in_time"], messages[2].Texts("window_marks"));
    }

    [Fact]
    public async Task beside_what_came_late_stands_whether_a_node_was_there_and_what_it_decided()
    {
        var id = await OpenAsync(asker, "10m");
        var opened = clock.GetUtcNow();
        await RecordAsync("decided", opened, Records.Asked());
        clock.Advance(TimeSpan.FromMinutes(3));
        await node.StopAsync();
        clock.Advance(TimeSpan.FromMinutes(9));
        await node.StartAgainAsync();
        SignInAgain();
        await RecordAsync("before", opened.AddMinutes(2));
        await RecordAsync("meanwhile", opened.AddMinutes(4));
        await RecordAsync("meanwhile", opened.AddMinutes(5), """{"kind":"persistence_failed","result":null,"error":"disk"}""");
        (await maria.DecideAsync("/v1/sessions/s/calls/decided/decision", """{"decision":"approve-once"}""")).Require(201);
        await RecordAsync("decided", opened.AddMinutes(6), Records.Completed());

        var window = await WindowAsync(id);
        var late = Assert.Single(window.GetProperty("window_unproven").EnumerateArray());
        var pause = Assert.Single(late.GetProperty("node_pauses").EnumerateArray());
        Assert.True(pause.GetProperty("stopped").GetBoolean());
        Assert.InRange(DateTimeOffset.Parse(pause.Text("from")), opened.AddMinutes(3), opened.AddMinutes(4));
        Assert.True(DateTimeOffset.Parse(pause.Text("until")) >= opened.AddMinutes(12));
        var calls = late.GetProperty("calls").EnumerateArray().ToDictionary(call => call.Text("tool_call_id"));
        Assert.Equal(
            ("partly", "throughout", "throughout"),
            (calls["before"].Text("node_away"), calls["meanwhile"].Text("node_away"), calls["decided"].Text("node_away")));
        Assert.False(calls["before"].TryGetProperty("decided_at", out _));
        Assert.True(DateTimeOffset.Parse(calls["decided"].Text("decided_at")) >= opened.AddMinutes(12));
        Assert.Equal(["before", "meanwhile", "decided"], late.GetProperty("calls").EnumerateArray().Select(call => call.Text("tool_call_id")));

        var past = (await node.GetAsync($"/v1/windows/{id}?at={window.GetProperty("last_position")}")).Require(200).Json;
        Assert.Equal(0, past.GetProperty("window_unproven").GetArrayLength());
        var now = (await node.GetAsync($"/v1/windows/{id}?at=2100-01-01T00:00:00Z")).Require(200).Json;
        Assert.Equal(
            late.GetProperty("calls").ToString(), Assert.Single(now.GetProperty("window_unproven").EnumerateArray()).GetProperty("calls").ToString());

        // Another window, in which a node ran all the time; and a reader who sees a part is not shown the book's silences.
        var other = await OpenAsync(asker, "10m");
        clock.Advance(TimeSpan.FromMinutes(12));
        await RecordAsync("never", clock.GetUtcNow().AddMinutes(-4));
        var plain = Assert.Single((await WindowAsync(other)).GetProperty("window_unproven").EnumerateArray());
        Assert.Equal(0, plain.GetProperty("node_pauses").GetArrayLength());
        Assert.Equal("never", Assert.Single(plain.GetProperty("calls").EnumerateArray()).Text("node_away"));
        using var bound = node.ClientWith(await node.TokenAsync("bound", ["read"], agent: "a"));
        var seen = Assert.Single((await bound.GetAnswerAsync($"/v1/windows/{id}")).Require(200).Json
            .GetProperty("window_unproven").EnumerateArray());
        Assert.Equal(0, seen.GetProperty("node_pauses").GetArrayLength());
        Assert.All(seen.GetProperty("calls").EnumerateArray(), call => Assert.False(call.TryGetProperty("node_away", out _)));

        using var browser = await PageBrowser.SignedInAsync(node, await node.TokenAsync("reader", ["read"]));
        var page = (await browser.GetAsync($"/window?id={id}")).Require(200).Text;
        Assert.Contains("A node was stopped", page);
        Assert.Contains("all the time", page);
        Assert.Contains("part of the time", page);
    }

    [Fact]
    public async Task the_page_of_a_window_shows_what_came_late_and_takes_the_acceptance()
    {
        var id = await OpenAsync(asker, "10m");
        clock.Advance(TimeSpan.FromMinutes(12));
        await RecordAsync("back", clock.GetUtcNow().AddMinutes(-4));

        using var browser = await PageBrowser.SignedInAsync(node, await node.TokenAsync("nora", ["read", "approve"]));
        var page = await browser.GetAsync($"/window?id={id}");
        Assert.Contains("Reported late", page.Require(200).Text);
        Assert.Contains("window unproven (reported late by", page.Text);
        var fields = new[] { "window", "source", "session", "from", "until", "through" }
            .Select(name => (name, Regex.Match(page.Text, $"name=\"{name}\" value=\"([^\"]*)\"").Groups[1].Value));
        (await browser.SubmitAsync($"/window?id={id}", "/window/accept", [.. fields, ("reason", "the line was cut")])).Require(303);

        Assert.Equal(["accepted"], (await CallAsync("back")).Texts("window_marks"));
        Assert.Contains("in window (accepted", (await browser.GetAsync($"/window?id={id}")).Require(200).Text);
        Assert.Contains("No call window unproven", (await browser.GetAsync("/task?id=t&judgement=window_unproven")).Require(200).Text);
    }

    private async Task<HttpClient> MintedAsync(string maker)
    {
        using var admin = node.ClientWith(await node.TokenAsync($"{maker}-admin", ["admin"], person: maker));
        var made = (await admin.PostAsync("/v1/tokens", """{"name":"minted","roles":["approve"]}""")).Require(201).Json;
        return node.ClientWith(made.Text("token"));
    }

    /// <summary>An open window of the task t for the agent a.</summary>
    private async Task<string> OpenAsync(HttpClient by, string duration, string more = "")
    {
        var body = $$$"""{{{{more}}}"task_id":"t","agent":"a","scope":["*"],"reason":"to look","duration":"{{{duration}}}"}""";
        var id = (await by.PostAsync("/v1/windows", body)).Require(201).Json.Text("window_id");
        (await maria.PostAsync($"/v1/windows/{id}/approve", "")).Require(201);
        return id;
    }

    private async Task RecordAsync(string call, DateTimeOffset at, string? outcome = null) =>
        (await asker.PostAsync("/v1/records", Item(call, at, outcome ?? Records.Completed()))).Require(201);

    private static string Item(string call, DateTimeOffset at, string outcome) =>
        Records.Item("s", call, outcome, at.UtcDateTime.ToString("O"), task: "t", agent: "a");

    private async Task<JsonElement> CallAsync(string call, string source = "asker") =>
        (await node.GetAsync($"/v1/sessions/s/calls/{call}?source={source}")).Require(200).Json;

    private async Task<JsonElement> WindowAsync(string id) => (await node.GetAsync($"/v1/windows/{id}")).Require(200).Json;

    private async Task<(int In, int Unproven, int Accepted)> JudgedAsync(string path)
    {
        var judged = (await node.GetAsync(path)).Require(200).Json.GetProperty("judged");
        return (judged.GetProperty("in_window").GetInt32(), judged.GetProperty("window_unproven").GetInt32(), judged.GetProperty("accepted").GetInt32());
    }
}
