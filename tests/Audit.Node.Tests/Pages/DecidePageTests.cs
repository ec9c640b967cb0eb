using System.Text.Json;
using Audit.Node.Tests.Support;

namespace Audit.Node.Tests.Pages;

/// <summary>What a person sees of a question before deciding on it, on its own page and where all wait.</summary>
public sealed class DecidePageTests : IDisposable
{
    private const string Policy = """
        {"preset":"ask","rules":[
          {"name":"schema","tool":"sql.exec","then":"ask","people":2,"approvers":["e*","d*"],"feedback":"look at the backup first"}]}
        """;

    private readonly TemporaryDirectory directory = new();

    public void Dispose() => directory.Dispose();

    [Fact]
    public async Task what_names_a_location_is_approved_for_it_by_a_form()
    {
        await using var node = await StartAsync();
        using var host = await node.ClientAsync("host", "ingest");
        using var browser = await SignedInAsync(node, "eve");
        var question = await AskAsync(host, "c-1", more: "\"location\":\"/srv/orders\",");
        var page = (await browser.GetAsync("/waiting")).Require(200).Text;
        Assert.Contains("value=\"approve-for-location\"", page);
        Assert.Contains("/srv/orders", page);

        (await DecideAsync(browser, "/waiting", "c-1", question, "approve-for-location")).Require(303);

        Assert.Equal("approve-for-location", (await AnswerAsync(host, "c-2", more: "\"location\":\"/srv/orders\",")).Text("decision"));
        Assert.Equal("awaiting_confirmation", (await AnswerAsync(host, "c-3", more: "\"location\":\"/srv\",")).Text("state"));
        Assert.Contains("for a location", (await browser.GetAsync("/waiting")).Text);

        using var other = await node.ClientAsync("other", "ingest");
        var nowhere = (await AskAsync(other, "c-4")).Text("question");
        Assert.DoesNotContain("approve-for-location", (await browser.GetAsync("/decide/" + nowhere)).Require(200).Text);
    }

    [Fact]
    public async Task where_two_persons_approve_the_page_says_so_and_who_did_first()
    {
        await using var node = await StartAsync();
        using var host = await node.ClientAsync("host", "ingest");
        using var eve = await SignedInAsync(node, "eve");
        using var dana = await SignedInAsync(node, "dana");
        var question = await AskAsync(host, "c-1", "sql.exec");
        var page = (await eve.GetAsync("/waiting")).Text;
        Assert.Contains("nobody yet, of 2 persons", page);
        Assert.Contains("Two persons approve this.", page);
        Assert.Contains("e* or d*", page);
        Assert.DoesNotContain("approve-for-session", page);

        (await DecideAsync(eve, "/waiting", "c-1", question, "approve-once")).Require(303);

        foreach (var path in new[] { "/waiting", "/call?session=s&call=c-1", "/decide/" + question.Text("question") })
        {
            page = (await dana.GetAsync(path)).Require(200).Text;
            Assert.Contains("<b>eve</b>, the first of 2 persons", page);
            Assert.Contains("eve did: it takes another one.", OneLine(page));
        }

        (await DecideAsync(dana, "/waiting", "c-1", question, "approve-once")).Require(303);
        Assert.Equal("approved", (await node.GetAsync("/v1/sessions/s/calls/c-1")).Json.Text("state"));
    }

    [Fact]
    public async Task the_address_of_a_question_shows_what_it_is_decided_by_and_then_what_became_of_it()
    {
        await using var node = await StartAsync();
        using var host = await node.ClientAsync("host", "ingest");
        using var eve = await SignedInAsync(node, "eve");
        await OpenWindowAsync(node, host);
        await DecideAsync(eve, "/waiting", "c-0", await AskAsync(host, "c-0", "sql.exec", Inputs("DROP TABLE a", "DROP TABLE a")), "reject");
        var question = await AskAsync(host, "c-1", "sql.exec", Inputs("ALTER TABLE a", "ALTER TABLE b"));
        var address = "/decide/" + question.Text("question");
        var page = OneLine((await eve.GetAsync(address)).Require(200).Text);
        foreach (var fact in new[] { "ALTER TABLE a", "ALTER TABLE b", "≠ changed", "not what was asked for", "t-1", "spring cleaning", "a-1", "look at the backup first", "the rule “schema”", "DROP TABLE a", "by eve" })
        {
            Assert.Contains(fact, page);
        }

        Assert.Contains("/decide/" + question.Text("question"), (await eve.GetAsync("/waiting")).Text);
        var waiting = (await node.GetAsync("/v1/waiting")).Json.GetProperty("items")[0].GetProperty("question");
        Assert.Equal(question.Text("question"), waiting.Text("question"));

        var answer = await DecideAsync(
            eve, address, "c-1", question, "reject", ("return", address + "?source=host&session=s&call=c-1"));
        foreach (var path in new[] { address, answer.Require(303).Headers["Location"] })
        {
            page = OneLine((await eve.GetAsync(path)).Require(200).Text);
            Assert.Contains("Nothing waits under this question any more", page);
            Assert.Contains("by eve", page);
            Assert.DoesNotContain("action=\"/call/decision\"", page);
        }

        foreach (var none in new[] { "AAAAAAAAAAAAAAAAAAAAAA", "x", "%3Cscript%3E" })
        {
            Assert.Contains("Nothing waits under", (await eve.GetAsync("/decide/" + none)).Require(404).Text);
        }
    }

