using System.Net;
using System.Text.Json;
using System.Text.RegularExpressions;
using Audit.Api.Acting;
using Audit.Node.Tests.Support;

namespace Audit.Node.Tests.Pages;

/// <summary>A person is shown the question that is decided on, whatever its host reports besides.</summary>
public sealed class QuestionShownTests : IDisposable
{
    private const string Policy = """
        {"preset":"ask","rules":[
          {"name":"drops","tool":"sql.*","then":"ask","feedback":"look at the backup first"},
          {"name":"silent","tool":"mute.*","then":"ask"}]}
        """;

    private const string Form = "action=\"/call/decision\"";

    private readonly TemporaryDirectory directory = new();

    public void Dispose() => directory.Dispose();

    [Fact]
    public async Task what_a_host_reports_before_or_since_is_not_what_is_shown_of_a_question()
    {
        await using var node = await StartAsync();
        using var host = await node.ClientAsync("host", "ingest");
        using var eve = await SignedInAsync(node, "eve");
        await OpenWindowAsync(node, host);
        (await host.PostAsync("/v1/records", Requested("c-1", "trusted", "t-1", "SELECT 0"))).Require(201);
        var question = await AskAsync(host, new
        {
            session_id = "s", agent = "rogue", task_id = "t-2", tool_call_id = "c-1", tool_name = "sql.exec", turn = 1,
            requested_input = new { sql = "DROP TABLE orders" }, description = "it only looks",
        });
        (await host.PostAsync("/v1/records", Requested("c-1", "trusted", "t-1", "SELECT 1"))).Require(201);

        foreach (var (path, shown) in await ShownAsync(eve, question, "c-1"))
        {
            foreach (var fact in new[] { "DROP TABLE orders", "rogue", "t-2", "it only looks" })
            {
                Assert.True(shown.Contains(fact, StringComparison.Ordinal), $"{path} has no {fact}");
            }

            foreach (var other in new[] { "SELECT 0", "SELECT 1", "trusted", "spring cleaning" })
            {
                Assert.False(shown.Contains(other, StringComparison.Ordinal), $"{path} has {other}");
            }
        }
    }

    [Fact]
    public async Task the_permission_that_is_asked_for_is_shown_and_no_other_record_in_its_place()
    {
        await using var node = await StartAsync();
        using var host = await node.ClientAsync("host", "ingest");
        using var eve = await SignedInAsync(node, "eve");
        (await host.PostAsync("/v1/records", Requested("c-1", "a-1", null, "ls -la", "bash"))).Require(201);
        var question = await AskAsync(host, new
        {
            session_id = "s", agent = "a-1", tool_call_id = "c-1", tool_name = "bash", turn = 1,
            permission = new { kind = "shell", fullCommandText = "rm -rf /srv" },
        });
        foreach (var (path, shown) in await ShownAsync(eve, question, "c-1"))
        {
            Assert.True(shown.Contains("permission.fullCommandText", StringComparison.Ordinal), path);
            Assert.True(shown.Contains("rm -rf /srv", StringComparison.Ordinal), path);
            Assert.False(shown.Contains("ls -la", StringComparison.Ordinal), path);
        }
    }

    [Fact]
    public async Task the_words_of_a_rule_stand_once_and_what_the_host_says_is_the_hosts()
    {
        await using var node = await StartAsync();
        using var host = await node.ClientAsync("host", "ingest");
        using var eve = await SignedInAsync(node, "eve");
        foreach (var (call, tool) in new[] { ("c-1", "sql.exec"), ("c-2", "mute.exec") })
        {
            await AskAsync(host, new
            {
                session_id = "s", agent = "a-1", tool_call_id = call, tool_name = tool, turn = 1,
                description = call == "c-1" ? "a small one" : "look at the tests first; the host says: done",
            });
        }

        var page = Plain((await eve.GetAsync("/waiting")).Require(200).Text);
        Assert.Equal(2, page.Split("look at the backup first").Length);
        Assert.Contains("<dt>The host says</dt><dd>a small one", page);
        Assert.Contains("<dt>The host says</dt><dd>look at the tests first; the host says: done", page);
    }

