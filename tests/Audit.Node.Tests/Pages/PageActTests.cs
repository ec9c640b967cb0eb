using System.Text.Json;
using Audit.Node.Tests.Support;

namespace Audit.Node.Tests.Pages;

/// <summary>What is done by forms is done as by the API.</summary>
public sealed class PageActTests
{
    [Fact]
    public async Task a_decision_by_a_form_is_the_signed_in_persons()
    {
        await using var node = await TestNode.StartAsync();
        await node.RecordAsync(Records.Item("s", "c", Records.Asked()));
        using var browser = await PageBrowser.SignedInAsync(node, await node.TokenAsync("eve", ["read", "approve"]));
        var asked = (await node.GetAsync("/v1/sessions/s/calls/c")).Json.GetProperty("question");
        var answer = await browser.SubmitAsync(
            "/waiting", "/call/decision", ("source", "admin"), ("session", "s"), ("call", "c"), ("decision", "approve-once"), ("feedback", "fine"),
            ("sequence", asked.GetProperty("sequence").ToString()), ("question", asked.Text("question")), ("return", "/waiting"));
        Assert.StartsWith("/waiting?recorded=", answer.Require(303).Headers["Location"]);
        var call = (await node.GetAsync("/v1/sessions/s/calls/c")).Json;
        Assert.Equal("approved", call.Text("state"));
        Assert.Equal("eve", call.Text("decided_by"));
        Assert.Contains("No call waits", (await browser.GetAsync("/waiting")).Text);
    }

    [Fact]
    public async Task who_is_stopped_by_a_form_is_refused_until_a_form_lifts_it()
    {
        using var directory = new TemporaryDirectory();
        File.WriteAllText(directory.File("policy.json"), """{"preset":"approve-all"}""");
        await using var node = await TestNode.StartAsync(change: options => options with { Policy = directory.File("policy.json") });
        using var host = await node.ClientAsync("host", "ingest");
        using var browser = await PageBrowser.SignedInAsync(node, await node.TokenAsync("eve", ["read", "approve"]));
        Assert.Contains("Nobody is stopped.", (await browser.GetAsync("/waiting")).Text);
        Assert.Contains("either an agent", (await browser.SubmitAsync("/waiting", "/stop", ("reason", "an incident"))).Require(422).Text);
        Assert.Contains("reason", (await browser.SubmitAsync("/waiting", "/stop", ("all", "true"))).Require(422).Text);

        (await browser.SubmitAsync("/waiting", "/stop", ("session", "s"), ("reason", "an incident"))).Require(303);

        Assert.Equal("reject", (await AskAsync(host, "c-1")).Text("decision"));
        Assert.Contains("an incident", (await browser.GetAsync("/waiting")).Text);
        var id = (await node.GetAsync("/v1/stops")).Json.GetProperty("items")[0].Text("id");
        Assert.Contains("reason", (await browser.SubmitAsync("/waiting", "/stop/lift", ("id", id))).Require(422).Text);
        (await browser.SubmitAsync("/waiting", "/stop/lift", ("id", id), ("reason", "it is over"))).Require(303);
        Assert.Equal("approve-once", (await AskAsync(host, "c-2")).Text("decision"));
        (await browser.SubmitAsync("/waiting", "/stop/lift", ("id", id), ("reason", "again"))).Require(404);

        using var reader = await PageBrowser.SignedInAsync(node, await node.TokenAsync("ann", ["read"]));
        Assert.DoesNotContain("action=\"/stop", (await reader.GetAsync("/waiting")).Require(200).Text);
        (await reader.SubmitAsync("/waiting", "/stop", ("all", "true"), ("reason", "no"))).Require(403);
    }

    [Fact]
    public async Task what_is_approved_for_the_session_by_a_form_is_listed_and_taken_back_by_one()
    {
        using var directory = new TemporaryDirectory();
        File.WriteAllText(directory.File("policy.json"), """{"preset":"ask"}""");
        await using var node = await TestNode.StartAsync(change: options => options with { Policy = directory.File("policy.json") });
        using var host = await node.ClientAsync("host", "ingest");
        using var browser = await PageBrowser.SignedInAsync(node, await node.TokenAsync("eve", ["read", "approve"]));
        var question = (await AskAsync(host, "c-1")).GetProperty("question");
        Assert.Contains("value=\"approve-for-session\"", (await browser.GetAsync("/waiting")).Text);

        (await browser.SubmitAsync(
            "/waiting", "/call/decision", ("source", "host"), ("session", "s"), ("call", "c-1"), ("decision", "approve-for-session"),
            ("sequence", question.GetProperty("sequence").ToString()), ("question", question.Text("question")))).Require(303);

        Assert.Equal("approve-for-session", (await AskAsync(host, "c-2")).Text("decision"));
        var id = (await node.GetAsync("/v1/approvals")).Json.GetProperty("items")[0].Text("id");
        Assert.Contains(id, (await browser.GetAsync("/waiting")).Text);
        (await browser.SubmitAsync("/waiting", "/approval/end", ("id", id), ("reason", "too wide"))).Require(303);
        Assert.Equal("awaiting_confirmation", (await AskAsync(host, "c-3")).Text("state"));

        using var bound = await PageBrowser.SignedInAsync(node, await node.TokenAsync("ann", ["read", "approve"], agent: "a-1"));
        Assert.DoesNotContain("Nobody is stopped", (await bound.GetAsync("/waiting")).Require(200).Text);
    }

