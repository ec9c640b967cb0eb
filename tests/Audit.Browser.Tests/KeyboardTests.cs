using Audit.Browser.Tests.Support;
using Microsoft.Playwright;
using static Microsoft.Playwright.Assertions;

namespace Audit.Browser.Tests;

/// <summary>All of it without a mouse, and without scripts.</summary>
[Collection(UsedPages.Name)]
public sealed class KeyboardTests(SharedPages pages)
{
    [BrowserFact]
    public async Task an_investigator_with_a_keyboard_alone_signs_in_finds_a_call_and_verifies_it()
    {
        var node = pages.Node;
        await using var person = await Investigator.OpenAsync(pages.Browser, node.Url);
        var page = person.Page;
        await page.GotoAsync("/sessions");
        await TabToAsync(page, "#token");
        await page.Keyboard.TypeAsync(await node.TokenAsync("ann", "read"));
        await page.Keyboard.PressAsync("Enter");
        await Expect(page.Locator("h1")).ToHaveTextAsync("Sessions");

        // The skip link is first, and leads past the navigation.
        await page.Keyboard.PressAsync("Tab");
        await Expect(page.Locator(".skip")).ToBeFocusedAsync();
        await Expect(page.Locator(".skip")).ToBeInViewportAsync();
        await page.Keyboard.PressAsync("Enter");
        await Expect(page.Locator("#main")).ToBeFocusedAsync();

        await page.Keyboard.PressAsync("j");
        await Expect(page.Locator("tbody tr:first-child a").First).ToBeFocusedAsync();
        await TabToAsync(page, $"a[href^='/session?'][href*='id={Story.Session}']");
        await page.Keyboard.PressAsync("Enter");
        await Expect(page.Locator("h1")).ToContainTextAsync(Story.Session);
        await TabToAsync(page, $"tbody a[href^='/call?'][href*='call={Story.Blocked}']");
        await page.Keyboard.PressAsync("Enter");
        await Expect(page.Locator("h1")).ToContainTextAsync("bash");
        await TabToAsync(page, ".verify button");
        await page.Keyboard.PressAsync("Enter");
        await Expect(page.Locator(".verify-good")).ToBeVisibleAsync();
        Assert.Empty(person.Complaints);
    }

    [BrowserFact]
    public async Task every_page_works_without_scripts()
    {
        await using var node = await PageNode.StartAsync();
        await using var person = await Investigator.OpenAsync(pages.Browser, node.Url, scripts: false);
        var page = person.Page;
        await person.SignInAsync(await node.TokenAsync("eve", "read", "approve"));
        await page.GotoAsync($"/session?id={Story.Session}");
        await page.GetByRole(AriaRole.Link, new() { Name = "Step back" }).ClickAsync();
        await person.HasAsync("folded from the journal");
        await page.GetByRole(AriaRole.Button, new() { Name = "Show" }).ClickAsync();
        await person.HasAsync("folded from the journal");
        await page.GotoAsync($"/call?session={Story.Session}&call={Story.Blocked}");
        await Expect(page.GetByRole(AriaRole.Link, new() { Name = "proof", Exact = true }).First).ToBeVisibleAsync();
        await person.HasAsync("To check a proof without this page");
        await page.GotoAsync("/live?tool=sql.*");
        await person.HasAsync("sql.query");
        await page.GotoAsync("/integrity");
        await page.GetByRole(AriaRole.Button, new() { Name = "Verify now" }).ClickAsync();
        await person.HasAsync("Intact.");
        await page.GotoAsync("/waiting");
        await page.GetByRole(AriaRole.Button, new() { Name = "Approve once" }).ClickAsync();
        await person.HasAsync("No call waits.");
    }

    private static async Task TabToAsync(IPage page, string selector)
    {
        for (var presses = 0; presses < 400; presses++)
        {
            if (await page.EvaluateAsync<bool>("selector => document.activeElement?.matches(selector) ?? false", selector))
            {
                return;
            }

            await page.Keyboard.PressAsync("Tab");
        }

        Assert.Fail($"The key Tab never led to {selector}.");
    }
}