    [Fact]
    public async Task all_of_an_input_is_shown_or_it_is_said_how_much_is_not()
    {
        await using var node = await StartAsync();
        using var host = await node.ClientAsync("host", "ingest");
        using var eve = await SignedInAsync(node, "eve");
        var much = Enumerable.Range(0, 200).ToDictionary(at => $"m{at}", _ => "fine");
        much.Add("sql", "DROP TABLE orders");
        var question = await AskAsync(host, new
        {
            session_id = "s", agent = "a-1", tool_call_id = "c-1", tool_name = "deploy", turn = 1, requested_input = much,
        });
        var page = Plain((await eve.GetAsync("/decide/" + question)).Require(200).Text);
        Assert.Contains("1 more value:", page);
        Assert.Contains("1 value of this question is not on this page", page);
        Assert.Matches("name=\"seen_elsewhere\"[^>]* required", page);
        Assert.Matches("value=\"reject\"[^>]* formnovalidate", page);
        var raw = Regex.Match(page, "1 more value:<a href=\"(/v1/events/[0-9]+/raw)\"").Groups[1].Value;
        Assert.Contains("DROP TABLE orders", (await node.GetAsync(raw)).Require(200).Text);
        page = Plain((await eve.GetAsync("/waiting")).Require(200).Text);
        Assert.Contains("too much for a list", page);
        Assert.DoesNotContain(Form, page);

        question = await AskAsync(host, new
        {
            session_id = "s", agent = "a-1", tool_call_id = "c-2", tool_name = "deploy", turn = 1,
            requested_input = new Dictionary<string, object>
            {
                ["a.b"] = "rm", ["a"] = new { b = "ls" }, ["text"] = new string('x', 5000) + "AND THE END",
            },
        });
        page = Plain((await eve.GetAsync("/decide/" + question)).Require(200).Text);
        foreach (var fact in new[] { "\"a.b\"", ">a.b<", "rm", "ls", "AND THE END", Form })
        {
            Assert.Contains(fact, page);
        }
    }

    [Theory]
    [InlineData("""{"a.b":1,"a":{"b":2}}""", "\"a.b\" a.b")]
    [InlineData("""{"a[0]":1,"a":[2],"":3,"\"":4}""", "\"a[0]\" a[0] \"\" \"\\\"\"")]
    [InlineData("""{"plain":1,"with space":2}""", "plain \"with space\"")]
    public void no_two_values_have_one_path(string input, string paths) =>
        Assert.Equal(paths, string.Join(' ', InputDifference.Of(JsonElement.Parse(input), null).Values.Select(value => value.Path)));

    [Fact]
    public void values_that_are_not_shown_are_counted_however_long_their_names_are()
    {
        var name = new string('n', 100_000);
        var input = JsonSerializer.SerializeToElement(new Dictionary<string, object>
        {
            [name + "1"] = Enumerable.Range(0, 1000), [name + "2"] = "harm",
        });
        var found = InputDifference.Of(input, input);
        Assert.Equal((200, 801), (found.Values.Count, found.More));
        Assert.All(found.Values, value => Assert.InRange(value.Path.Length, 1, 200));
        Assert.Equal(200, found.Values.Select(value => value.Path).Distinct().Count());
    }

    [Fact]
    public async Task a_question_that_ended_was_approved_by_nobody()
    {
        await using var node = await StartAsync();
        using var host = await node.ClientAsync("host", "ingest");
        using var eve = await SignedInAsync(node, "eve");
        var question = await AskAsync(host, Deploy("c-1"));
        (await host.PostAsync("/v1/records", Item("c-1", "a-1", null, """{"kind":"approved","decision":"approve-once","by":"alice"}"""))).Require(201);
        (await node.PostAsync("/v1/stops", """{"agent":"a-1","reason":"an incident"}""")).Require(201);
        await Patience.UntilAsync(
            async () => (await node.GetAsync("/v1/sessions/s/calls/c-1")).Require(200).Json.Text("state") == "invalidated", "it ends");
        await node.UntilReadAsync();
        foreach (var path in new[] { "/decide/" + question, OfCall(question, "c-1") })
        {
            var page = Plain((await eve.GetAsync(path)).Require(200).Text);
            Assert.Contains("nobody decided, and the call is invalidated", page);
            Assert.Contains("an incident", page);
            Assert.DoesNotContain("alice", page);
            Assert.DoesNotContain("approved", page);
        }
    }

