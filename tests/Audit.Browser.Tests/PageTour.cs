using Audit.Browser.Tests.Support;
using Microsoft.Playwright;
using static Microsoft.Playwright.Assertions;

namespace Audit.Browser.Tests;

/// <summary>What an investigator does, from the sign-in to the proof.</summary>
[Collection(UsedPages.Name)]
public sealed class PageTour(SharedPages pages)
{
    [BrowserFact]
    public async Task from_the_sign_in_through_the_past_of_a_session_to_the_proof_of_a_call()
    {
        var node = pages.Node;
        await using var person = await Investigator.OpenAsync(pages.Browser, node.Url);
        var page = person.Page;
        await person.SignInAsync(await node.TokenAsync("ann", "read"));
        Assert.Equal("Overview", await person.HeadingAsync());
        await person.HasAsync("DROP TABLE orders_old");

        await page.GetByRole(AriaRole.Link, new() { Name = "Sessions", Exact = true }).ClickAsync();
        await page.GetByRole(AriaRole.Link, new() { Name = Story.Session }).ClickAsync();
        await person.HasAsync("As it is known now.");
        await Expect(page.Locator("tbody")).ToContainTextAsync(Story.Waiting);

        await person.HasAsync("calls are drawn below");
        await page.GetByLabel("As of position").FocusAsync();
        await page.Keyboard.PressAsync("Home");
        await person.HasAsync("folded from the journal");
        await Expect(page.Locator("tbody tr")).ToHaveCountAsync(1);
        await Expect(page).ToHaveURLAsync(new System.Text.RegularExpressions.Regex("[?&]at=\\d+"));
        await page.GetByRole(AriaRole.Link, new() { Name = "Step on" }).ClickAsync();
        await person.HasAsync("folded from the journal");
        await page.GetByRole(AriaRole.Link, new() { Name = "Now", Exact = true }).ClickAsync();
        await person.HasAsync("As it is known now.");

        await page.GetByRole(AriaRole.Link, new() { Name = Story.Blocked }).ClickAsync();
        await person.HasAsync("standing refusal");
        await page.GetByRole(AriaRole.Button, new() { Name = "Verify here" }).First.ClickAsync();
        await Expect(page.Locator(".verify-good")).ToContainTextAsync("signed by the log’s key");
        Assert.Empty(person.Complaints);
    }

    [BrowserFact]
    public async Task what_changed_is_reached_from_a_session_a_task_and_what_waits()
    {
        var node = pages.Node;
        await using var person = await Investigator.OpenAsync(pages.Browser, node.Url, width: 390);
        var page = person.Page;
        await person.SignInAsync(await node.TokenAsync("ann", "read"), $"/session?id={Story.Session}");
        await page.GetByRole(AriaRole.Link, new() { Name = "What changed" }).ClickAsync();
        await Expect(page.Locator("h1")).ToContainTextAsync(Story.Session);
        await person.HasAsync("before all");
        await page.GetByRole(AriaRole.Row).Filter(new() { HasText = Story.Blocked }).First.WaitForAsync();
        await page.GetByLabel("From", new() { Exact = true }).FillAsync("2100-01-01T00:00:00Z");
        await page.GetByRole(AriaRole.Button, new() { Name = "Compare" }).ClickAsync();
        await person.HasAsync("Nothing is otherwise than it was.");
        Assert.True(await page.EvaluateAsync<bool>("document.documentElement.scrollWidth <= window.innerWidth"), "Nothing is wider than the screen.");
        if (Environment.GetEnvironmentVariable("AUDIT_SCREENSHOTS") is { Length: > 0 } folder)
        {
            await page.GoBackAsync();
            await page.ScreenshotAsync(new() { Path = Path.Combine(folder, "difference-narrow.png") });
        }

        await page.GotoAsync($"/task?id={Story.Task}");
        await page.GetByRole(AriaRole.Link, new() { Name = "What changed" }).ClickAsync();
        await Expect(page.Locator("h1")).ToContainTextAsync(Story.Task);
        await page.GetByRole(AriaRole.Link, new() { Name = "in the last hour" }).ClickAsync();
        await Expect(page).ToHaveURLAsync(new System.Text.RegularExpressions.Regex("[?&]from="));
        await page.GotoAsync("/waiting");
        await page.GetByRole(AriaRole.Link, new() { Name = "its policy" }).ClickAsync();
        await Expect(page.Locator("h1")).ToContainTextAsync("What changed in the policy");
        Assert.Empty(person.Complaints);
    }

