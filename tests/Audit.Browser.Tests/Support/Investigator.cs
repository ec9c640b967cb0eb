using Microsoft.Playwright;

namespace Audit.Browser.Tests.Support;

/// <summary>Somebody with a browser, who notes whatever the browser complains of.</summary>
internal sealed class Investigator : IAsyncDisposable
{
    private Investigator(IPage page, string url)
    {
        Page = page;
        page.Console += (_, message) =>
        {
            if (message.Type is "error" or "warning")
            {
                Complaints.Add(message.Text);
            }
        };
        page.PageError += (_, error) => Complaints.Add(error);
        page.Request += (_, request) =>
        {
            if (!request.Url.StartsWith(url, StringComparison.Ordinal) && !request.Url.StartsWith("data:", StringComparison.Ordinal))
            {
                Complaints.Add("asked elsewhere: " + request.Url);
            }
        };
    }

    public IPage Page { get; }

    public List<string> Complaints { get; } = [];

    public static async Task<Investigator> OpenAsync(
        IBrowser browser, string url, bool scripts = true, ColorScheme scheme = ColorScheme.Light, int width = 1280, int height = 860,
        string? zone = null)
    {
        var context = await browser.NewContextAsync(new BrowserNewContextOptions
        {
            BaseURL = url, JavaScriptEnabled = scripts, ColorScheme = scheme, ViewportSize = new ViewportSize { Width = width, Height = height },
            ReducedMotion = ReducedMotion.Reduce, TimezoneId = zone,
        });
        context.SetDefaultTimeout(30_000);
        return new Investigator(await context.NewPageAsync(), url);
    }

    public async Task SignInAsync(string token, string path = "/")
    {
        await Page.GotoAsync(path);
        await Page.GetByLabel("Token").FillAsync(token);
        await Page.GetByRole(AriaRole.Button, new() { Name = "Sign in" }).ClickAsync();
        await Assertions.Expect(Page.GetByRole(AriaRole.Button, new() { Name = "Sign out" })).ToBeVisibleAsync();
    }

    public Task<string> HeadingAsync() => Page.Locator("h1").InnerTextAsync();

    public Task HasAsync(string text) => Assertions.Expect(Page.Locator("main")).ToContainTextAsync(text);

    public async ValueTask DisposeAsync() => await Page.Context.DisposeAsync();
}
