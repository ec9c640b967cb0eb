using Audit.Node.Tests.Support;

namespace Audit.Node.Tests.Pages;

public sealed class SignInTests
{
    private static readonly string[] Pages =
        ["/overview", "/waiting", "/sessions", "/session?id=s", "/call?session=s&call=c", "/tasks", "/task?id=t", "/windows", "/window?id=w",
         "/live", "/integrity", "/violations", "/calls?state=running", "/strayed", "/tokens"];

    [Fact]
    public async Task whoever_is_not_signed_in_is_led_to_the_sign_in_and_from_there_back()
    {
        await using var node = await TestNode.StartAsync();
        using var browser = new PageBrowser(node.Url);
        foreach (var page in Pages)
        {
            Assert.Equal("/sign-in?return=" + Uri.EscapeDataString(page), (await browser.GetAsync(page)).Require(303).Headers["Location"]);
        }

        var back = "/call?session=s&call=c";
        Assert.Equal(back, (await browser.SignInAsync(node.AdminToken, back)).Require(303).Headers["Location"]);
        Assert.Contains("<h1>Overview</h1>", (await browser.GetAsync("/overview")).Require(200).Text);
    }

    [Theory]
    [InlineData("https://elsewhere.example/")]
    [InlineData("//elsewhere.example/")]
    [InlineData("/\\elsewhere.example/")]
    [InlineData("javascript:alert(1)")]
    [InlineData("/over\tview")]
    public async Task a_return_to_elsewhere_leads_home(string back)
    {
        await using var node = await TestNode.StartAsync();
        using var browser = new PageBrowser(node.Url);
        Assert.Equal("/overview", (await browser.SignInAsync(node.AdminToken, back)).Require(303).Headers["Location"]);
    }

    [Fact]
    public async Task the_cookie_is_closed_to_scripts_and_other_sites_and_holds_no_token()
    {
        await using var node = await TestNode.StartAsync();
        using var browser = new PageBrowser(node.Url);
        var cookie = (await browser.SignInAsync(node.AdminToken)).Headers["Set-Cookie"];
        Assert.Contains("httponly", cookie);
        Assert.Contains("samesite=strict", cookie);
        Assert.Contains("path=/", cookie);
        Assert.DoesNotContain(node.AdminToken, cookie);
    }

    [Fact]
    public async Task a_token_that_is_not_known_signs_nobody_in()
    {
        await using var node = await TestNode.StartAsync();
        using var browser = new PageBrowser(node.Url);
        Assert.Contains("not known here", (await browser.SignInAsync("aat_" + new string('A', 43))).Require(403).Text);
        Assert.Contains("not known here", (await browser.SignInAsync("<script>")).Require(403).Text);
        (await browser.GetAsync("/overview")).Require(303);
    }

    [Fact]
    public async Task a_sign_in_form_of_another_browser_is_refused()
    {
        await using var node = await TestNode.StartAsync();
        using var one = new PageBrowser(node.Url);
        using var other = new PageBrowser(node.Url);
        var secret = PageBrowser.SecretOf(await one.GetAsync("/sign-in"));
        await other.GetAsync("/sign-in");
        var answer = await other.PostAsync("/sign-in", ("form_secret", secret), ("token", node.AdminToken));
        Assert.Contains("not given to this browser", answer.Require(403).Text);
    }

    [Fact]
    public async Task a_session_outlives_a_restart_and_ends_with_its_token()
    {
        await using var node = await TestNode.StartAsync();
        var token = await node.TokenAsync("ann", ["read"]);
        using var browser = await PageBrowser.SignedInAsync(node, token);
        var cookies = browser.Cookies.GetAllCookies();
        await node.RestartAsync();
        using var again = new PageBrowser(node.Url);
        again.Cookies.Add(node.Url, cookies);
        (await again.GetAsync("/overview")).Require(200);

        await node.Http.AnswerAsync(HttpMethod.Delete, "/v1/tokens/ann");
        (await again.GetAsync("/overview")).Require(303);
    }

    [Fact]
    public async Task a_session_ends_by_the_sign_out_and_by_itself()
    {
        var clock = new SettableClock();
        await using var node = await TestNode.StartAsync(clock: clock);
        using var browser = await PageBrowser.SignedInAsync(node, node.AdminToken);
        var cookies = browser.Cookies.GetAllCookies();
        (await browser.SubmitAsync("/overview", "/sign-out")).Require(303);
        using var copied = new PageBrowser(node.Url);
        copied.Cookies.Add(node.Url, cookies);
        (await copied.GetAsync("/overview")).Require(303);

        using var late = await PageBrowser.SignedInAsync(node, node.AdminToken);
        clock.Advance(TimeSpan.FromHours(13));
        (await late.GetAsync("/overview")).Require(303);
    }

    [Fact]
    public async Task a_cookie_that_was_changed_is_none()
    {
        await using var node = await TestNode.StartAsync();
        using var browser = await PageBrowser.SignedInAsync(node, node.AdminToken);
        foreach (System.Net.Cookie cookie in browser.Cookies.GetAllCookies())
        {
            cookie.Value = (cookie.Value[0] == 'A' ? 'B' : 'A') + cookie.Value[1..];
        }

        (await browser.GetAsync("/overview")).Require(303);
    }

    [Fact]
    public async Task a_browser_at_the_root_comes_to_the_overview_and_a_program_does_not()
    {
        await using var node = await TestNode.StartAsync();
        using var browser = new PageBrowser(node.Url);
        Assert.Equal("/overview", (await browser.GetAsync("/")).Require(302).Headers["Location"]);
        Assert.Contains("/openapi/v1.json", (await node.GetAsync("/")).Problem(404));
    }
}
