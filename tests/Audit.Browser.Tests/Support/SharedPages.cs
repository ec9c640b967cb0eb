using Microsoft.Playwright;

namespace Audit.Browser.Tests.Support;

/// <summary>A node and a browser for several tests: their starts cost more than what is done with them.</summary>
public class SharedPages : IAsyncLifetime
{
    private Chromium? chromium;
    private PageNode? node;

    internal PageNode Node => node!;

    internal IBrowser Browser => chromium!.Browser;

    public async Task InitializeAsync()
    {
        if (Chromium.Unavailable is null)
        {
            (chromium, node) = (await Chromium.StartAsync(), await PageNode.StartAsync());
        }
    }

    public async Task DisposeAsync()
    {
        await (node?.DisposeAsync() ?? default);
        await (chromium?.DisposeAsync() ?? default);
    }
}

/// <summary>Tests that look at the story and leave it as it is.</summary>
[CollectionDefinition(Name)]
public sealed class LookedAtPages : ICollectionFixture<SharedPages>
{
    public const string Name = "looked at";
}

/// <summary>Tests that add to the story, and leave what is in it as it is.</summary>
[CollectionDefinition(Name)]
public sealed class UsedPages : ICollectionFixture<SharedPages>
{
    public const string Name = "used";
}
