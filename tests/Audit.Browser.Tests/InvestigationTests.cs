using System.Globalization;
using System.Net.Http.Json;
using Audit.Browser.Tests.Support;
using Microsoft.Playwright;
using static Microsoft.Playwright.Assertions;

namespace Audit.Browser.Tests;

/// <summary>What an investigator with one minute finds, on a store of other names than any example has.</summary>
[Collection(UsedPages.Name)]
public sealed class InvestigationTests(SharedPages pages)
{
    private const string Table = "parcels", Task = "relabel-parcels", Agent = "mule-3", Session = "depot-19";
    private static readonly SemaphoreSlim Playing = new(1);
    private static bool played;

    [BrowserFact]
    public async Task who_changed_this_row_last_tuesday()
    {
        await using var person = await ArriveAsync();
        await ThingAsync(person.Page);
        await person.Page.GetByLabel("When").SelectOptionAsync("last-tuesday");
        await person.Page.GetByLabel("with the words").FillAsync("8812");
        await person.Page.GetByRole(AriaRole.Button, new() { Name = "Filter" }).ClickAsync();
        var row = person.Page.Locator("tbody tr");
        await Expect(row).ToHaveCountAsync(1);
        await Expect(row).ToContainTextAsync("wrote");
        await Expect(row).ToContainTextAsync("tuesday-change");
        await Expect(row).ToContainTextAsync(Agent);
        Assert.Empty(person.Complaints);
    }

    [BrowserFact]
    public async Task did_any_agent_read_the_table_during_the_window()
    {
        await using var person = await ArriveAsync();
        await ThingAsync(person.Page);
        await person.Page.GetByLabel("When").SelectOptionAsync(new SelectOptionValue { Label = "while w-parcels was open" });
        await person.Page.GetByRole(AriaRole.Button, new() { Name = "Filter" }).ClickAsync();
        await Expect(person.Page.Locator("tbody")).ToContainTextAsync("window-read");
        await Expect(person.Page.Locator("tbody")).Not.ToContainTextAsync("tuesday-change");
        await Expect(person.Page.Locator(".verdict")).ToContainTextAsync("read it");
    }

    [BrowserFact]
    public async Task which_task_authorised_the_schema_change_who_approved_and_what_was_done_outside()
    {
        await using var person = await ArriveAsync();
        await ThingAsync(person.Page);
        var row = person.Page.Locator("tbody tr", new() { HasText = "window-alter" });
        await Expect(row).ToContainTextAsync(Task);
        await row.GetByRole(AriaRole.Link, new() { Name = "w-parcels" }).ClickAsync();
        await Expect(person.Page.Locator(".verdict")).ToContainTextAsync("dana approved it");
        await Expect(person.Page.Locator("section[aria-labelledby=outside]")).ToContainTextAsync("tuesday-change");
    }

    [BrowserFact]
    public async Task what_runs_and_what_waits_now()
    {
        await using var person = await ArriveAsync();
        await person.Page.GetByRole(AriaRole.Link, new() { Name = "Waiting", Exact = true }).ClickAsync();
        await person.HasAsync("DROP TABLE parcels_old");
        await person.Page.GotoAsync("/overview");
        await person.Page.Locator(".tile", new() { HasText = "Running" }).GetByRole(AriaRole.Link).ClickAsync();
        await person.HasAsync("now-running");
    }

    [BrowserFact]
    public async Task a_sentence_stands_first_and_its_parts_lead_to_their_proofs()
    {
        await using var person = await ArriveAsync();
        await person.Page.GotoAsync($"/call?session={Story.Session}&call={Story.Blocked}");
        var sentence = person.Page.Locator(".verdict");
        await Expect(sentence).ToContainTextAsync("the host reported success 6 s later all the same");
        await sentence.GetByRole(AriaRole.Link, new() { Name = "the host reported success" }).ClickAsync();
        await Expect(person.Page.Locator(".event:target")).ToContainTextAsync("standing refusal");
        await person.Page.GotoAsync($"/session?id={Story.Session}");
        await person.Page.Locator(".verdict").GetByRole(AriaRole.Link, new() { Name = "1 refused" }).ClickAsync();
        await Expect(person.Page.Locator(".hits")).ToContainTextAsync("secrets");
    }

