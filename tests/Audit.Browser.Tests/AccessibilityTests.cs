using System.Text.Json;
using Audit.Browser.Tests.Support;
using Microsoft.Playwright;

namespace Audit.Browser.Tests;

/// <summary>What axe-core finds on every page, in light and dark.</summary>
public sealed class AccessibilityTests
{
    private const string Run = """
        async () => (await axe.run(document, { preload: false })).violations
            .filter(found => ['serious', 'critical'].includes(found.impact))
            .map(found => `${found.id}: ${found.help}: ${found.nodes.slice(0, 4).map(node => node.html.slice(0, 200) + ' ' + (node.any[0]?.message ?? '')).join(' | ')}`)
        """;

    private static readonly string[] Pages =
    [
        "/overview", "/overview?range=week", "/waiting", "/search", "/search?q=sql", "/sessions", $"/session?id={Story.Session}",
        $"/call?session={Story.Session}&call={Story.Blocked}", $"/call?session={Story.Session}&call=call-export",
        $"/call?session={Story.Session}&call={Story.Waiting}", "/tasks", $"/task?id={Story.Task}", "/windows", $"/window?id={Story.WindowId}",
        "/window?id=w-reindex", "/live", "/integrity", "/violations", "/calls?state=running", "/strayed", "/tokens", "/session?id=none",
    ];

    [AxeFact]
    public async Task axe_finds_nothing_serious_on_any_page()
    {
        await using var node = await PageNode.StartAsync();
        var axe = await File.ReadAllTextAsync(AxeFactAttribute.File!);
        var found = new List<string>();
        foreach (var scheme in new[] { ColorScheme.Light, ColorScheme.Dark })
        {
            await using var person = await Investigator.OpenAsync(node.Url, scheme: scheme);
            await person.Page.GotoAsync("/sign-in");
            found.AddRange(await LookAsync(person.Page, axe, $"/sign-in {scheme}"));
            await person.SignInAsync(node.AdminToken);
            foreach (var page in Pages)
            {
                await person.Page.GotoAsync(page);
                found.AddRange(await LookAsync(person.Page, axe, $"{page} {scheme}"));
            }
        }

        Assert.True(found.Count == 0, string.Join("\n", found));
    }

    private static async Task<IEnumerable<string>> LookAsync(IPage page, string axe, string name)
    {
        // By the debugger and not by an element, for the pages' policy lets no other script in.
        await page.EvaluateAsync(axe);
        var found = await page.EvaluateAsync<JsonElement>(Run);
        return found.EnumerateArray().Select(one => $"{name}: {one.GetString()}");
    }
}
