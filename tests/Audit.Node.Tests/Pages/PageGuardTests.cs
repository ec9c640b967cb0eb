using System.Text.RegularExpressions;
using Audit.Node.Tests.Support;

namespace Audit.Node.Tests.Pages;

/// <summary>Who may do what by pages, and what browsers are given.</summary>
public sealed class PageGuardTests
{
    [Theory]
    [InlineData("/sign-in")]
    [InlineData("/overview")]
    [InlineData("/v1/sessions")]
    [InlineData("/nothing")]
    [InlineData("/session?id=none")]
    public async Task every_answer_forbids_all_that_is_not_the_nodes_own(string path)
    {
        await using var node = await TestNode.StartAsync();
        using var browser = await PageBrowser.SignedInAsync(node, node.AdminToken);
        var headers = (await browser.GetAsync(path)).Headers;
        Assert.Equal(
            "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; form-action 'self'; "
            + "frame-ancestors 'none'; base-uri 'none'",
            headers["Content-Security-Policy"]);
        Assert.Equal("nosniff", headers["X-Content-Type-Options"]);
    }

    [Fact]
    public async Task a_page_has_no_script_style_or_handler_of_its_own_and_names_no_other_host()
    {
        await using var node = await TestNode.StartAsync();
        await node.RecordAsync(Records.Item("s", "c", Records.Asked(), task: "t", agent: "a"));
        using var browser = await PageBrowser.SignedInAsync(node, node.AdminToken);
        foreach (var page in new[] { "/overview", "/waiting", "/sessions", "/session?id=s", "/call?session=s&call=c", "/tasks", "/task?id=t", "/windows", "/live", "/integrity", "/violations", "/strayed", "/calls", "/tokens" })
        {
            var html = (await browser.GetAsync(page)).Require(200).Text;
            Assert.DoesNotMatch(new Regex("<script(?![^>]*src=\"/assets/)"), html);
            Assert.DoesNotMatch(new Regex("<style|\\sstyle=|\\son[a-z]+=", RegexOptions.IgnoreCase), html);
            Assert.DoesNotMatch(new Regex("(src|href|action)=\"(?!/|#|https://c2sp\\.org/tlog-proof\")"), html);
        }
    }

    [Theory]
    [InlineData("    ")]
    [InlineData("\t\t\t\t\t\t\t\t")]
    [InlineData("many words with spaces in between")]
    public async Task a_secret_of_a_form_that_has_spaces_is_none(string spaces)
    {
        await using var node = await TestNode.StartAsync();
        using var browser = await PageBrowser.SignedInAsync(node, node.AdminToken);
        var secret = PageBrowser.SecretOf(await browser.GetAsync("/integrity"));
        var wrong = secret[..10] + spaces + secret[(10 + spaces.Length)..];
        (await browser.PostAsync("/integrity/verify", ("form_secret", wrong))).Require(403);
        (await browser.PostAsync("/integrity/verify", ("form_secret", secret))).Require(303);
    }

    [Fact]
    public async Task what_a_page_loads_is_there_and_kept_for_ever()
    {
        await using var node = await TestNode.StartAsync();
        using var browser = await PageBrowser.SignedInAsync(node, node.AdminToken);
        var html = string.Concat(
            (await browser.GetAsync("/overview")).Text, (await browser.GetAsync("/live")).Text, (await browser.GetAsync("/integrity")).Text);
        var assets = Regex.Matches(html, "/assets/[^\"]+").Select(match => match.Value).Distinct().ToList();
        Assert.Contains(assets, asset => asset.EndsWith("/live.js"));
        foreach (var asset in assets)
        {
            var answer = (await browser.GetAsync(asset)).Require(200);
            Assert.Contains("immutable", answer.Headers["Cache-Control"]);
            Assert.NotEmpty(answer.Headers["ETag"]);
        }

        Assert.Contains("no asset", (await browser.GetAsync("/assets/0000000000000000/site.css")).Problem(404));
    }

    [Fact]
    public async Task a_form_without_its_secret_does_nothing()
    {
        await using var node = await TestNode.StartAsync();
        await node.RecordAsync(Records.Item("s", "c", Records.Asked()));
        using var browser = await PageBrowser.SignedInAsync(node, node.AdminToken);
        using var other = await PageBrowser.SignedInAsync(node, node.AdminToken);
        var foreign = PageBrowser.SecretOf(await other.GetAsync("/waiting"));
        foreach (var secret in new[] { "", "x", foreign })
        {
            var answer = await browser.PostAsync(
                "/call/decision", ("form_secret", secret), ("session", "s"), ("call", "c"), ("decision", "approve-once"));
            Assert.Contains("not given to this session", answer.Require(403).Text);
        }

        (await browser.PostJsonAsync("/call/decision", "{}")).Require(403);
        Assert.Equal("awaiting_confirmation", (await node.GetAsync("/v1/sessions/s/calls/c")).Json.Text("state"));
    }