    [BrowserFact]
    public async Task a_changed_input_is_marked_where_the_call_stands()
    {
        await using var person = await ArriveAsync();
        await person.Page.GotoAsync($"/session?id={Story.Session}");
        await Expect(person.Page.Locator("tbody tr", new() { HasText = "call-export" })).ToContainTextAsync("input changed");
        await person.Page.GotoAsync($"/call?session={Story.Session}&call=call-export");
        await person.HasAsync("What was executed is not what was asked for");
    }

    [BrowserFact]
    public async Task a_session_of_many_calls_says_how_many_it_draws_and_is_narrowed_by_drawing_over_it()
    {
        await using var person = await ArriveAsync();
        var page = person.Page;
        await page.GotoAsync("/session?id=many");
        await person.HasAsync("50 of 130 calls");
        await page.GetByLabel("Mark").SelectOptionAsync("failed");
        await page.GetByRole(AriaRole.Button, new() { Name = "Filter" }).ClickAsync();
        await person.HasAsync("13 of 13 calls");
        await page.GotoAsync("/session?id=many");
        var box = (await page.Locator("svg[data-brush]").BoundingBoxAsync())!;
        await page.Mouse.MoveAsync(box.X + 5, box.Y + 40);
        await page.Mouse.DownAsync();
        await page.Mouse.MoveAsync(box.X + (box.Width / 4), box.Y + 40, new() { Steps = 4 });
        await page.Mouse.UpAsync();
        await page.WaitForURLAsync("**from=**");
        await person.HasAsync("in this time");
        var words = (await page.Locator("p[role=status] b").First.InnerTextAsync()).Split(' ');
        Assert.InRange(int.Parse(words[2], CultureInfo.InvariantCulture), 20, 50);
        Assert.Empty(person.Complaints);
    }

    [BrowserFact]
    public async Task a_search_is_narrowed_by_time_and_name_ordered_and_kept()
    {
        await using var person = await ArriveAsync();
        var page = person.Page;
        await page.GotoAsync("/search?q=session:many");
        await person.HasAsync("130 calls");
        await page.GetByRole(AriaRole.Navigation, new() { Name = "Agents of what matches" }).GetByRole(AriaRole.Link, new() { Name = Agent }).ClickAsync();
        Assert.Equal($"session:many agent:{Agent}", await page.GetByLabel("Query").InputValueAsync());
        await page.GetByRole(AriaRole.Link, new() { Name = "Ran", Exact = true }).ClickAsync();
        await Expect(page.Locator("th[aria-sort=descending]")).ToContainTextAsync("Ran");
        await Expect(page.Locator(".hits tr").First).ToContainTextAsync("12.9 s");
        await page.GetByText("Columns", new() { Exact = true }).ClickAsync();
        await page.GetByLabel("session").UncheckAsync();
        await page.GetByRole(AriaRole.Button, new() { Name = "Show these" }).ClickAsync();
        await Expect(page.GetByRole(AriaRole.Columnheader, new() { Name = "Session" })).ToHaveCountAsync(0);
        await page.GetByText("Keep this search").ClickAsync();
        await page.GetByLabel("as", new() { Exact = true }).FillAsync("the slow ones");
        await page.GetByRole(AriaRole.Button, new() { Name = "Keep it" }).ClickAsync();
        await person.HasAsync("Kept as the slow ones by ann");
        var json = await page.RunAndWaitForDownloadAsync(() => page.GetByRole(AriaRole.Link, new() { Name = "JSON", Exact = true }).ClickAsync());
        using (var all = System.Text.Json.JsonDocument.Parse(await File.ReadAllTextAsync(await json.PathAsync())))
        {
            Assert.Equal((130, true), (all.RootElement.GetProperty("count").GetInt32(), all.RootElement.GetProperty("complete").GetBoolean()));
        }

        var table = await page.RunAndWaitForDownloadAsync(() => page.GetByRole(AriaRole.Link, new() { Name = "CSV", Exact = true }).ClickAsync());
        Assert.Equal("search.csv", table.SuggestedFilename);
        Assert.Equal(131, (await File.ReadAllLinesAsync(await table.PathAsync())).Length);
        await page.GotoAsync("/search");
        await page.GetByRole(AriaRole.Navigation, new() { Name = "Searches that are kept" }).GetByRole(AriaRole.Link, new() { Name = "the slow ones" }).ClickAsync();
        await person.HasAsync("130 calls");
        await Expect(page.Locator("th[aria-sort=descending]")).ToContainTextAsync("Ran");
        await Expect(page.GetByRole(AriaRole.Columnheader, new() { Name = "Session" })).ToHaveCountAsync(0);
        await page.GetByRole(AriaRole.Button, new() { Name = "Remove it" }).ClickAsync();
        await Expect(page.GetByRole(AriaRole.Navigation, new() { Name = "Searches that are kept" })).ToHaveCountAsync(0);
        await page.GetByText("Time", new() { Exact = true }).ClickAsync();
        await page.Locator("#until").FillAsync("2020-01-01T00:00");
        await page.GetByRole(AriaRole.Button, new() { Name = "Look there" }).ClickAsync();
        await person.HasAsync("Nothing in the book matches");
        Assert.EndsWith("before:2020-01-01T00:00:00Z", await page.GetByLabel("Query").InputValueAsync());
        Assert.Empty(person.Complaints);
    }