    [Fact]
    public async Task a_window_is_asked_for_by_one_and_approved_by_another()
    {
        await using var node = await TestNode.StartAsync();
        using var host = await PageBrowser.SignedInAsync(node, await node.TokenAsync("ci-7", ["read", "ingest"]));
        var asked = await host.SubmitAsync(
            "/windows", "/windows", ("task", "t"), ("agent", "a"), ("scope", "sql.*, bash"), ("reason", "why"), ("duration", "1h"));
        var window = asked.Require(303).Headers["Location"].Split('&')[0];
        var id = window["/window?id=".Length..];
        (await host.SubmitAsync(window, "/window/approve", ("window", id))).Require(403);

        using var approver = await PageBrowser.SignedInAsync(node, await node.TokenAsync("eve", ["read", "approve"]));
        (await approver.SubmitAsync(window, "/window/approve", ("window", id))).Require(303);
        Assert.Contains("open", (await approver.GetAsync(window)).Text);
        var until = DateTime.UtcNow.AddHours(2).ToString("yyyy-MM-ddTHH:mm");
        (await approver.SubmitAsync(window, "/window/extend", ("window", id), ("closes_at", until))).Require(303);
        Assert.Contains("reason", (await approver.SubmitAsync(window, "/window/revoke", ("window", id))).Require(422).Text);
        (await approver.SubmitAsync(window, "/window/revoke", ("window", id), ("reason", "enough"))).Require(303);
        Assert.Contains("Written down as a violation", (await approver.SubmitAsync(window, "/window/approve", ("window", id), ("reason", "once more"))).Require(409).Text, StringComparison.OrdinalIgnoreCase);

        var shown = (await node.GetAsync("/v1/windows/" + id)).Json;
        Assert.Equal(["sql.*", "bash"], shown.Texts("scope"));
        Assert.Equal("revoked", shown.Text("state"));
        Assert.Equal("eve", shown.Text("approved_by"));
    }

    [Fact]
    public async Task a_window_that_is_approved_for_less_twice_is_approved_once_and_closes_as_the_page_says()
    {
        await using var node = await TestNode.StartAsync();
        using var host = await node.ClientAsync("ci-7", "ingest");
        var from = DateTimeOffset.UtcNow.AddMinutes(-30);
        var asked = (await host.PostAsync("/v1/windows", $$"""
            {"task_id":"t","agent":"a","scope":["*"],"reason":"why","duration":"1h","opens_at":"{{from:yyyy-MM-dd'T'HH:mm:ss'Z'}}"}
            """)).Require(201);
        var window = asked.Json.Text("window_id");
        using var approver = await PageBrowser.SignedInAsync(node, await node.TokenAsync("eve", ["read", "approve"]));
        var page = Links.Window(window!);
        Assert.Contains($"title=\"{from.AddHours(1):yyyy-MM-dd'T'HH:mm:ss'Z'}\"", (await approver.GetAsync(page)).Require(200).Text);

        // Over by now, or more than was asked for: a slip of the pen is no violation.
        Assert.Contains("it would have closed", await SubmitAsync("20m", 422));
        Assert.Contains("as was asked for", await SubmitAsync("61m", 422));
        Assert.Contains("is expected", await SubmitAsync("soon", 400));
        Assert.Equal("requested", (await WindowAsync()).Text("state"));

        await SubmitAsync("45m", 303);
        await SubmitAsync("45m", 303);
        var shown = await WindowAsync();
        Assert.Equal("open", shown.Text("state"));
        Assert.Equal($"{from.AddMinutes(45):yyyy-MM-dd'T'HH:mm:ss'Z'}", shown.Text("closes_at"));
        Assert.Equal(0, shown.GetProperty("violations").GetInt32());

        async Task<string> SubmitAsync(string length, int status) =>
            (await approver.SubmitAsync(page, "/window/approve", ("window", window!), ("for", length))).Require(status).Text;

        async Task<System.Text.Json.JsonElement> WindowAsync() => (await node.GetAsync("/v1/windows/" + window)).Require(200).Json;
    }

