using System.Text.Json;
using Audit.Node.Tests.Support;
using Audit.Pages.Shared;
using Audit.Projections.Language;

namespace Audit.Node.Tests.Pages;

/// <summary>What pages show, above all of what strangers wrote.</summary>
public sealed class PageContentTests
{
    private const int MostBytes = 150_000;

    [Fact]
    public async Task hostile_content_is_shown_as_text_and_breaks_no_page()
    {
        const string Hostile = "<script>alert(1)</script><img src=x onerror=alert(2)>\u001b[31mred\u001b[0m \u202egnp.exe\u2066 \u0000 </pre></title>";
        await using var node = await TestNode.StartAsync();
        var session = "s<script>\u202e";
        var outcome = JsonSerializer.Serialize(new
        {
            kind = "completed", result = new { success = true, output = Hostile + new string('x', 1 << 20), data = new { html = Hostile }, duration_ms = 5 },
        });
        var asked = Records.Asked(Hostile);
        await node.RecordAsync(Item(session, "c&\"<b>", asked, Hostile));
        await node.RecordAsync(Item(session, "c&\"<b>", outcome, Hostile));
        using var browser = await PageBrowser.SignedInAsync(node, node.AdminToken);
        foreach (var page in new[]
        {
            "/overview", "/waiting", "/sessions", "/live", "/tasks", "/session?id=" + Uri.EscapeDataString(session),
            $"/call?session={Uri.EscapeDataString(session)}&call={Uri.EscapeDataString("c&\"<b>")}", "/task?id=" + Uri.EscapeDataString("<i>task"),
        })
        {
            var html = (await browser.GetAsync(page)).Require(200);
            Assert.DoesNotContain("<script>", html.Text);
            Assert.DoesNotContain("<img", html.Text);
            Assert.DoesNotContain("<i>", html.Text);
            Assert.DoesNotContain('\u001b', html.Text);
            Assert.DoesNotContain("&#x1B;", html.Text);
            Assert.DoesNotContain('\u202e', html.Text);
            Assert.DoesNotMatch(">[^<]*&#x202E;", html.Text);
            Assert.True(html.Bytes.Length < MostBytes, $"{page} has {html.Bytes.Length} bytes");
            Assert.Equal(1, html.Text.Split("</html>").Length - 1);
        }

        var call = (await browser.GetAsync($"/call?session={Uri.EscapeDataString(session)}&call={Uri.EscapeDataString("c&\"<b>")}")).Text;
        Assert.Contains("&#x241B;", call);
        Assert.Contains("[U&#x2B;202E]", call);
        Assert.Contains("/raw\">all ", call);
    }

    [Fact]
    public async Task pages_of_much_stay_small_and_go_on()
    {
        await using var node = await TestNode.StartAsync();
        await node.LinesAsync(Records.Lines(Enumerable.Range(0, 400).Select(call => Records.Item(
            call < 200 ? "much" : $"session-{call}", $"call-{call}-{new string('y', 60)}", Records.Asked(new string('d', 500)), $"2025-01-02T03:{call / 60:00}:{call % 60:00}Z",
            task: "task", agent: "agent", tool: new string('t', 100)))));
        using var browser = await PageBrowser.SignedInAsync(node, node.AdminToken);
        foreach (var page in new[] { "/overview", "/waiting", "/sessions", "/session?id=much", "/calls?state=awaiting_confirmation", "/strayed", "/live", "/task?id=task&judgement=outside_window" })
        {
            var html = (await browser.GetAsync(page)).Require(200);
            Assert.True(html.Bytes.Length < MostBytes, $"{page} has {html.Bytes.Length} bytes");
        }

        var seen = new HashSet<string>();
        for (string? path = "/calls?state=awaiting_confirmation"; path is not null;)
        {
            var html = (await browser.GetAsync(path)).Require(200).Text;
            foreach (System.Text.RegularExpressions.Match call in System.Text.RegularExpressions.Regex.Matches(html, "call=call-(\\d+)-"))
            {
                seen.Add(call.Groups[1].Value);
            }

            var next = System.Text.RegularExpressions.Regex.Match(html, "rel=\"next\" href=\"([^\"]+)\"");
            path = next.Success ? System.Net.WebUtility.HtmlDecode(next.Groups[1].Value) : null;
        }

        Assert.Equal(400, seen.Count);
    }

    [Fact]
    public async Task calls_stand_below_the_call_in_whose_course_they_were_made()
    {
        await using var node = await TestNode.StartAsync();
        var calls = new (string Call, string? Parent)[]
        {
            ("read", "agent"), ("agent", null), ("deeper", "read"), ("round", "around"), ("around", "round"), ("orphan", "nobody"),
        };
        await node.LinesAsync(Records.Lines(calls.Select((one, at) => Records.Item(
            "tree", one.Call, Records.Completed(), $"2025-01-02T03:04:0{at}Z", parent: one.Parent))));
        using var browser = await PageBrowser.SignedInAsync(node, node.AdminToken);

        var session = (await browser.GetAsync("/session?id=tree")).Require(200).Text;
        var table = session[session.IndexOf("<tbody>", StringComparison.Ordinal)..];
        Assert.Equal(
            ["agent", "read", "deeper", "orphan", "round", "around"],
            System.Text.RegularExpressions.Regex.Matches(table, "class=\"id\" href=\"/call\\?[^\"]*call=([a-z]+)\">\\s*([a-z]+)\\s*</a>\\s*(?:<span class=\"unseen\">|</td>|<span class=\"hint\">)")
                .Select(match => match.Groups[1].Value).Where(call => call != "nobody"));
        Assert.Contains("class=\"branch-2\"", table);
        Assert.Contains("call=nobody", table);
        var parent = (await browser.GetAsync("/call?session=tree&call=agent")).Require(200).Text;
        Assert.Contains("Calls in its course", parent);
        Assert.Contains("call=read", parent);
        Assert.DoesNotContain("call=deeper", parent);
        Assert.Contains("call=agent", (await browser.GetAsync("/call?session=tree&call=read")).Require(200).Text);
    }

    [Fact]
    public async Task a_session_is_shown_as_it_was_and_zoomed()
    {
        await using var node = await TestNode.StartAsync();
        var asked = (await node.RecordAsync(Records.Item("s", "first", Records.Asked(), "2025-01-02T03:00:00Z"))).Json.GetProperty("position").GetInt64();
        await node.RecordAsync(Records.Item("s", "first", Records.Completed(), "2025-01-02T03:00:10Z"));
        await node.RecordAsync(Records.Item("s", "second", Records.Completed(), "2025-01-02T04:00:00Z"));
        using var browser = await PageBrowser.SignedInAsync(node, node.AdminToken);

        var now = (await browser.GetAsync("/session?id=s")).Require(200).Text;
        Assert.Contains("call=second", now);
        var then = (await browser.GetAsync($"/session?id=s&at={asked}")).Require(200).Text;
        Assert.Contains($"As it was known at position {asked}", then);
        Assert.DoesNotContain("call=second", then);
        Assert.Contains("awaiting confirmation", then);
        Assert.Contains($"at={asked}", then);

        var zoomed = (await browser.GetAsync("/session?id=s&from=2025-01-02T03:30:00Z")).Require(200).Text;
        Assert.DoesNotContain("call=first", zoomed);
        Assert.Contains("call=second", zoomed);
        Assert.Contains("No call of this session", (await browser.GetAsync("/session?id=s&from=2026-01-01T00:00:00Z")).Text);
    }

    [Fact]
    public async Task the_past_of_a_session_is_counted_picked_and_drawn_by_what_its_calls_were()
    {
        await using var node = await TestNode.StartAsync();
        var window = (await node.Http.PostAsync(
            "/v1/windows", """{"task_id":"t","agent":"a","scope":["*"],"sources":["*"],"reason":"why","duration":"2h","grant":true}""")).Require(201);
        await node.LinesAsync(Records.Lines(Enumerable.Range(0, 60).Select(
            call => Records.Item("s", $"c-{call}", Records.Asked(), task: "t", agent: "a"))));
        var then = (await node.GetAsync("/v1/events?limit=1000")).Json.GetProperty("items").EnumerateArray().Max(item => item.GetProperty("position").GetInt64());
        await node.LinesAsync(Records.Lines(Enumerable.Range(0, 60).Select(call => Records.Item("s", $"c-{call}", Records.Completed(false)))));
        (await node.Http.PostAsync($"/v1/windows/{window.Json.Text("window_id")}/revoke", """{"reason":"enough"}""")).Require(201);
        using var browser = await PageBrowser.SignedInAsync(node, node.AdminToken);

        var now = (await browser.GetAsync("/session?id=s")).Require(200).Text;
        Assert.Contains("completed (60)", now);
        Assert.Contains("failed (60)", now);
        var past = (await browser.GetAsync($"/session?id=s&at={then}")).Require(200).Text;
        Assert.Contains("awaiting confirmation (60)", past);
        Assert.DoesNotContain("completed (60)", past);
        Assert.DoesNotContain("failed (60)", past);
        Assert.DoesNotContain("segment-failed\" fill-opacity", past);
        Assert.Contains("50 of 60", past);
        Assert.Contains("call=c-", (await browser.GetAsync($"/session?id=s&at={then}&state=awaiting_confirmation")).Require(200).Text);
        Assert.Contains("No call of this session", (await browser.GetAsync($"/session?id=s&at={then}&state=completed")).Require(200).Text);
        var next = System.Text.RegularExpressions.Regex.Match(past, "rel=\"next\" href=\"([^\"]+)\"").Groups[1].Value;
        Assert.Contains("10 of 60", (await browser.GetAsync(System.Net.WebUtility.HtmlDecode(next))).Require(200).Text);
    }

    [Theory]
    [InlineData("customers after:2026-01-01T00:00:00Z before:today", "customers after:1 before:2")]
    [InlineData("(tool:a after:2026-01-01) OR tool:b", "(tool:a after:2026-01-01 OR tool:b) after:1 before:2")]
    [InlineData("tool:a (customers OR after:2026-01-01)", "(tool:a (customers OR after:2026-01-01)) after:1 before:2")]
    [InlineData("\"seen after:today\" AND after:today", "\"seen after:today\" after:1 before:2")]
    [InlineData("after:today", "after:1 before:2")]
    [InlineData("-after:today", "-after:today after:1 before:2")]
    [InlineData("(tool:a", "(tool:a after:1 before:2")]
    [InlineData("", "after:1 before:2")]
    public void a_query_is_asked_of_another_time_and_of_nothing_else(string query, string expected)
    {
        var asked = QueryText.During(query, "1", "2");
        Assert.Equal(expected, asked);
        if (!query.StartsWith("(tool:a", StringComparison.Ordinal) || query.Contains(')'))
        {
            SearchQuery.Parse(QueryText.During(query, "2026-01-01", "2026-01-02"), DateTimeOffset.UnixEpoch);
        }
    }

    [Fact]
    public async Task the_past_of_a_long_session_shows_the_calls_that_there_were()
    {
        await using var node = await TestNode.StartAsync();
        var first = (await node.RecordAsync(Records.Item("s", "first", Records.Completed()))).Json.GetProperty("position").GetInt64();
        await node.LinesAsync(Records.Lines(Enumerable.Range(0, 200).Select(call => Records.Item("s", $"later-{call}", Records.Completed()))));
        using var browser = await PageBrowser.SignedInAsync(node, node.AdminToken);
        var then = (await browser.GetAsync($"/session?id=s&at={first}")).Require(200).Text;
        Assert.Contains("call=first", then);
        Assert.DoesNotContain("call=later", then);
        Assert.Contains($"at={first + 1}", then);
    }

    [Fact]
    public async Task a_search_is_a_page_and_a_fault_in_it_is_pointed_at()
    {
        await using var node = await TestNode.StartAsync();
        await node.RecordAsync(Records.Item("s", "c", Records.Completed(output: "the <b>needle</b> in the hay")));
        using var browser = await PageBrowser.SignedInAsync(node, node.AdminToken);
        Assert.Contains("input.&lt;path&gt;", (await browser.GetAsync("/search")).Require(200).Text);
        await Patience.UntilAsync(async () => (await browser.GetAsync("/search?q=needle")).Require(200).Text.Contains("<mark>needle</mark>"), "it is found");
        var found = (await browser.GetAsync("/search?q=needle")).Text;
        Assert.Contains("&lt;b&gt;", found);
        Assert.Contains("<b>1 call</b>", found);
        var wrong = (await browser.GetAsync("/search?q=needle%20happy:x")).Require(400);
        Assert.Contains("role=\"alert\"", wrong.Text);
        Assert.Contains("<mark>happy", wrong.Text);
        (await browser.GetAsync("/search?q=" + new string('x', 5000))).Require(400);
    }

    [Fact]
    public async Task what_was_asked_for_is_held_against_what_was_executed()
    {
        await using var node = await TestNode.StartAsync();
        await node.RecordAsync(Records.Item("s", "c", Records.Completed()).Replace("\"effective_input\":{\"a\":1}", "\"effective_input\":{\"a\":2,\"b\":[true]}"));
        using var browser = await PageBrowser.SignedInAsync(node, node.AdminToken);
        var html = (await browser.GetAsync("/call?session=s&call=c")).Require(200).Text;
        Assert.Contains("&#x2260; changed", html);
        Assert.Contains("&#x2B; added", html);
        Assert.Contains("b[0]", html);
    }

    [Fact]
    public async Task a_call_that_failed_is_told_from_one_that_succeeded_wherever_it_stands()
    {
        await using var node = await TestNode.StartAsync();
        await node.RecordAsync(Records.Item("s", "good", Records.Completed(), "2025-01-02T03:04:05Z"));
        await node.RecordAsync(Records.Item("s", "bad", Records.Completed().Replace("\"success\":true", "\"success\":false"), "2025-01-02T03:04:06Z"));
        using var browser = await PageBrowser.SignedInAsync(node, node.AdminToken);
        var session = (await browser.GetAsync("/session?id=s")).Require(200).Text;
        Assert.Contains("class=\"state state-failed\"", session[session.IndexOf("call=bad", StringComparison.Ordinal)..]);
        Assert.Contains("lane-mark state-failed", session);
        Assert.Contains("segment-failed", session);
        Assert.Contains("failed</span> <b>1</b> of them", session);
        Assert.Contains("state-failed", (await browser.GetAsync("/call?session=s&call=bad")).Text);
        Assert.DoesNotContain("state-failed", (await browser.GetAsync("/call?session=s&call=good")).Text);
        await Patience.UntilAsync(async () => (await browser.GetAsync("/search?q=is:failed")).Require(200).Text.Contains("state-failed"), "it is found");
        Assert.DoesNotContain("call=good", (await browser.GetAsync("/search?q=is:failed")).Text);
    }

    [Fact]
    public async Task lists_are_in_the_order_of_the_times_that_they_show()
    {
        await using var node = await TestNode.StartAsync();
        foreach (var (session, time) in new[] { ("second", "2025-01-02T03:00:00Z"), ("first", "2025-01-01T03:00:00Z"), ("third", "2025-01-03T03:00:00Z") })
        {
            await node.RecordAsync(Records.Item(session, "c-" + session, Records.Asked(), time));
        }

        using var browser = await PageBrowser.SignedInAsync(node, node.AdminToken);
        foreach (var page in new[] { "/sessions", "/waiting", "/calls?state=awaiting_confirmation" })
        {
            var html = (await browser.GetAsync(page)).Require(200).Text;
            Assert.Equal(
                ["third", "second", "first"],
                System.Text.RegularExpressions.Regex.Matches(html, "/session\\?[^\"]*id=(first|second|third)\"").Select(match => match.Groups[1].Value).Distinct());
        }
    }

    [Fact]
    public async Task what_came_late_is_no_lack_and_is_noted()
    {
        await using var node = await TestNode.StartAsync();
        await node.RecordAsync(Records.Item("s", "c", Records.Completed(), "2025-01-02T03:04:05Z"));
        using var browser = await PageBrowser.SignedInAsync(node, node.AdminToken);
        var html = (await browser.GetAsync("/session?id=s")).Require(200).Text;
        Assert.Contains("nothing is known to be missing", html);
        Assert.Contains("1 message came late, which is no lack", html);
    }

    [Fact]
    public async Task an_address_that_nothing_has_is_a_page_and_pages_go_packed_but_to_who_is_led_here_by_others()
    {
        await using var node = await TestNode.StartAsync();
        using var browser = await PageBrowser.SignedInAsync(node, node.AdminToken);
        var wrong = (await browser.GetAsync("/sesions")).Require(404);
        Assert.Equal("text/html", wrong.Type);
        Assert.Contains("There is no page at /sesions", wrong.Text);
        Assert.Contains("href=\"/sessions\"", wrong.Text);

        browser.Http.DefaultRequestHeaders.AcceptEncoding.ParseAdd("gzip, br");
        using (var packed = await browser.Http.GetAsync("/overview"))
        {
            Assert.Equal(["br"], packed.Content.Headers.ContentEncoding);
            await using var plain = new System.IO.Compression.BrotliStream(await packed.Content.ReadAsStreamAsync(), System.IO.Compression.CompressionMode.Decompress);
            Assert.Contains("<h1>Overview</h1>", await new StreamReader(plain).ReadToEndAsync());
        }

        browser.Http.DefaultRequestHeaders.Add("Sec-Fetch-Site", "same-site");
        using var elsewhere = await browser.Http.GetAsync("/overview");
        Assert.Empty(elsewhere.Content.Headers.ContentEncoding);
    }

    [Fact]
    public async Task the_secret_of_a_form_is_in_no_two_pages_in_the_same_letters()
    {
        await using var node = await TestNode.StartAsync();
        using var browser = await PageBrowser.SignedInAsync(node, node.AdminToken);
        var (one, other) = (PageBrowser.SecretOf(await browser.GetAsync("/overview")), PageBrowser.SecretOf(await browser.GetAsync("/overview")));
        Assert.NotEqual(one, other);
        (await browser.PostAsync("/sign-out", ("form_secret", other + "A"))).Require(403);
        (await browser.PostAsync("/sign-out", ("form_secret", one))).Require(303);
    }

    [Theory]
    [InlineData("/session?id=", 400)]
    [InlineData("/session?id=none", 404)]
    [InlineData("/session?id=s%7Cx", 400)]
    [InlineData("/session?id=s&at=noon", 400)]
    [InlineData("/call?session=s&call=none", 404)]
    [InlineData("/task?id=none", 404)]
    [InlineData("/task?id=none&judgement=bad", 400)]
    [InlineData("/window?id=none", 404)]
    [InlineData("/sessions?cursor=x", 400)]
    [InlineData("/overview?range=ever", 400)]
    [InlineData("/calls?state=happy", 400)]
    [InlineData("/strayed?judgement=x", 400)]
    [InlineData("/violations?lifted=perhaps", 400)]
    [InlineData("/session?id=none&state=happy", 400)]
    [InlineData("/session?id=none&mark=happy", 400)]
    public async Task a_wrong_question_is_answered_by_a_page_that_says_so(string path, int status)
    {
        await using var node = await TestNode.StartAsync();
        using var browser = await PageBrowser.SignedInAsync(node, node.AdminToken);
        var answer = (await browser.GetAsync(path)).Require(status);
        Assert.Equal("text/html", answer.Type);
        Assert.Contains("role=\"alert\"", answer.Text);
    }

    private static string Item(string session, string call, string outcome, string hostile) => JsonSerializer.Serialize(new
    {
        session_id = session,
        task_id = "<i>task",
        agent = "<i>agent",
        record = new
        {
            tool_call_id = call,
            tool_name = "<i>" + hostile,
            display_name = hostile,
            tier = hostile,
            requested_input = new Dictionary<string, string> { [hostile] = hostile },
            effective_input = new Dictionary<string, string> { [hostile] = "</td>" + hostile },
            turn = 1,
            provenance = new { provider = hostile, model = hostile },
            outcome = JsonDocument.Parse(outcome).RootElement,
            recorded_at = "2025-01-02T03:04:05Z",
        },
    });
}