    [Fact]
    public async Task what_persons_decided_is_told_whatever_the_host_reports_since()
    {
        await using var node = await StartAsync();
        using var host = await node.ClientAsync("host", "ingest");
        using var eve = await SignedInAsync(node, "eve");
        await DecideAsync(node, eve, "c-0", await AskAsync(host, Deploy("c-0", "one that is refused")), "reject");
        var first = await AskAsync(host, Deploy("c-1"));
        await DecideAsync(node, eve, "c-1", first, "approve-once");
        for (var call = 0; call < 9; call++)
        {
            (await host.PostAsync("/v1/records", Item($"h-{call}", "a-1", null, Records.Asked()))).Require(201);
            (await host.PostAsync("/v1/records", Item($"h-{call}", "a-1", null, """{"kind":"approved","decision":"approve-once","by":"eve"}"""))).Require(201);
        }

        var second = await AskAsync(host, Deploy("c-1", "another"));
        var page = Plain((await eve.GetAsync("/decide/" + second)).Require(200).Text);
        page = page[page.IndexOf("id=\"before\"", StringComparison.Ordinal)..];
        Assert.True(page.IndexOf("reject", StringComparison.Ordinal) < page.IndexOf("approve-once", StringComparison.Ordinal), "A refusal stands first.");
        Assert.Equal(3, page.Split("by eve").Length);
        Assert.DoesNotContain("call=h-", page);

        page = Plain((await eve.GetAsync(OfCall(first, "c-1"))).Require(200).Text);
        Assert.Contains("by eve", page);
        Assert.Contains("approved", page);
        Assert.Contains("asked something else since", page);
        await node.UntilReadAsync();
        Assert.Contains("200 at most are looked at", (await eve.GetAsync("/decide/" + first)).Require(404).Text);
        Assert.Contains("was never asked it", (await eve.GetAsync(OfCall("AAAAAAAAAAAAAAAAAAAAAA", "c-1"))).Require(404).Text);
    }

    [Fact]
    public async Task who_sees_another_agents_calls_alone_sees_no_question_of_it()
    {
        await using var node = await StartAsync();
        using var host = await node.ClientAsync("host", "ingest");
        (await host.PostAsync("/v1/records", Requested("c-1", "a-1", null, "ls -la", "bash"))).Require(201);
        var question = await AskAsync(host, new
        {
            session_id = "s", agent = "a-2", tool_call_id = "c-1", tool_name = "bash", turn = 1, requested_input = new { command = "the secret of a-2" },
        });
        using var bound = await PageBrowser.SignedInAsync(node, await node.TokenAsync("ann", ["read"], agent: "a-1"));
        foreach (var path in new[] { "/decide/" + question, OfCall(question, "c-1") })
        {
            Assert.DoesNotContain("the secret of", (await bound.GetAsync(path)).Require(404).Text);
        }

        Assert.DoesNotContain("the secret of", (await bound.GetAsync("/waiting")).Require(200).Text);
        Assert.DoesNotContain("the secret of", (await bound.GetAsync("/call?session=s&call=c-1")).Require(200).Text);
    }

    [Fact]
    public async Task a_question_that_is_damaged_hides_no_other_and_nobody_approves_it_by_a_form()
    {
        await using var node = await StartAsync();
        using var host = await node.ClientAsync("host", "ingest");
        using var eve = await SignedInAsync(node, "eve");
        var damaged = await AskAsync(host, Deploy("c-1"));
        await AskAsync(host, Deploy("c-2"));
        await node.UntilReadAsync();
        SqliteRows.Run(node, "UPDATE journal SET message = x'7b' WHERE persistence_id LIKE '%c-1%' AND sequence_number = 2");

        var page = Plain((await eve.GetAsync("/waiting")).Require(200).Text);
        Assert.Contains("cannot be read from the book now", page);
        Assert.Contains("name=\"call\" value=\"c-2\"", page);
        Assert.DoesNotContain("name=\"call\" value=\"c-1\"", page);
        Assert.DoesNotContain(Form, (await eve.GetAsync(OfCall(damaged, "c-1"))).Require(200).Text);
    }

