using Audit.Browser.Tests.Support;
using Microsoft.Playwright;

namespace Audit.Browser.Tests;

/// <summary>What an investigator does, from the sign-in to the proof.</summary>
public sealed class PageTour
{
    [BrowserFact]
    public async Task from_the_sign_in_to_the_proof_of_a_call()
    {
        await using var node = await PageNode.StartAsync();
        await using var person = await Investigator.OpenAsync(node.Url);
        var page = person.Page;
        await person.SignInAsync(await node.TokenAsync("ann", "read"));
        Assert.Equal("Overview", await person.HeadingAsync());

        await page.GetByRole(AriaRole.Link, new() { Name = "Sessions", Exact = true }).ClickAsync();
        await page.GetByRole(AriaRole.Link, new() { Name = Story.Session }).ClickAsync();
        await person.HasAsync("As it is known now.");
        Assert.Contains(Story.Session, await person.HeadingAsync());

        await page.GetByRole(AriaRole.Link, new() { Name = Story.Blocked }).ClickAsync();
        await person.HasAsync("standing refusal");
        await page.GetByRole(AriaRole.Button, new() { Name = "Verify here" }).First.ClickAsync();
        await Assertions.Expect(page.Locator(".verify-good")).ToContainTextAsync("signed by the log’s key");
        Assert.Empty(person.Complaints);
    }
}
