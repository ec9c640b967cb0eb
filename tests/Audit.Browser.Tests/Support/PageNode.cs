using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json;
using Audit.Node.CommandLine.Demo;

namespace Audit.Browser.Tests.Support;

/// <summary>A node of its own, with the story in it, and tokens for those who look at it.</summary>
internal sealed class PageNode : IAsyncDisposable
{
    private readonly TemporaryDirectory directory;
    private readonly RunningNode node;
    private readonly Dictionary<string, string> tokens = [];

    private PageNode(TemporaryDirectory directory, RunningNode node)
    {
        this.directory = directory;
        this.node = node;
        Admin = ClientWith(AdminToken);
    }

    public string Url => node.Urls[0];

    public string Data => directory.File("data");

    public string AdminToken => File.ReadAllText(node.TokenFile).Trim();

    public HttpClient Admin { get; }

    public Story Story { get; private set; } = null!;

    /// <param name="policy">By which it answers hosts that ask; null where it enforces nothing.</param>
    public static async Task<PageNode> StartAsync(string? policy = null)
    {
        var clock = new StoryClock();
        var directory = new TemporaryDirectory();
        var options = new NodeOptions
        {
            Store = "sqlite:" + directory.File("journal.db"), Data = directory.File("data"), Urls = "http://127.0.0.1:0", LogOrigin = "audit.example/orders",
        };
        if (policy is not null)
        {
            File.WriteAllText(directory.File("policy.json"), policy);
            options = options with { Policy = directory.File("policy.json") };
        }

        var started = new PageNode(directory, await NodeHost.StartAsync(options, new NodeSeams { Clock = clock }, CancellationToken.None));
        using var approver = started.ClientWith(await started.TokenAsync("dana", "approve"));
        using var host = started.ClientWith(await started.TokenAsync("ci-7", "ingest"));
        await new Story(host, clock).PlayAsync(approver);
        started.Story = new Story(host: started.Admin, clock);
        await started.SealedAsync();
        return started;
    }

    /// <summary>With the story that `audit demo` plays.</summary>
    public static async Task<PageNode> OfDemoAsync(DemoCast cast)
    {
        var (directory, clock) = (new TemporaryDirectory(), new DemoClock());
        var options = new NodeOptions { Store = "sqlite:" + directory.File("journal.db"), Data = directory.File("data"), Urls = "http://127.0.0.1:0" };
        var started = new PageNode(directory, await NodeHost.StartAsync(options, new NodeSeams { Clock = clock }, CancellationToken.None));
        await DemoPlayer.PlayAsync(started.node, clock, cast, CancellationToken.None);
        await BookReading.UntilReadAsync(started.Admin);
        return started;
    }

    /// <returns>The one of that name; a name is given once.</returns>
    public async Task<string> TokenAsync(string name, params string[] roles)
    {
        if (tokens.TryGetValue(name, out var token))
        {
            return token;
        }

        using var answer = await Admin.PostAsJsonAsync("/v1/tokens", new { name, roles, source = roles.Contains("ingest") ? name : null });
        answer.EnsureSuccessStatusCode();
        return tokens[name] = (await answer.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("token").GetString()!;
    }

    public HttpClient ClientWith(string token) => new()
    {
        BaseAddress = new Uri(Url), DefaultRequestHeaders = { Authorization = new AuthenticationHeaderValue("Bearer", token) },
    };

    public async ValueTask DisposeAsync()
    {
        Admin.Dispose();
        await node.DisposeAsync();
        directory.Dispose();
    }

    /// <summary>Waits until all of the story can be proven.</summary>
    private async Task SealedAsync()
    {
        for (var tries = 0; tries < 3600; tries++)
        {
            var stats = await Admin.GetFromJsonAsync<JsonElement>("/v1/stats");
            if (stats.GetProperty("log").GetProperty("position").GetInt64() >= stats.GetProperty("journal").GetProperty("position").GetInt64() - 5)
            {
                return;
            }

            await Task.Delay(50);
        }

        Assert.Fail("The story was never sealed.");
    }
}
