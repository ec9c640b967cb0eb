using System.Net.Http.Json;
using System.Text.Json;
using Audit.Browser.Tests.Support;
using Microsoft.Playwright;
using static Microsoft.Playwright.Assertions;

namespace Audit.Browser.Tests;

/// <summary>What waits, with stops and approvals beside it, and one question on a phone.</summary>
[Collection(UsedPages.Name)]
public sealed class DecideTests(SharedPages pages)
{
    private const string Policy = """
        {"preset":"ask","rules":[
          {"name":"schema otherwise","tool":"sql.*","then":"ask","approvers":["e*","d*"],"people":2,
           "feedback":"Look at the backup of the night first, and say so in the reason."}]}
        """;

    private const string Smallest = """
        () => Math.min(...[...document.querySelectorAll('.decide button, .decide .tick')].map(one => one.getBoundingClientRect().height))
        """;

    [BrowserFact]
    public async Task a_question_of_two_persons_is_decided_by_its_address_on_a_phone()
    {
        await using var node = await PageNode.StartAsync(Policy);
        var address = await AskAsync(node);
        await using var first = await Investigator.OpenAsync(pages.Browser, node.Url);
        await first.SignInAsync(await node.TokenAsync("erin", "read", "approve"), "/waiting");
        foreach (var width in new[] { 1440, 1024, 390 })
        {
            await first.Page.SetViewportSizeAsync(width, 860);
            await first.Page.GotoAsync("/waiting");
            await first.HasAsync("nobody yet, of 2 persons");
            await LookAsync(first, $"waiting-{width}");
            await first.Page.GotoAsync(address);
            await first.HasAsync("What would run is not what was asked for");
            await LookAsync(first, $"decide-{width}");
        }

        Assert.True(await first.Page.EvaluateAsync<double>(Smallest) >= 44, "A thumb finds every button.");
        await first.Page.GetByLabel("Reason", new() { Exact = true }).FillAsync("the backup is there");
        await first.Page.GetByRole(AriaRole.Button, new() { Name = "Approve once" }).ClickAsync();
        await first.HasAsync("erin did: it takes another one.");
        Assert.Empty(first.Complaints);

        await using var second = await Investigator.OpenAsync(pages.Browser, node.Url, width: 390);
        await second.SignInAsync(await node.TokenAsync("edda", "read", "approve"), address);
        await second.HasAsync("erin did: it takes another one.");
        await second.Page.GetByRole(AriaRole.Button, new() { Name = "Approve once" }).ClickAsync();
        await second.HasAsync("Nothing waits under this question any more");
        await Expect(second.Page.Locator("main")).ToContainTextAsync("by edda");
        await LookAsync(second, "decided-390");
        Assert.Empty(second.Complaints);
    }

    /// <summary>Nothing is wider than the screen; a picture of it is kept where somebody wants one.</summary>
    private static async Task LookAsync(Investigator person, string name)
    {
        Assert.True(
            await person.Page.EvaluateAsync<bool>("document.documentElement.scrollWidth <= window.innerWidth"), $"{name} is wider than the screen.");
        if (Environment.GetEnvironmentVariable("AUDIT_SCREENSHOTS") is { Length: > 0 } folder)
        {
            await person.Page.ScreenshotAsync(new() { Path = Path.Combine(folder, name + ".png"), FullPage = true });
        }
    }

    /// <returns>The address of a question that two persons approve, beside which another is asked and orders stand.</returns>
    private static async Task<string> AskAsync(PageNode node)
    {
        using var host = node.ClientWith(await node.TokenAsync("ci-9", "ingest"));
        using var person = node.ClientWith(await node.TokenAsync("erin", "read", "approve"));
        foreach (var (call, path, decision) in new[] { ("q-0", "drafts", "reject"), ("q-1", "deploy", "approve-for-session") })
        {
            var asked = await QuestionAsync(host, call, "fs.write", new { path });
            var answer = await person.PostAsJsonAsync(
                $"/v1/sessions/q-session/calls/{call}/decision?source=ci-9",
                new { decision, feedback = "not in that folder", sequence = asked.GetProperty("sequence").GetInt64(), question = asked.GetProperty("question").GetString() });
            answer.EnsureSuccessStatusCode();
        }

        (await person.PostAsJsonAsync("/v1/stops", new { agent = "rogue-agent", reason = "it wrote to what is not its own" })).EnsureSuccessStatusCode();
        await QuestionAsync(host, "q-2", "deploy.release", new { version = "2026.11.3", to = "production" }, location: "/srv/releases/orders");
        var refused = await QuestionAsync(host, "q-3", "sql.execute", new { sql = "DROP TABLE orders_old" });
        (await person.PostAsJsonAsync(
            "/v1/sessions/q-session/calls/q-3/decision?source=ci-9",
            new { decision = "reject", feedback = "not before the month is closed", question = refused.GetProperty("question").GetString(), sequence = refused.GetProperty("sequence").GetInt64() }))
            .EnsureSuccessStatusCode();
        var question = await QuestionAsync(
            host, "q-4", "sql.execute", new { sql = "ALTER TABLE orders ADD COLUMN note text", database = "orders-eu-west-1.internal.example" },
            effective: new { sql = "ALTER TABLE orders ADD COLUMN note text NOT NULL DEFAULT ''", database = "orders-eu-west-1.internal.example" });
        return "/decide/" + question.GetProperty("question").GetString();
    }

    private static async Task<JsonElement> QuestionAsync(
        HttpClient host, string call, string tool, object input, object? effective = null, string? location = null)
    {
        var answer = await host.PostAsJsonAsync("/v1/decide", new
        {
            session_id = "q-session", task_id = Story.Task, agent = Story.Agent, tool_call_id = call, tool_name = tool, turn = 1, requested_input = input,
            effective_input = effective ?? input, location = location ?? "/srv", permission = new { kind = "custom-tool" },
        });
        answer.EnsureSuccessStatusCode();
        return (await answer.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("question");
    }
}