    [BrowserFact]
    public async Task a_call_that_failed_looks_like_none_that_succeeded()
    {
        await using var person = await ArriveAsync();
        foreach (var path in new[] { "/session?id=many", "/search?q=session:many" })
        {
            await person.Page.GotoAsync(path);
            var (failed, done) = (person.Page.Locator("tbody .state-failed").First, person.Page.Locator("tbody .state-completed").First);
            await Expect(failed).ToContainTextAsync("failed");
            await Expect(done).ToContainTextAsync("completed");
            Assert.NotEqual(await ColourAsync(done, "color"), await ColourAsync(failed, "color"));
        }

        await person.Page.GotoAsync("/session?id=many");
        Assert.NotEqual(
            await ColourAsync(person.Page.Locator(".segment-running").First, "fill"), await ColourAsync(person.Page.Locator(".segment-failed").First, "fill"));
        await person.HasAsync("failed 13 of them");
    }

    [BrowserFact]
    public async Task the_counts_of_the_overview_are_those_of_the_lists_that_they_lead_to()
    {
        await using var person = await ArriveAsync();
        var page = person.Page;
        foreach (var name in new[] { "Running", "Violations", "Outside a window" })
        {
            await page.GotoAsync("/overview");
            var tile = page.Locator(".tile", new() { Has = page.GetByText(name, new() { Exact = true }) }).GetByRole(AriaRole.Link);
            var count = int.Parse(await tile.Locator(".tile-count").InnerTextAsync(), CultureInfo.InvariantCulture);
            Assert.InRange(count, 1, 49);
            await tile.ClickAsync();
            await Expect(page.Locator("tbody tr")).ToHaveCountAsync(count);
        }
    }

    [BrowserFact]
    public async Task pages_go_packed_and_a_mistyped_address_is_a_page_that_leads_on()
    {
        await using var person = await ArriveAsync();
        var page = person.Page;
        Assert.Equal("br", (await page.GotoAsync("/sessions"))!.Headers["content-encoding"]);
        Assert.Equal(404, (await page.GotoAsync("/sesions"))!.Status);
        await person.HasAsync("There is no page at /sesions");
        await page.GetByRole(AriaRole.Link, new() { Name = "Sessions", Exact = true }).ClickAsync();
        Assert.Equal("Sessions", await person.HeadingAsync());
    }

    [BrowserFact]
    public async Task every_example_of_the_search_is_answered()
    {
        await using var person = await ArriveAsync();
        await person.Page.GotoAsync("/search");
        var links = await person.Page.Locator(".keys a").EvaluateAllAsync<string[]>("all => all.map(one => one.getAttribute('href'))");
        Assert.True(links.Length > 12, $"{links.Length} examples");
        foreach (var link in links)
        {
            Assert.Equal(200, (await person.Page.GotoAsync(link))!.Status);
        }
    }

