using System.Net.Http.Json;
using System.Text.Json;
using Audit.Browser.Tests.Support;
using Microsoft.Playwright;

namespace Audit.Browser.Tests;

/// <summary>What axe-core finds on every page, in light and dark.</summary>
[Collection(LookedAtPages.Name)]
public sealed class AccessibilityTests(SharedPages pages)
{
    private const string Run = """
        async rules => (await axe.run(document, {
            preload: false, resultTypes: ['violations'], ...(rules.length ? { runOnly: rules } : {}),
        })).violations
            .filter(found => ['serious', 'critical'].includes(found.impact))
            .map(found => `${found.id}: ${found.help}: ${found.nodes.slice(0, 4).map(node => node.html.slice(0, 200) + ' ' + (node.any[0]?.message ?? '')).join(' | ')}`)
        """;

    /// <summary>The rules that look at colours.</summary>
    private static readonly string[] OfColours = ["color-contrast", "link-in-text-block"];

    private static readonly string[] Pages =
    [
        "/overview", "/overview?range=week", "/waiting", "/search", "/search?q=sql", "/search?q=sql&sort=ran", "/search?q=sql&columns=at,tool,state", "/things", "/thing?name=table:orders", "/nonsense", "/sessions", $"/session?id={Story.Session}",
        $"/call?session={Story.Session}&call={Story.Blocked}", $"/call?session={Story.Session}&call=call-export",
        $"/call?session={Story.Session}&call={Story.Waiting}", "/tasks", $"/task?id={Story.Task}", "/windows", $"/window?id={Story.WindowId}",
        "/window?id=w-reindex", "/live", "/integrity", "/violations", "/calls?state=running", "/strayed", "/tokens", "/session?id=none", "/cases", "/alerts",
        "/cases?q=sql",
        $"/diff?session={Story.Session}", $"/diff?task={Story.Task}", "/policy",
    ];

    [AxeFact]
    public async Task axe_finds_nothing_serious_on_any_page()
    {
        var node = pages.Node;
        var axe = await File.ReadAllTextAsync(AxeFactAttribute.File!);
        var found = new List<string>();
        await using var person = await Investigator.OpenAsync(pages.Browser, node.Url);
        await person.Page.GotoAsync("/sign-in");
        await LookAsync(person.Page, axe, "/sign-in", found);
        await person.SignInAsync(node.AdminToken);
        var waiting = await node.Admin.GetFromJsonAsync<JsonElement>("/v1/waiting");
        var question = waiting.GetProperty("items")[0].GetProperty("question").GetProperty("question").GetString();
        foreach (var page in Pages.Append("/decide/" + question))
        {
            await person.Page.GotoAsync(page);
            await LookAsync(person.Page, axe, page, found);
        }

        Assert.True(found.Count == 0, string.Join("\n", found));
    }

    private static async Task LookAsync(IPage page, string axe, string name, List<string> found)
    {
        // By the debugger and not by an element, for the pages' policy lets no other script in.
        await page.EvaluateAsync(axe);
        foreach (var scheme in new[] { ColorScheme.Light, ColorScheme.Dark })
        {
            await page.EmulateMediaAsync(new() { ColorScheme = scheme });
            // What is in a page is the same in both; only its colours are not.
            string[] rules = scheme == ColorScheme.Light ? [] : OfColours;
            var some = await page.EvaluateAsync<string[]>(Run, rules);
            found.AddRange(some.Select(one => $"{name} {scheme}: {one}"));
        }
    }
}
