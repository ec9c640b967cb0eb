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
        TimeSpan? sealedPatience, string[]? firstRoles)
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
            // Most tests do all with one token; those of trust do not.
            FirstRoles = firstRoles ?? ["admin", "approve"],
            SealInterval = TimeSpan.FromMilliseconds(20),
            SealPatience = TimeSpan.FromMilliseconds(100),
            SetBackPause = TimeSpan.FromMilliseconds(500),
            MarkPause = TimeSpan.FromMilliseconds(20),
            ScrubPause = TimeSpan.FromMilliseconds(5),
            WitnessPause = TimeSpan.FromMilliseconds(20),
            OutletPause = TimeSpan.FromMilliseconds(20),
            Alerts = new AlertTimes(TimeSpan.FromMilliseconds(20), TimeSpan.FromMinutes(1)),
            SealedPatience = sealedPatience ?? TimeSpan.FromMinutes(1),
        };
    }

    public RunningNode Running { get; private set; } = null!;

    public HttpClient Http { get; private set; } = null!;

    public Uri Url => new(Running.Urls[0]);

    public string Data => options.Data;

    public NodeOptions Options => options;

    /// <summary>The database of a node on SQLite.</summary>
    public string StoreFile => options.Store["sqlite:".Length..];

    public string AdminToken => File.ReadAllText(Running.TokenFile).Trim();

    public static async Task<TestNode> StartAsync(
        string? store = null, Func<IAuditEngine, IAuditEngine>? around = null, TimeProvider? clock = null,
        Func<NodeOptions, NodeOptions>? change = null, TimeSpan? sealedPatience = null, string[]? firstRoles = null)
    {
        var node = new TestNode(store, around, clock, change, sealedPatience, firstRoles);
        await node.StartAgainAsync();
        return node;
    }

    /// <summary>Another node on the same store, which more than one may share.</summary>
    public Task<TestNode> StartBesideAsync() => StartAsync(options.Store, change: other =>
    {
        Directory.CreateDirectory(other.Data);
        File.WriteAllText(Path.Combine(other.Data, "admin.token"), AdminToken);
        return other with { RowKey = options.RowKeyFile, Policy = options.Policy };
    });

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

    /// <param name="source">As what it reports; as its own name where it may and none is given.</param>
    /// <param name="sees">The only source that it sees.</param>
    public async Task<string> TokenAsync(
        string name, string[] roles, string? agent = null, string? task = null, string? source = null,
        string? person = null, string? sees = null, string? expires = null)
    {
        var answer = await PostAsync("/v1/tokens", JsonSerializer.Serialize(new
        {
            name, roles, person, expires, source = source ?? (roles.Contains("ingest") ? name : null),
            agents = OneOrNone(agent), tasks = OneOrNone(task), sources = OneOrNone(sees),
        }));
        return answer.Require(201).Json.GetProperty("token").GetString()!;
    }

    public async Task<HttpClient> ClientAsync(string name, string role, string? agent = null, string? task = null) =>
        ClientWith(await TokenAsync(name, [role], agent, task));

    private static string[]? OneOrNone(string? name) => name is null ? null : [name];

    public Task<Answer> GetAsync(string path, string? accept = null) => Http.AnswerAsync(HttpMethod.Get, path, accept: accept);

    /// <summary>Waits until the read models and the search have what the journal has now.</summary>
    public async Task UntilReadAsync()
    {
        var position = (await GetAsync("/v1/stats")).Require(200).Json.GetProperty("journal").GetProperty("position").GetInt64();
        await Patience.UntilAsync(
            async () => (await GetAsync("/v1/stats")).Require(200).Json is var stats
                && new[] { "projections", "search" }.All(
                    reader => stats.GetProperty(reader).GetProperty("position").GetInt64() >= position),
            $"all is read until {position}");
    }

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
    public async Task StartAgainAsync(Func<NodeOptions, NodeOptions>? change = null)
    {
        Running = await NodeHost.StartAsync(change?.Invoke(options) ?? options, seams, CancellationToken.None);
        Http = ClientWith(AdminToken);
    }
}