    [BrowserFact]
    public async Task times_are_shown_as_the_reader_wants_them()
    {
        await using var person = await ArriveAsync("Asia/Tokyo");
        var page = person.Page;
        await page.GotoAsync($"/session?id={Session}");
        var time = page.Locator("tbody time").First;
        var sent = DateTime.Parse(await time.InnerTextAsync(), CultureInfo.InvariantCulture);
        await page.GetByLabel("Times").SelectOptionAsync("local");
        await Expect(time).ToHaveTextAsync(sent.AddHours(9).ToString("yyyy-MM-dd HH:mm:ss", CultureInfo.InvariantCulture));
        await page.GetByLabel("Times").SelectOptionAsync("ago");
        await Expect(time).ToContainTextAsync("ago");
        await page.GotoAsync("/sessions");
        await Expect(page.Locator("tbody time").First).ToContainTextAsync("ago");
        await page.GetByLabel("Times").SelectOptionAsync("utc");
        await page.GotoAsync($"/session?id={Session}");
        await Expect(time).ToHaveTextAsync(sent.ToString("yyyy-MM-dd HH:mm:ss", CultureInfo.InvariantCulture));
        Assert.Empty(person.Complaints);
    }

    [BrowserFact]
    public async Task on_a_phone_no_page_is_wider_than_the_screen_and_no_name_breaks()
    {
        await using var person = await ArriveAsync(width: 390);
        foreach (var path in new[]
        {
            "/overview", "/waiting", "/sessions", $"/session?id={Story.Session}", $"/call?session={Story.Session}&call={Story.Blocked}", "/search", "/search?q=sql",
            "/things", $"/thing?name=table:{Table}", "/tasks", $"/task?id={Story.Task}", "/windows", "/window?id=w-parcels", "/live", "/integrity", "/violations",
        })
        {
            await person.Page.GotoAsync(path);
            var seen = await person.Page.EvaluateAsync<int[]>("""
                () => [document.documentElement.scrollWidth, document.querySelector('.top').offsetHeight,
                    Math.max(0, ...[...document.querySelectorAll('td.code:not(.text), .mark, .state')].map(one => one.getClientRects().length))]
                """);
            Assert.True(seen[0] <= 390, $"{path} is {seen[0]} wide");
            Assert.True(seen[1] <= 150, $"{path} has a head of {seen[1]}");
            Assert.True(seen[2] <= 1, $"{path} breaks a name");
        }
    }

    [BrowserFact]
    public async Task who_approves_sees_for_how_long_and_gives_less_and_who_asked_is_told_why_not()
    {
        var node = pages.Node;
        await using var person = await Investigator.OpenAsync(pages.Browser, node.Url);
        var page = person.Page;
        var both = await node.TokenAsync("gil", "read", "ingest", "approve");
        using var asking = node.ClientWith(both);
        await PostAsync(asking, "/v1/windows", new { alias = "w-short", task_id = "t-short", agent = "a", scope = new[] { "sql.*" }, reason = "r", duration = "4h" });
        await person.SignInAsync(both, "/window?id=w-short");
        await person.HasAsync("4 h");
        await Expect(page.GetByRole(AriaRole.Button, new() { Name = "Approve" })).ToBeDisabledAsync();
        await person.HasAsync("may not approve it");
        await page.GetByRole(AriaRole.Button, new() { Name = "Sign out" }).ClickAsync();
        await person.SignInAsync(await node.TokenAsync("eve", "read", "approve"), "/window?id=w-short");
        await page.GetByLabel("for", new() { Exact = true }).FillAsync("15m");
        await page.GetByRole(AriaRole.Button, new() { Name = "Approve" }).ClickAsync();
        await Expect(page.Locator("h1")).ToContainTextAsync("open");
        var times = await page.Locator("dl.facts").First.Locator("div", new() { HasTextRegex = new System.Text.RegularExpressions.Regex("^(Opens|Closes)") })
            .Locator("time").EvaluateAllAsync<DateTime[]>("all => all.map(one => one.dateTime)");
        Assert.InRange((times[1] - times[0]).TotalMinutes, 14.5, 15.1);
        Assert.Empty(person.Complaints);
    }

