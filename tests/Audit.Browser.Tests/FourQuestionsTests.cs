using Audit.Browser.Tests.Support;
using Audit.Node.CommandLine.Demo;
using Microsoft.Playwright;
using static Microsoft.Playwright.Assertions;

namespace Audit.Browser.Tests;

/// <summary>
/// What an investigator asks first, each answered within three clicks on what is to be seen, on books whose names no
/// example has. A choice from a list counts as a click; what is typed does not.
/// </summary>
[Collection(LookedAtPages.Name)]
public sealed class FourQuestionsTests(SharedPages pages)
{
    private const int Most = 3;

    [BrowserTheory]
    [InlineData(48_611)]
    [InlineData(90_127)]
    public async Task each_of_the_four_questions_is_answered_within_three_clicks(int seed)
    {
        var cast = DemoCast.Of(seed);
        await using var node = await PageNode.OfDemoAsync(cast);
        await using var person = await Investigator.OpenAsync(pages.Browser, node.Url);
        var page = person.Page;
        await person.SignInAsync(await node.TokenAsync("ann", "read"));
        var clicks = 0;

        // Who changed this row last Tuesday?
        await ThingAsync(cast.People);
        await ChooseAsync("last-tuesday");
        await page.GetByLabel("with the words").FillAsync($"{cast.Row}");
        await page.Keyboard.PressAsync("Enter");
        var wrote = page.Locator("tbody tr", new() { HasText = "wrote" });
        await Expect(wrote).ToHaveCountAsync(1);
        await Expect(wrote).ToContainTextAsync(CallOf(cast.TuesdaySession, 2));
        await Expect(wrote).ToContainTextAsync(cast.Triager);
        await Expect(wrote).ToContainTextAsync(cast.Approver);
        await Expect(wrote).ToContainTextAsync(cast.SupportTask);
        Assert.InRange(clicks, 1, Most);

        // Did any agent read the table during the window of the incident?
        await ThingAsync(cast.People);
        await ChooseAsync($"while {cast.IncidentWindow} was open");
        await page.GetByLabel("with the words").PressAsync("Enter");
        await Expect(page.Locator("tbody tr")).ToHaveCountAsync(3);
        foreach (var call in new[] { CallOf(cast.IncidentSession, 2), CallOf(cast.IncidentSession, 3), CallOf(cast.BystanderSession, 6) })
        {
            await Expect(page.Locator("tbody tr", new() { HasText = call })).ToContainTextAsync("read");
        }

        await Expect(page.Locator(".verdict")).ToContainTextAsync("3 read it");
        Assert.InRange(clicks, 1, Most);

        // Which task authorised this schema change, who approved it, and what was done outside?
        await ThingAsync(cast.Table);
        var change = page.Locator("tbody tr", new() { HasText = CallOf(cast.Session, 3) });
        await Expect(change).ToContainTextAsync(cast.Task);
        await ClickAsync(change.GetByRole(AriaRole.Link, new() { Name = cast.Window, Exact = true }));
        await Expect(page.Locator(".verdict")).ToContainTextAsync($"{cast.Approver} approved it");
        await Expect(page.Locator("section[aria-labelledby=outside]")).ToContainTextAsync(CallOf(cast.Session, 9));
        Assert.InRange(clicks, 1, Most);

        // What runs and what waits now?
        await page.GotoAsync("/overview");
        clicks = 0;
        await ClickAsync(page.Locator(".tile", new() { HasText = "Running" }).GetByRole(AriaRole.Link));
        await Expect(page.Locator("tbody")).ToContainTextAsync(CallOf(cast.BystanderSession, 10));
        await ClickAsync(page.GetByRole(AriaRole.Link, new() { Name = "Waiting", Exact = true }));
        await person.HasAsync($"ALTER TABLE {cast.Table} DROP COLUMN {cast.OldColumn}");
        await person.HasAsync(cast.NextWindow);
        Assert.InRange(clicks, 1, Most);
        Assert.Empty(person.Complaints);

        async Task ThingAsync(string table)
        {
            await page.GotoAsync("/overview");
            clicks = 0;
            await ClickAsync(page.GetByRole(AriaRole.Link, new() { Name = "Things", Exact = true }));
            await ClickAsync(page.GetByRole(AriaRole.Link, new() { Name = table, Exact = true }));
            await Expect(page.Locator("h1")).ToContainTextAsync($"table:{table}");
        }

        async Task ChooseAsync(string time)
        {
            clicks++;
            await page.GetByLabel("When").SelectOptionAsync(time.Contains(' ') ? new SelectOptionValue { Label = time } : new SelectOptionValue { Value = time });
        }

        async Task ClickAsync(ILocator control)
        {
            clicks++;
            await control.ClickAsync();
        }
    }

    /// <summary>As the story numbers them.</summary>
    private static string CallOf(string session, int number) => $"call_{session[..4]}_{number:000}";
}
