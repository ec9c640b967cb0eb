using Audit.Browser.Tests.Support;
using Microsoft.Playwright;

namespace Audit.Browser.Tests;

/// <summary>The pictures of the README, taken of a node with a story in it.</summary>
[Collection(LookedAtPages.Name)]
public sealed class Screenshots(SharedPages pages)
{
    /// <summary>Where docs/screenshots.sh wants the pictures; without it they are looked at and dropped.</summary>
    private const string Folder = "AUDIT_SCREENSHOTS";

    /// <summary>A page has text with smooth edges, so that even a plain one has hundreds of colours.</summary>
    private const int FewestColours = 100;

    private const string CountColours = """
        async data => {
            const image = new Image();
            image.src = data;
            await image.decode();
            const canvas = new OffscreenCanvas(image.width, image.height).getContext('2d');
            canvas.drawImage(image, 0, 0);
            return new Set(new Uint32Array(canvas.getImageData(0, 0, image.width, image.height).data.buffer)).size;
        }
        """;

    private static readonly (string Name, string Path, ColorScheme Scheme)[] Pictures =
    [
        ("overview-light", "/overview", ColorScheme.Light),
        ("session-light", $"/session?id={Story.Session}", ColorScheme.Light),
        ("session-dark", $"/session?id={Story.Session}", ColorScheme.Dark),
        ("call-light", $"/call?session={Story.Session}&call={Story.Blocked}", ColorScheme.Light),
        ("call-dark", $"/call?session={Story.Session}&call={Story.Blocked}", ColorScheme.Dark),
    ];

    [BrowserFact]
    public async Task a_picture_of_each_page_in_light_and_dark_is_not_blank()
    {
        var node = pages.Node;
        var token = await node.TokenAsync("ann", "read", "approve");
        foreach (var (name, path, scheme) in Pictures)
        {
            await using var person = await Investigator.OpenAsync(pages.Browser, node.Url, scheme: scheme, height: 900);
            await person.SignInAsync(token, path);
            var picture = await person.Page.ScreenshotAsync(new() { Animations = ScreenshotAnimations.Disabled });
            var data = "data:image/png;base64," + Convert.ToBase64String(picture);
            var colours = await person.Page.EvaluateAsync<int>(CountColours, data);
            Assert.True(colours >= FewestColours, $"{name} has {colours} colours.");
            if (Environment.GetEnvironmentVariable(Folder) is { Length: > 0 } folder)
            {
                await File.WriteAllBytesAsync(Path.Combine(folder, name + ".png"), picture);
            }
        }
    }
}