    [Fact]
    public async Task a_question_that_several_calls_ask_leads_to_each_of_them()
    {
        await using var node = await StartAsync();
        using var host = await node.ClientAsync("host", "ingest");
        using var eve = await SignedInAsync(node, "eve");
        var question = await AskAsync(host, "c-1");
        Assert.Equal(question.Text("question"), (await AskAsync(host, "c-2")).Text("question"));
        var page = (await eve.GetAsync("/decide/" + question.Text("question"))).Require(300).Text;
        foreach (var call in new[] { "c-1", "c-2" })
        {
            var address = $"/decide/{question.Text("question")}?source=host&session=s&call={call}";
            Assert.Contains(address.Replace("&", "&amp;"), page);
            Assert.Contains($"from host: session s, agent a-1, call {call}", page);
            Assert.Contains($"name=\"call\" value=\"{call}\"", (await eve.GetAsync(address)).Require(200).Text);
        }
    }

    [Fact]
    public async Task the_question_of_another_is_answered_as_one_that_never_was()
    {
        await using var node = await StartAsync();
        using var host = await node.ClientAsync("host", "ingest");
        var question = (await AskAsync(host, "c-1")).Text("question")!;
        const string Never = "AAAAAAAAAAAAAAAAAAAAAA";
        using var own = await PageBrowser.SignedInAsync(node, await node.TokenAsync("ann", ["read"], agent: "a-1"));
        Assert.Contains("c-1", (await own.GetAsync("/decide/" + question)).Require(200).Text);
        using var other = await PageBrowser.SignedInAsync(node, await node.TokenAsync("bob", ["read"], agent: "a-2"));
        foreach (var more in new[] { "", "?source=host&session=s&call=c-1" })
        {
            var answer = (await other.GetAsync($"/decide/{question}{more}")).Require(404).Text;
            var none = (await other.GetAsync($"/decide/{Never}{more}")).Require(404).Text;
            Assert.Equal(WithoutSecret(none).Replace(Never, ""), WithoutSecret(answer).Replace(question, ""));
        }
    }

    [Fact]
    public async Task a_policy_that_is_broken_is_told_on_the_pages_to_who_sees_all()
    {
        await using var node = await StartAsync();
        using var eve = await SignedInAsync(node, "eve");
        using var bound = await PageBrowser.SignedInAsync(node, await node.TokenAsync("ann", ["read"], agent: "a-1"));
        string[] pages = ["/overview", "/waiting", "/policy"];
        foreach (var page in pages)
        {
            Assert.DoesNotContain("cannot be used", (await eve.GetAsync(page)).Require(200).Text);
        }

        File.WriteAllText(directory.File("policy.json"), "{");
        foreach (var page in pages)
        {
            var text = OneLine((await eve.GetAsync(page)).Require(200).Text);
            Assert.Contains("cannot be used", text);
            Assert.Contains("The last policy that could be read decides on", text);
            Assert.DoesNotContain("cannot be used", (await bound.GetAsync(page)).Text);
        }

        File.WriteAllText(directory.File("policy.json"), Policy);
        Assert.DoesNotContain("cannot be used", (await eve.GetAsync("/waiting")).Text);
    }

    private static string Inputs(string requested, string effective) =>
        $$"""
        "task_id":"t-1","requested_input":{"sql":"{{requested}}"},"effective_input":{"sql":"{{effective}}"},
        """;

    private static async Task<JsonElement> AnswerAsync(HttpClient host, string call, string tool = "deploy", string more = "") =>
        (await host.PostAsync("/v1/decide", $$"""
            {"session_id":"s","agent":"a-1","tool_call_id":"{{call}}","tool_name":"{{tool}}",{{more}}"turn":1,"permission":{"kind":"mcp"} }
            """)).Require(200).Json;

    private static async Task<JsonElement> AskAsync(HttpClient host, string call, string tool = "deploy", string more = "") =>
        (await AnswerAsync(host, call, tool, more)).GetProperty("question");

    private static Task<Answer> DecideAsync(
        PageBrowser browser, string page, string call, JsonElement question, string decision, params (string, string)[] more) =>
        browser.SubmitAsync(page, "/call/decision",
        [
            ("source", "host"), ("session", "s"), ("call", call), ("decision", decision),
            ("sequence", question.GetProperty("sequence").ToString()), ("question", question.Text("question")!), .. more,
        ]);

    private static async Task OpenWindowAsync(TestNode node, HttpClient host)
    {
        var asked = (await host.PostAsync("/v1/windows", """
            {"alias":"spring cleaning","task_id":"t-1","agent":"a-1","scope":["sql.*"],"reason":"why","duration":"1h"}
            """)).Require(201);
        (await node.PostAsync($"/v1/windows/{asked.Json.Text("window_id")}/approve", "{}")).Require(201);
    }

    private static async Task<PageBrowser> SignedInAsync(TestNode node, string name) =>
        await PageBrowser.SignedInAsync(node, await node.TokenAsync(name, ["read", "approve"]));

    private static string OneLine(string text) =>
        System.Net.WebUtility.HtmlDecode(System.Text.RegularExpressions.Regex.Replace(text, "\\s+", " "));

    private static string WithoutSecret(string text) =>
        System.Text.RegularExpressions.Regex.Replace(text, "name=\"form_secret\" value=\"[^\"]+\"", "");

    private async Task<TestNode> StartAsync()
    {
        File.WriteAllText(directory.File("policy.json"), Policy);
        return await TestNode.StartAsync(change: options => options with { Policy = directory.File("policy.json") });
    }
}