    [Fact]
    public async Task whoever_may_not_let_a_window_be_longer_finds_no_button_for_it()
    {
        await using var node = await TestNode.StartAsync(change: options => options with { MaxWindow = TimeSpan.FromHours(3) });
        using var host = await node.ClientAsync("ci-7", "ingest");
        using var approver = await PageBrowser.SignedInAsync(node, await node.TokenAsync("eve", ["read", "approve"]));
        foreach (var (length, isLongest) in new[] { ("3h", true), ("2h", false) })
        {
            var asked = (await host.PostAsync("/v1/windows", $$"""
                {"task_id":"t","agent":"a","scope":["*"],"reason":"why","duration":"{{length}}"}
                """)).Require(201);
            var page = Links.Window(asked.Json.Text("window_id")!);
            (await approver.SubmitAsync(page, "/window/approve", ("window", asked.Json.Text("window_id")!))).Require(303);
            var text = (await approver.GetAsync(page)).Require(200).Text;
            Assert.Equal(isLongest, text.Contains("Not by you: a window is at most 3 h long"));
        }
    }

    [Fact]
    public async Task a_bound_approver_decides_for_its_own_only()
    {
        await using var node = await TestNode.StartAsync();
        await node.RecordAsync(Records.Item("s", "c", Records.Asked(), task: "t", agent: "other"));
        using var bound = await PageBrowser.SignedInAsync(node, await node.TokenAsync("eve", ["read", "approve"], agent: "mine"));
        var answer = await bound.SubmitAsync("/waiting", "/call/decision", ("source", "admin"), ("session", "s"), ("call", "c"), ("decision", "approve-once"),
            ("sequence", "1"), ("question", "AAAAAAAAAAAAAAAAAAAAAA"));
        Assert.Contains("There is no call", answer.Require(404).Text);
        var asked = await bound.SubmitAsync(
            "/windows", "/windows", ("task", "t"), ("agent", "other"), ("scope", "*"), ("sources", "*"), ("reason", "why"), ("duration", "1h"), ("grant", "true"));
        Assert.Contains("is bound to the agent", asked.Require(403).Text);
    }

    [Fact]
    public async Task an_administrator_makes_a_token_and_revokes_it()
    {
        await using var node = await TestNode.StartAsync();
        using var browser = await PageBrowser.SignedInAsync(node, node.AdminToken);
        var made = await browser.SubmitAsync("/tokens", "/tokens", ("name", "new <one>"), ("roles", "read"), ("roles", "approve"), ("agents", "a"));
        var token = System.Text.RegularExpressions.Regex.Match(made.Require(200).Text, "aat_[A-Za-z0-9_-]{43}").Value;
        using var client = node.ClientWith(token);
        (await client.AnswerAsync(HttpMethod.Get, "/v1/sessions")).Require(200);
        Assert.DoesNotContain(token, (await browser.GetAsync("/tokens")).Text);
        (await browser.SubmitAsync("/tokens", "/tokens/revoke", ("name", "new <one>"))).Require(303);
        (await client.AnswerAsync(HttpMethod.Get, "/v1/sessions")).Require(401);
        Assert.Contains("accepted are", (await browser.SubmitAsync("/tokens", "/tokens", ("name", "x"))).Require(422).Text);
    }

    [Fact]
    public async Task a_verification_is_run_once_and_written_down()
    {
        await using var node = await TestNode.StartAsync();
        await node.RecordAsync(Records.Item("s", "c", Records.Completed()));
        using var browser = await PageBrowser.SignedInAsync(node, await node.TokenAsync("ann", ["read"]));
        (await browser.SubmitAsync("/integrity", "/integrity/verify")).Require(303);
        await Patience.UntilAsync(async () => (await browser.GetAsync("/integrity")).Text.Contains("Intact."), "it ended well");
        await Patience.UntilAsync(async () => (await node.GetAsync("/v1/events?limit=1000")).Text.Contains("log.verified"), "it is written down");
    }

    private static async Task<JsonElement> AskAsync(HttpClient host, string call) => (await host.PostAsync(
        "/v1/decide", $$"""{"session_id":"s","tool_call_id":"{{call}}","tool_name":"deploy","turn":1,"permission":{"kind":"mcp"} }""")).Require(200).Json;
}
