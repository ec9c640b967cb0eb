using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;

namespace Audit.Node.Tests.Support;

/// <summary>A really started node on a store of its own, and a client that holds its first token.</summary>
internal sealed class TestNode : IAsyncDisposable
{
    private readonly TemporaryDirectory directory = new();
    private readonly NodeOptions options;
    private readonly NodeSeams seams;

    private TestNode(
        string? store, Func<IAuditEngine, IAuditEngine>? around, TimeProvider? clock, Func<NodeOptions, NodeOptions>? change,
        TimeSpan? sealedPatience)
    {
        options = new NodeOptions
        {
            Store = store ?? "sqlite:" + directory.File("journal.db"),
            Data = directory.File("data"),
            Urls = "http://127.0.0.1:0",
        };
        options = change?.Invoke(options) ?? options;
        seams = new NodeSeams
        {
            AroundEngine = around ?? (engine => engine),
            Clock = clock ?? TimeProvider.System,
            SealInterval = TimeSpan.FromMilliseconds(20),
            SealedPatience = sealedPatience ?? TimeSpan.FromMinutes(1),
        };
    }

    public RunningNode Running { get; private set; } = null!;

    public HttpClient Http { get; private set; } = null!;

    public Uri Url => new(Running.Urls[0]);

    public string Data => options.Data;

    public NodeOptions Options => options;

    public string AdminToken => File.ReadAllText(Running.TokenFile).Trim();

    public static async Task<TestNode> StartAsync(
        string? store = null, Func<IAuditEngine, IAuditEngine>? around = null, TimeProvider? clock = null,
        Func<NodeOptions, NodeOptions>? change = null, TimeSpan? sealedPatience = null)
    {
        var node = new TestNode(store, around, clock, change, sealedPatience);
        await node.StartAgainAsync();
        return node;
    }

    public async Task RestartAsync()
    {
        await StopAsync();
        await StartAgainAsync();
    }

    public async Task StopAsync()
    {
        Http.Dispose();
        await Running.DisposeAsync();
    }

    public HttpClient ClientWith(string? token)
    {
        var client = new HttpClient { BaseAddress = Url, Timeout = TimeSpan.FromMinutes(5) };
        if (token is not null)
        {
            client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", token);
        }

        return client;
    }

    public async Task<string> TokenAsync(string name, string[] roles, string? agent = null, string? task = null)
    {
        var answer = await PostAsync("/v1/tokens", JsonSerializer.Serialize(new { name, roles, agent, task }));
        return answer.Require(201).Json.GetProperty("token").GetString()!;
    }

    public async Task<HttpClient> ClientAsync(string name, string role, string? agent = null, string? task = null) =>
        ClientWith(await TokenAsync(name, [role], agent, task));

    public Task<Answer> GetAsync(string path, string? accept = null) => Http.AnswerAsync(HttpMethod.Get, path, accept: accept);

    public Task<Answer> PostAsync(string path, string body, string type = "application/json", string? session = null) =>
        Http.AnswerAsync(HttpMethod.Post, path, Encoding.UTF8.GetBytes(body), type, session);

    public Task<Answer> RecordAsync(string body, string? session = null) => PostAsync("/v1/records", body, session: session);

    public Task<Answer> LinesAsync(string body, string? session = null) =>
        PostAsync("/v1/records", body, "application/x-ndjson", session);

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        directory.Dispose();
    }

    /// <summary>Starts what was stopped.</summary>
    public async Task StartAgainAsync()
    {
        Running = await NodeHost.StartAsync(options, seams, CancellationToken.None);
        Http = ClientWith(AdminToken);
    }
}
