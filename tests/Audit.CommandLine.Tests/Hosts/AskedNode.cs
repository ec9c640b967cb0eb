using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json;

namespace Audit.CommandLine.Tests.Hosts;

/// <summary>A node with a policy that a host asks, and the persons around it.</summary>
internal sealed class AskedNode : IAsyncDisposable
{
    public const string Approve = """{"preset":"approve-all"}""", Ask = """{"preset":"ask"}""";

    private readonly TemporaryDirectory directory = new();
    private readonly HttpClient administrator = new();
    private readonly HttpClient maria = new();
    private IAsyncDisposable node = null!;

    private AskedNode(string? policy)
    {
        Directory.CreateDirectory(Data);
        if (policy is not null)
        {
            File.WriteAllText(PolicyPath, policy);
        }
    }

    public string Data => directory.File("data");

    public string Url { get; private set; } = "";

    public string PathOf(string name) => directory.File(name);

    private string PolicyPath => directory.File("policy.json");

    /// <summary>The options by which a command speaks to it as a host.</summary>
    public string[] AsHost => ["--server", Url, "--token-file", directory.File("host.token")];

    /// <summary>The options by which a command speaks to it as a person who reads and decides.</summary>
    public string[] AsPerson => ["--server", Url, "--token-file", directory.File("ada.token")];

    public static async Task<AskedNode> StartAsync(string? policy)
    {
        var asked = new AskedNode(policy);
        var running = await NodeHost.StartAsync(
            new NodeOptions
            {
                Store = $"sqlite:{asked.Data}/journal.db", Data = asked.Data, Urls = "http://127.0.0.1:0",
                Policy = policy is null ? null : asked.PolicyPath,
            },
            new NodeSeams(), CancellationToken.None);
        await asked.EnterAsync(running, running.Urls[0]);
        return asked;
    }

    /// <summary>The same in a process of its own, which can be killed.</summary>
    public static async Task<(AskedNode Asked, NodeProcess Process)> StartProcessAsync(string policy)
    {
        var asked = new AskedNode(policy);
        var process = await AuditProgram.ServeAsync(asked.Data, "--policy", asked.PolicyPath);
        await asked.EnterAsync(process, process.Url.ToString());
        return (asked, process);
    }

    /// <summary>Starts it again where it was.</summary>
    public async Task RestartAsync() =>
        node = await AuditProgram.ServeAtAsync(Url.TrimEnd('/'), Data, "--policy", PolicyPath);

    public async Task StopAsync(string reason)
    {
        using var answer = await maria.PostAsJsonAsync("v1/stops", new { all = true, reason });
        Assert.True(answer.IsSuccessStatusCode, await answer.Content.ReadAsStringAsync());
    }

    /// <summary>The host asks whether a tool may run, and waits for nobody.</summary>
    public Task AskAsync(string call, object input) => SayAsync("v1/decide", new
    {
        session_id = "s-1", tool_call_id = call, tool_name = "deploy", turn = 1, effective_input = input,
    });

    /// <summary>The host says that its own user has approved it.</summary>
    public Task ApproveAloneAsync(string call, object input) =>
        RecordAsync(call, input, new { kind = "approved", decision = "approve-once", by = "eve" });

    /// <summary>The host has its own user asked, and not the node.</summary>
    public Task AskAloneAsync(string call, object input) =>
        RecordAsync(call, input, new { kind = "requires_confirmation", description = "May I?" });

    private Task RecordAsync(string call, object input, object outcome) => SayAsync("v1/records", new
    {
        session_id = "s-1",
        record = new
        {
            tool_call_id = call, tool_name = "deploy", turn = 1, effective_input = input, recorded_at = DateTime.UtcNow.ToString("O"),
            outcome,
        },
    });

    private async Task SayAsync(string path, object body)
    {
        using var host = new HttpClient { BaseAddress = new Uri(Url) };
        host.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue(
            "Bearer", await File.ReadAllTextAsync(directory.File("host.token")));
        using var answer = await host.PostAsJsonAsync(path, body);
        Assert.True(answer.IsSuccessStatusCode, await answer.Content.ReadAsStringAsync());
    }

