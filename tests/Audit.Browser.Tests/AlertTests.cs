using System.Net;
using Audit.Browser.Tests.Support;
using Microsoft.Playwright;

namespace Audit.Browser.Tests;

/// <summary>Where alerts go, as people see it, and what they do about those that nobody took.</summary>
[Collection(UsedPages.Name)]
public sealed class AlertTests(SharedPages pages)
{
    private static readonly int[] Widths = [1440, 1024, 390];

    [BrowserFact]
    public async Task what_was_given_up_is_seen_on_each_screen_and_sent_again_from_a_phone()
    {
        await using var node = await PageNode.StartAsync();
        using var receiver = new HttpListener();
        var url = $"http://127.0.0.1:{FreePorts.Of(1)[0]}/secret-path/";
        receiver.Prefixes.Add(url);
        receiver.Start();
        var status = 410;
        var taking = Task.Run(async () =>
        {
            try
            {
                while (true)
                {
                    var context = await receiver.GetContextAsync();
                    context.Response.StatusCode = status;
                    context.Response.Close();
                }
            }
            catch (Exception end) when (end is HttpListenerException or ObjectDisposedException)
            {
                // The test is over.
            }
        });
        File.WriteAllText(Path.Combine(node.Data, "hook.secret"), "whsec_" + Convert.ToBase64String(new byte[32]));
        File.WriteAllText(
            Path.Combine(node.Data, "alerts.json"),
            $$"""
            {"rules":[{"name":"exports","query":"tool:export*","title":"Somebody exported something"}],"destinations":[
              {"name":"oncall","url":"{{url}}","private":true,"secret_file":"hook.secret"},
              {"name":"lake","directory":"lake"}]}
            """);
        await UntilAsync(
            async () => (await node.Admin.GetStringAsync("/v1/alerts")) is var text && text.Contains("\"sending\"") && !text.Contains("\"position\":null"),
            "the file holds");
        await node.Story.ReportAsync("alerts", "call-1", 2, Story.Done(), "export.customers");
        await node.Story.ReportAsync("alerts", "call-1", 1, Story.Done(), "export.customers");
        await UntilAsync(async () => (await node.Admin.GetStringAsync("/v1/alerts")).Contains("given_up_at"), "one is given up");
        status = 503;
        await node.Story.ReportAsync("alerts", "call-2", 0, Story.Done(), "export.customers");
        // A receiver that is away is left alone for five seconds.
        await UntilAsync(async () => (await node.Admin.GetStringAsync("/v1/alerts")).Contains("the receiver answered 503"), "one waits");
        foreach (var width in Widths)
        {
            await using var looking = await Investigator.OpenAsync(pages.Browser, node.Url, width: width);
            await looking.SignInAsync(node.AdminToken, "/alerts");
            await looking.HasAsync("the receiver answered 410");
            await looking.HasAsync("the receiver answered 503");
            Assert.True(await looking.Page.EvaluateAsync<bool>("document.documentElement.scrollWidth <= window.innerWidth"), $"Nothing is wider than {width}.");
            Assert.DoesNotContain("secret-path", await looking.Page.ContentAsync());
            foreach (var scheme in Environment.GetEnvironmentVariable("AUDIT_SCREENSHOTS") is { Length: > 0 } ? [ColorScheme.Light, ColorScheme.Dark] : Array.Empty<ColorScheme>())
            {
                await looking.Page.EmulateMediaAsync(new() { ColorScheme = scheme });
                var file = Path.Combine(Environment.GetEnvironmentVariable("AUDIT_SCREENSHOTS")!, $"alerts-{width}-{scheme}.png".ToLowerInvariant());
                await looking.Page.ScreenshotAsync(new() { Path = file, FullPage = true });
            }

            Assert.Empty(looking.Complaints);
        }

        status = 200;
        await using var person = await Investigator.OpenAsync(pages.Browser, node.Url, width: 390);
        var page = person.Page;
        await person.SignInAsync(node.AdminToken);
        await page.GetByRole(AriaRole.Link, new() { Name = "Alerts", Exact = true }).ClickAsync();
        await page.GetByRole(AriaRole.Button, new() { NameRegex = new("^Send (all|msg_).* again$") }).First.ClickAsync();
        await person.HasAsync("Written into the book at position");
        await UntilAsync(
            async () =>
            {
                await page.ReloadAsync();
                return !(await page.Locator("main").InnerTextAsync()).Contains("the receiver answered 410");
            },
            "all are taken");
        Assert.Empty(person.Complaints);
        receiver.Close();
        await taking;
    }

    private static async Task UntilAsync(Func<Task<bool>> holds, string what)
    {
        // Only a failure lasts so long.
        for (var clock = System.Diagnostics.Stopwatch.StartNew(); !await holds(); await Task.Delay(50))
        {
            Assert.True(clock.Elapsed < TimeSpan.FromMinutes(1), $"It never came to be so: {what}.");
        }
    }
}