    [BrowserFact]
    public async Task an_event_that_is_shown_otherwise_than_its_stored_row_says_fails_in_the_browser()
    {
        var node = pages.Node;
        await using var person = await Investigator.OpenAsync(pages.Browser, node.Url);
        var page = person.Page;
        await person.SignInAsync(await node.TokenAsync("ann", "read"), $"/call?session={Story.Session}&call={Story.Blocked}");
        await page.RouteAsync("**/v1/events/*", async route =>
        {
            var answer = await route.FetchAsync();
            await route.FulfillAsync(new() { Response = answer, Body = (await answer.TextAsync()).Replace("\"bash\"", "\"echo\"", StringComparison.Ordinal) });
        });
        await page.GetByRole(AriaRole.Button, new() { Name = "Verify here" }).First.ClickAsync();
        await Expect(page.Locator(".verify-bad")).ToContainTextAsync("is not what the stored row says");
    }

    [BrowserFact]
    public async Task the_live_tail_follows_and_pausing_loses_nothing()
    {
        var node = pages.Node;
        await using var person = await Investigator.OpenAsync(pages.Browser, node.Url);
        var page = person.Page;
        await person.SignInAsync(await node.TokenAsync("ann", "read"), "/live?tool=live.*");
        await Expect(page.Locator("#tail-state")).ToContainTextAsync("following");

        await node.Story.ReportAsync("live", "call-1", 0, Story.Done(), "live.one");
        await Expect(page.Locator("#tail")).ToContainTextAsync("live.one");
        await page.GetByRole(AriaRole.Button, new() { Name = "Pause" }).ClickAsync();
        await Expect(page.Locator("#tail-state")).ToContainTextAsync("paused");
        await node.Story.ReportAsync("live", "call-2", 0, Story.Done(), "live.two");
        await node.Story.ReportAsync("live", "call-3", 0, Story.Done(), "other");
        await node.Story.ReportAsync("live", "call-4", 0, Story.Done("\u202egnp.exe"), "live.three");
        Assert.DoesNotContain("live.two", await page.Locator("#tail").InnerTextAsync());
        await page.GetByRole(AriaRole.Button, new() { Name = "Resume" }).ClickAsync();
        await Expect(page.Locator("#tail")).ToContainTextAsync("live.three");
        Assert.Equal(["live.three", "live.two", "live.one"], await page.Locator("#tail td:nth-child(5)").AllInnerTextsAsync());
        Assert.Empty(person.Complaints);
    }

    [BrowserFact]
    public async Task a_waiting_call_is_decided_and_the_host_hears_of_it()
    {
        // The call that waits is part of what others look at.
        await using var node = await PageNode.StartAsync();
        await using var person = await Investigator.OpenAsync(pages.Browser, node.Url);
        var page = person.Page;
        await person.SignInAsync(await node.TokenAsync("eve", "read", "approve"), "/waiting");
        await page.GetByLabel("Reason", new() { Exact = true }).FillAsync("keep it for a week");
        await page.GetByRole(AriaRole.Button, new() { Name = "Refuse" }).ClickAsync();
        await person.HasAsync("Written into the book at position");
        await person.HasAsync("No call waits.");
        var answer = await node.Admin.GetStringAsync($"/v1/sessions/{Story.Session}/calls/{Story.Waiting}/decision");
        Assert.Contains("keep it for a week", answer);
        Assert.Contains("\"by\":\"eve\"", answer);
        Assert.Empty(person.Complaints);
    }

    [BrowserFact]
    public async Task a_window_is_asked_for_approved_and_revoked()
    {
        var node = pages.Node;
        await using var person = await Investigator.OpenAsync(pages.Browser, node.Url);
        var page = person.Page;
        await person.SignInAsync(await node.TokenAsync("ci-8", "read", "ingest"), "/windows");
        await page.Locator("#task").FillAsync("rotate-keys");
        await page.Locator("#agent").FillAsync("ops-bot");
        await page.GetByLabel("Tools").FillAsync("vault.*, kms.sign");
        await page.Locator("#reason").FillAsync("quarterly rotation");
        await page.GetByRole(AriaRole.Button, new() { Name = "Request the window" }).ClickAsync();
        await person.HasAsync("Written into the book at position");
        await person.HasAsync("vault.*, kms.sign");
        var window = new Uri(page.Url).PathAndQuery;
        await page.GetByRole(AriaRole.Button, new() { Name = "Sign out" }).ClickAsync();

        await person.SignInAsync(await node.TokenAsync("eve", "read", "approve"), window);
        await page.GetByRole(AriaRole.Button, new() { Name = "Approve" }).ClickAsync();
        await Expect(page.Locator("h1")).ToContainTextAsync("open");
        await page.GetByLabel("Reason to revoke").FillAsync("not today");
        await page.GetByRole(AriaRole.Button, new() { Name = "Revoke" }).ClickAsync();
        await Expect(page.Locator("h1")).ToContainTextAsync("revoked");
        await person.HasAsync("not today");
        Assert.Empty(person.Complaints);
    }