    /// <summary>Maria decides on a call, as soon as it waits.</summary>
    public async Task DecideAsync(string decision, int of = 0)
    {
        var call = await UntilAsync(async () => (await CallsAsync()).Skip(of)
            .FirstOrDefault(one => one.GetProperty("question").ValueKind == JsonValueKind.Object));
        var path = $"v1/sessions/{call.GetProperty("session_id")}/calls/{call.GetProperty("tool_call_id")}/decision?source=host";
        var question = call.GetProperty("question");
        using var answer = await maria.PostAsJsonAsync(path, new
        {
            decision, sequence = question.GetProperty("sequence").GetInt64(),
            question = question.GetProperty("question").GetString(),
        });
        Assert.True(answer.IsSuccessStatusCode, await answer.Content.ReadAsStringAsync());
    }

    /// <summary>All calls, in the order in which they were made.</summary>
    public async Task<IReadOnlyList<JsonElement>> CallsAsync()
    {
        var calls = new List<JsonElement>();
        foreach (var session in await ItemsAsync("v1/sessions"))
        {
            calls.AddRange(await ItemsAsync($"v1/sessions/{session.GetProperty("session_id")}/calls"));
        }

        return [.. calls.OrderBy(call => call.GetProperty("position").GetInt64())];
    }

    /// <summary>The events of the only call, once they are so many.</summary>
    public async Task<IReadOnlyList<JsonElement>> EventsAsync(int count, int call = 0)
    {
        var events = await UntilAsync(async () =>
            (await CallsAsync()) is { } calls && calls.Count > call
                && await ItemsAsync(
                    $"v1/sessions/{calls[call].GetProperty("session_id")}/calls/{calls[call].GetProperty("tool_call_id")}/events")
                is { } found && found.Count >= count ? found : null);
        Assert.Equal(count, events.Count);
        return [.. events.Select(one => one.GetProperty("event"))];
    }

    public async Task<string[]> KindsAsync(int count, int call = 0) =>
        [.. (await EventsAsync(count, call)).Select(one => one.GetProperty("kind").GetString()!)];

    /// <summary>The notes of all sessions, by their type.</summary>
    public async Task<IReadOnlyList<JsonElement>> NotesAsync(string type) =>
        [.. (await ItemsAsync("v1/events?limit=1000"))
            .Where(one => one.GetProperty("stream").GetString()!.StartsWith("notes|", StringComparison.Ordinal))
            .Select(one => one.GetProperty("event"))
            .Where(one => one.TryGetProperty("type", out var is_) && is_.GetString() == type)];

    /// <summary>Asks again until there is an answer.</summary>
    public static async Task<T> UntilAsync<T>(Func<Task<T?>> ask)
    {
        for (var tries = 0; tries < 300; tries++)
        {
            if (await ask() is { } answer && !answer.Equals(default(T)))
            {
                return answer;
            }

            await Task.Delay(50);
        }

        throw new InvalidOperationException("It did not come.");
    }

    public async ValueTask DisposeAsync()
    {
        administrator.Dispose();
        maria.Dispose();
        await node.DisposeAsync();
        directory.Dispose();
    }

    private async Task EnterAsync(IAsyncDisposable running, string url)
    {
        (node, Url) = (running, url);
        administrator.BaseAddress = maria.BaseAddress = new Uri(url);
        administrator.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue(
            "Bearer", (await File.ReadAllTextAsync(Path.Combine(Data, "admin.token"))).Trim());
        await File.WriteAllTextAsync(
            directory.File("host.token"), await TokenAsync(new { name = "host", roles = new[] { "ingest" }, source = "host" }));
        await File.WriteAllTextAsync(
            directory.File("ada.token"), await TokenAsync(new { name = "ada", roles = new[] { "read", "approve" } }));
        maria.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue(
            "Bearer", await TokenAsync(new { name = "maria", roles = new[] { "approve" } }));
    }

    private async Task<string> TokenAsync(object body)
    {
        using var answer = await administrator.PostAsJsonAsync("v1/tokens", body);
        return (await answer.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("token").GetString()!;
    }

    private async Task<IReadOnlyList<JsonElement>> ItemsAsync(string path) =>
        [.. (await administrator.GetFromJsonAsync<JsonElement>(path)).GetProperty("items").EnumerateArray()];
}
