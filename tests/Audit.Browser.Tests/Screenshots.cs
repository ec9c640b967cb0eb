using Audit.Browser.Tests.Support;
using Microsoft.Playwright;

namespace Audit.Browser.Tests;

/// <summary>The pictures of the README, taken of a node to which the story was told.</summary>
public sealed class Screenshots
{
    private static readonly (string Name, string Path, ColorScheme Scheme)[] Pictures =
    [
        ("overview-light", "/overview", ColorScheme.Light),
        ("session-light", $"/session?id={Story.Session}", ColorScheme.Light),
        ("session-dark", $"/session?id={Story.Session}", ColorScheme.Dark),
        ("call-light", $"/call?session={Story.Session}&call={Story.Blocked}", ColorScheme.Light),
        ("call-dark", $"/call?session={Story.Session}&call={Story.Blocked}", ColorScheme.Dark),
    ];

    [ScreenshotFact]
    public async Task pages_in_light_and_dark()
    {
        await using var node = await PageNode.StartAsync();
        var token = await node.TokenAsync("ann", "read", "approve");
        foreach (var (name, path, scheme) in Pictures)
        {
            await using var person = await Investigator.OpenAsync(node.Url, scheme: scheme, height: 900);
            await person.SignInAsync(token, path);
            await person.Page.ScreenshotAsync(new PageScreenshotOptions
            {
                Path = System.IO.Path.Combine(ScreenshotFactAttribute.Folder!, name + ".png"), Animations = ScreenshotAnimations.Disabled,
            });
        }
    }
}