    [Fact]
    public async Task a_cookie_reads_the_api_and_never_writes_by_it()
    {
        await using var node = await TestNode.StartAsync();
        using var browser = await PageBrowser.SignedInAsync(node, node.AdminToken);
        (await browser.GetAsync("/v1/sessions")).Require(200);
        (await browser.GetAsync("/v1/tokens")).Require(200);
        Assert.Contains("no token", (await browser.PostJsonAsync("/v1/records", Records.Item("s", "c", Records.Completed()))).Problem(401));
        Assert.Contains("no token", (await browser.PostJsonAsync("/v1/tokens", "{}")).Problem(401));
        Assert.Empty((await browser.GetAsync("/v1/sessions")).Ids("session_id"));
    }

    [Fact]
    public async Task roles_are_those_of_the_api()
    {
        await using var node = await TestNode.StartAsync();
        await node.RecordAsync(Records.Item("s", "c", Records.Asked()));
        using var reader = await PageBrowser.SignedInAsync(node, await node.TokenAsync("ann", ["read"]));
        var waiting = (await reader.GetAsync("/waiting")).Require(200);
        Assert.DoesNotContain("/call/decision", waiting.Text);
        Assert.DoesNotContain("href=\"/tokens\"", waiting.Text);
        Assert.Contains("approve", (await reader.SubmitAsync("/waiting", "/call/decision", ("session", "s"), ("call", "c"), ("decision", "approve-once"))).Require(403).Text);
        Assert.Contains("admin", (await reader.GetAsync("/tokens")).Require(403).Text);
        Assert.Contains("lacks the role", (await reader.GetAsync("/v1/tokens")).Problem(403));

        using var host = await PageBrowser.SignedInAsync(node, await node.TokenAsync("ci-7", ["ingest"]));
        Assert.Contains("read", (await host.GetAsync("/overview")).Require(403).Text);
    }

    [Fact]
    public async Task a_bound_token_sees_its_own_only()
    {
        await using var node = await TestNode.StartAsync();
        await node.RecordAsync(Records.Item("s-1", "mine", Records.Asked(), task: "t-1", agent: "a-1"));
        await node.RecordAsync(Records.Item("s-2", "theirs", Records.Asked(), task: "t-2", agent: "a-2"));
        await node.RecordAsync(Records.Item("s-2", "theirs", """{"kind":"started"}"""));
        using var bound = await PageBrowser.SignedInAsync(node, await node.TokenAsync("bound", ["read"], agent: "a-1"));
        foreach (var page in new[] { "/overview", "/waiting", "/sessions", "/tasks", "/live", "/violations", "/strayed", "/calls?state=running" })
        {
            var html = (await bound.GetAsync(page)).Require(200).Text;
            Assert.DoesNotContain("theirs", html);
            Assert.DoesNotContain("s-2", html);
            Assert.DoesNotContain("t-2", html);
        }

        Assert.Contains("mine", (await bound.GetAsync("/waiting")).Text);
        Assert.Contains("is bound", (await bound.GetAsync("/overview")).Text);
        (await bound.GetAsync("/session?id=s-2")).Require(404);
        (await bound.GetAsync("/session?id=s-2&at=5")).Require(404);
        (await bound.GetAsync("/call?session=s-2&call=theirs")).Require(404);
        (await bound.GetAsync("/task?id=t-2")).Require(404);
    }

    [Fact]
    public async Task a_page_that_was_read_is_written_down()
    {
        await using var node = await TestNode.StartAsync();
        await node.RecordAsync(Records.Item("s", "c", Records.Asked()));
        using var reader = await PageBrowser.SignedInAsync(node, await node.TokenAsync("ann", ["read"]));
        (await reader.GetAsync("/call?session=s&call=c")).Require(200);
        Assert.Contains(
            "\"route\":\"/call\",\"bound_to\":{},\"asked\":{\"session\":\"s\",\"call\":\"c\"},\"status\":200",
            (await node.GetAsync("/v1/events?limit=1000")).Text);
    }
}