    [BrowserFact]
    public async Task a_search_suggests_counts_and_marks_what_it_found()
    {
        var node = pages.Node;
        await using var person = await Investigator.OpenAsync(pages.Browser, node.Url);
        var page = person.Page;
        await person.SignInAsync(await node.TokenAsync("ann", "read"), "/search");
        await person.HasAsync("What can be asked");
        await page.GetByLabel("Query").FillAsync("secrets tool:ba");
        await Expect(page.Locator("#suggestions option[value='secrets tool:bash']")).ToBeAttachedAsync();
        await page.GetByLabel("Query").FillAsync("secrets tool:bash");
        await page.Keyboard.PressAsync("Enter");
        await person.HasAsync("1 call");
        await Expect(page.Locator(".hits mark").First).ToHaveTextAsync("secrets");
        await Expect(page.Locator("#command")).ToHaveTextAsync("audit search 'secrets tool:bash'");
        await page.GetByRole(AriaRole.Link, new() { Name = "blocked 1" }).ClickAsync();
        Assert.Equal("secrets tool:bash state:blocked", await page.GetByLabel("Query").InputValueAsync());
        await page.Locator(".hits a").First.ClickAsync();
        await person.HasAsync("standing refusal");
        Assert.Empty(person.Complaints);

        // The page of a wrong query is a 400, which the console reports too.
        await page.GotoAsync("/search?q=tool:");
        await Expect(page.GetByRole(AriaRole.Alert)).ToBeVisibleAsync();
    }

    [BrowserFact]
    public async Task a_call_is_pinned_to_a_case_and_the_case_goes_out_as_a_page_that_stands_alone()
    {
        var node = pages.Node;
        await using var person = await Investigator.OpenAsync(pages.Browser, node.Url);
        var page = person.Page;
        await person.SignInAsync(
            await node.TokenAsync("eve", "read", "approve"), $"/call?session={Story.Session}&call={Story.Blocked}");
        await page.GetByRole(AriaRole.Link, new() { Name = "Pin to a case" }).ClickAsync();
        await page.GetByLabel("New case").FillAsync("What came after the refusal");
        await page.GetByRole(AriaRole.Button, new() { Name = "Open it and pin this" }).ClickAsync();
        await person.HasAsync("Written into the book at position");
        await Expect(page.Locator(".card .verdict")).ToContainTextAsync("the host reported success");
        await page.GetByLabel("Note", new() { Exact = true }).FillAsync("told the host's owner");
        await page.GetByRole(AriaRole.Button, new() { Name = "Add it" }).ClickAsync();
        await Expect(page.Locator(".events")).ToContainTextAsync("told the host's owner");
        await page.GotoAsync("/search?q=secrets");
        await page.GetByRole(AriaRole.Link, new() { Name = "Pin to a case" }).ClickAsync();
        await page.GetByLabel("Case", new() { Exact = true }).SelectOptionAsync(new SelectOptionValue { Label = "What came after the refusal" });
        await page.GetByRole(AriaRole.Button, new() { Name = "Pin it" }).ClickAsync();
        await Expect(page.Locator(".card")).ToHaveCountAsync(2);

        var download = await page.RunAndWaitForDownloadAsync(
            () => page.GetByRole(AriaRole.Link, new() { Name = "report and proofs" }).ClickAsync());
        Assert.EndsWith(".zip", download.SuggestedFilename);
        using var zip = System.IO.Compression.ZipFile.OpenRead(await download.PathAsync());
        using var report = new StreamReader(zip.GetEntry("report.html")!.Open());
        var html = await report.ReadToEndAsync();
        await page.GetByRole(AriaRole.Button, new() { Name = "Close the case" }).ClickAsync();
        await Expect(page.Locator("h1")).ToContainTextAsync("closed");
        Assert.Empty(person.Complaints);

        await page.SetContentAsync(html);
        await Expect(page.Locator("h1")).ToHaveTextAsync("What came after the refusal");
        await Expect(page.Locator(".found li")).ToHaveCountAsync(2);
        await Expect(page.Locator(".found")).ToContainTextAsync("the host reported success");
    }

    [BrowserFact]
    public async Task a_verification_is_run_and_shows_what_it_found()
    {
        var node = pages.Node;
        await using var person = await Investigator.OpenAsync(pages.Browser, node.Url);
        await person.SignInAsync(await node.TokenAsync("ann", "read"), "/integrity");
        await person.HasAsync("audit.example/orders");
        await person.Page.GetByRole(AriaRole.Button, new() { Name = "Verify now" }).ClickAsync();
        await person.HasAsync("Intact.");
        Assert.Empty(person.Complaints);
    }
}