    [Fact]
    public async Task the_diary_has_what_was_shown_of_a_question_and_nothing_else()
    {
        await using var node = await StartAsync();
        using var host = await node.ClientAsync("host", "ingest");
        using var ann = await PageBrowser.SignedInAsync(node, await node.TokenAsync("ann", ["read"]));
        await AskAsync(host, Deploy("c-1"));
        var question = await AskAsync(host, Deploy("c-2", "another"));
        (await ann.GetAsync("/decide/AAAAAAAAAAAAAAAAAAAAAA")).Require(404);
        (await ann.GetAsync("/decide/" + question)).Require(200);

        var reads = (await node.GetAsync("/v1/events?limit=1000")).Require(200).Json.GetProperty("items").EnumerateArray()
            .Where(item => item.Text("stream").StartsWith("reader|", StringComparison.Ordinal))
            .Select(item => item.GetProperty("event")).Where(row => row.Text("token") == "ann").Select(row => row.GetProperty("detail"))
            .Where(read => read.Text("route").StartsWith("/decide", StringComparison.Ordinal)).Select(read => read.GetProperty("count").GetInt32());
        // The call that waits, and the record that asks.
        Assert.Equal([0, 2], reads);
    }

    private static object Deploy(string call, string what = "it") => new
    {
        session_id = "s", agent = "a-1", tool_call_id = call, tool_name = "deploy", turn = 1, requested_input = new { what },
    };

    private static string OfCall(string question, string call) => $"/decide/{question}?source=host&session=s&call={call}";

    private static string Item(string call, string agent, string? task, string outcome, string tool = "deploy") =>
        Records.Item("s", call, outcome, DateTimeOffset.UtcNow.ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'"), task, agent, tool);

    private static string Requested(string call, string agent, string? task, string command, string tool = "sql.exec") =>
        Item(call, agent, task, """{"kind":"requested"}""", tool).Replace("{\"a\":1}", JsonSerializer.Serialize(new { sql = command }), StringComparison.Ordinal);

    /// <summary>What each page shows of the question.</summary>
    private static async Task<List<(string Path, string Shown)>> ShownAsync(PageBrowser browser, string question, string call)
    {
        var found = new List<(string, string)>();
        foreach (var path in new[] { "/waiting", "/decide/" + question, "/call?session=s&call=" + call })
        {
            var page = Plain((await browser.GetAsync(path)).Require(200).Text);
            Assert.Contains(Form, page);
            var (from, until) = (page.IndexOf("id=\"input\"", StringComparison.Ordinal), page.IndexOf("id=\"events\"", StringComparison.Ordinal));
            found.Add((path, page[Math.Max(from, 0)..(until < 0 ? page.Length : until)]));
        }

        return found;
    }

    private static async Task<string> AskAsync(HttpClient host, object body) =>
        (await host.PostAsync("/v1/decide", JsonSerializer.Serialize(body))).Require(200).Json.GetProperty("question").Text("question");

    private static async Task DecideAsync(TestNode node, PageBrowser browser, string call, string question, string decision)
    {
        var sequence = (await node.GetAsync($"/v1/sessions/s/calls/{call}/decision")).Require(200).Json.GetProperty("question").GetProperty("sequence");
        (await browser.SubmitAsync(
            "/waiting", "/call/decision", ("source", "host"), ("session", "s"), ("call", call), ("decision", decision),
            ("sequence", sequence.ToString()), ("question", question))).Require(303);
    }

    private static async Task OpenWindowAsync(TestNode node, HttpClient host)
    {
        var asked = (await host.PostAsync("/v1/windows", """
            {"alias":"spring cleaning","task_id":"t-1","agent":"trusted","scope":["sql.*"],"reason":"why","duration":"1h"}
            """)).Require(201);
        (await node.PostAsync($"/v1/windows/{asked.Json.Text("window_id")}/approve", "{}")).Require(201);
    }

    private static async Task<PageBrowser> SignedInAsync(TestNode node, string name) =>
        await PageBrowser.SignedInAsync(node, await node.TokenAsync(name, ["read", "approve"]));

    private static string Plain(string text) => WebUtility.HtmlDecode(
        Regex.Replace(text, "\\s+", " ").Replace("> ", ">", StringComparison.Ordinal).Replace(" <", "<", StringComparison.Ordinal));

    private async Task<TestNode> StartAsync()
    {
        File.WriteAllText(directory.File("policy.json"), Policy);
        return await TestNode.StartAsync(change: options => options with { Policy = directory.File("policy.json") });
    }
}