    private static Task<string> ColourAsync(ILocator one, string of) =>
        one.EvaluateAsync<string>("(element, of) => getComputedStyle(element)[of]", of);

    /// <summary>The second click: the first leads to the list.</summary>
    private static async Task ThingAsync(IPage page)
    {
        await page.GetByRole(AriaRole.Link, new() { Name = "Things", Exact = true }).ClickAsync();
        await page.GetByRole(AriaRole.Link, new() { Name = Table, Exact = true }).ClickAsync();
        await Expect(page.Locator("h1")).ToContainTextAsync($"table:{Table}");
    }

    private async Task<Investigator> ArriveAsync(string? zone = null, int width = 1280)
    {
        await PlayAsync();
        var person = await Investigator.OpenAsync(pages.Browser, pages.Node.Url, width: width, zone: zone);
        await person.SignInAsync(await pages.Node.TokenAsync("ann", "read"));
        return person;
    }

    private async Task PlayAsync()
    {
        await Playing.WaitAsync();
        try
        {
            if (!played)
            {
                await TellAsync(pages.Node);
                played = true;
            }
        }
        finally
        {
            Playing.Release();
        }
    }

    private static async Task TellAsync(PageNode node)
    {
        using var host = node.ClientWith(await node.TokenAsync("depot", "ingest"));
        using var approver = node.ClientWith(await node.TokenAsync("dana", "approve"));
        var story = new Story(host, new StoryClock());
        var back = ((int)DateTime.UtcNow.DayOfWeek - (int)DayOfWeek.Tuesday + 7) % 7;
        var tuesday = DateTime.UtcNow.Date.AddDays(back == 0 ? -7 : -back).AddHours(14);
        await story.ReportAsync(
            Session, "tuesday-change", (DateTime.UtcNow - tuesday).TotalMinutes, Story.Done("UPDATE 1"), "db.run", new { sql = $"UPDATE {Table} SET label = 'b' WHERE id = 8812" },
            task: Task, agent: Agent);
        await PostAsync(host, "/v1/windows", new
        {
            alias = "w-parcels", task_id = Task, agent = Agent, scope = new[] { "db.*" }, reason = "labels of another size", duration = "1h",
        });
        await PostAsync(approver, "/v1/windows/w-parcels/approve", new { });
        // A story stands where it was begun.
        story = new Story(host, new StoryClock());
        await story.ReportAsync(Session, "window-read", 0, Story.Done("3 rows"), "db.run", new { sql = $"SELECT * FROM {Table} LIMIT 3" }, task: Task, agent: Agent);
        await story.ReportAsync(
            Session, "window-alter", 0, Story.Done("ALTER TABLE"), "db.run", new { sql = $"ALTER TABLE {Table} ADD COLUMN size text" }, task: Task, agent: Agent);
        await story.ReportAsync(Session, "now-running", 0, Story.Kind("started"), "db.run", new { sql = "SELECT 1" }, task: Task, agent: Agent);
        await story.ReportAsync(
            Session, "now-waiting", 0, Story.Asked("Drop the old table?"), "db.run", new { sql = "DROP TABLE parcels_old" }, task: Task, agent: Agent, tier: "Confirm");
        for (var call = 0; call < 130; call++)
        {
            await story.ReportAsync(
                "many", $"many-{call:000}", 130 - call, Story.Done(took: call * 100, success: call % 10 != 0), call % 2 == 0 ? "db.run" : "fs.read", task: null, agent: Agent);
        }
    }

    private static async Task PostAsync(HttpClient client, string path, object body)
    {
        using var answer = await client.PostAsJsonAsync(path, body);
        Assert.True(answer.IsSuccessStatusCode, await answer.Content.ReadAsStringAsync());
    }
}
