using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Net.Sockets;
using System.Text.Json;

namespace Audit.Testing;

/// <summary>
/// A node in a process of its own that stays at its address over kills and restarts, with the tokens of a host and of a
/// person, and what tests of hosts ask of its book.
/// </summary>
public sealed class HostedNode : IAsyncDisposable
{
    private readonly TemporaryDirectory directory = new();
    private readonly string[] options;
    private readonly HttpClient http;
    private NodeProcess? process;

    private HostedNode(string? policy, string[] more)
    {
        Url = new Uri($"http://127.0.0.1:{FreePort()}");
        http = new HttpClient { BaseAddress = Url, Timeout = TimeSpan.FromMinutes(5) };
        PolicyPath = directory.File("policy.json");
        if (policy is not null)
        {
            File.WriteAllText(PolicyPath, policy);
        }

        options = ["--urls", Url.ToString(), .. policy is null ? (string[])[] : ["--policy", PolicyPath], .. more];
    }

    public Uri Url { get; }

    public string PolicyPath { get; }

    /// <summary>Of a host, whose source is `host`.</summary>
    public string HostToken { get; private set; } = "";

    /// <summary>Of a person who approves.</summary>
    public string PersonToken { get; private set; } = "";

    /// <summary>The token with which the node was started.</summary>
    public string AdminToken { get; private set; } = "";

    /// <summary>A file beside the node's own.</summary>
    public string FileOf(string name) => directory.File(name);

    /// <param name="policy">The text of its policy; null for none.</param>
    /// <param name="options">Of `serve`, beside those that it has anyway.</param>
    public static async Task<HostedNode> StartAsync(string? policy, params string[] options)
    {
        var node = new HostedNode(policy, options);
        try
        {
            await node.StartAsync();
            node.AdminToken = node.process!.Token;
            node.HostToken = await node.TokenAsync(new { name = "host", roles = new[] { "ingest" }, source = "host" });
            node.PersonToken = await node.TokenAsync(
                new { name = "maria", person = "maria", roles = new[] { "approve", "read" } });
            return node;
        }
        catch
        {
            await node.DisposeAsync();
            throw;
        }
    }

    /// <summary>Another node on the same store, which more than one may share.</summary>
    public async Task<HostedNode> StartBesideAsync(params string[] more)
    {
        var other = new HostedNode(
            File.ReadAllText(PolicyPath), ["--row-key", directory.File("data/row.key"), .. more])
        {
            AdminToken = AdminToken, HostToken = HostToken, PersonToken = PersonToken,
        };
        await other.StartAsync();
        return other;
    }

    /// <summary>Starts it, where it does not run.</summary>
    public async Task StartAsync() =>
        process ??= await NodeProcess.StartAsync(BuiltProgram.Node, directory.File("data"), options);

    public async Task KillAsync()
    {
        if (process is { } running)
        {
            process = null;
            await running.DisposeAsync();
        }
    }

    public async Task<string> TokenAsync(object wanted) =>
        (await SendAsync(HttpMethod.Post, "v1/tokens", AdminToken, wanted)).GetProperty("token").GetString()!;

    public async Task<JsonElement> SendAsync(HttpMethod method, string path, string token, object? body = null)
    {
        using var request = new HttpRequestMessage(method, path)
        {
            Content = body is null ? null : JsonContent.Create(body),
        };
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
        using var answer = await http.SendAsync(request);
        var text = await answer.Content.ReadAsStringAsync();
        return answer.IsSuccessStatusCode ? JsonSerializer.Deserialize<JsonElement>(text)
            : throw new InvalidOperationException($"{method} {path}: {(int)answer.StatusCode} {text}");
    }

    /// <summary>Waits until a person is asked about the call, and answers in that person's name.</summary>
    public async Task AnswerAsync(string session, string call, string decision, string? feedback = null)
    {
        var path = $"v1/sessions/{session}/calls/{call}/decision?source=host";
        var question = await QuestionAsync(session, call);
        await SendAsync(HttpMethod.Post, path, PersonToken, new
        {
            decision, feedback, sequence = question.GetProperty("sequence").GetInt64(),
            question = question.GetProperty("question").GetString(),
        });
    }

    public async Task<JsonElement> QuestionAsync(string session, string call)
    {
        for (var left = 6000; left > 0; left--)
        {
            try
            {
                var shown = await SendAsync(
                    HttpMethod.Get, $"v1/sessions/{session}/calls/{call}/decision?source=host", PersonToken);
                if (shown.TryGetProperty("question", out var question) && question.ValueKind == JsonValueKind.Object)
                {
                    return question;
                }
            }
            catch (InvalidOperationException)
            {
                // The call is not known yet.
            }

            await Task.Delay(20);
        }

        throw new TimeoutException($"Nobody is asked about the call {call} of {session}.");
    }

    /// <summary>The events of a call, in order; none where it is not known.</summary>
    public async Task<IReadOnlyList<JsonElement>> CallAsync(string session, string call)
    {
        try
        {
            var page = await SendAsync(
                HttpMethod.Get, $"v1/sessions/{session}/calls/{call}/events?source=host&limit=1000", AdminToken);
            return [.. page.GetProperty("items").EnumerateArray().Select(row => row.GetProperty("event"))];
        }
        catch (InvalidOperationException unknown) when (unknown.Message.Contains(": 404", StringComparison.Ordinal))
        {
            return [];
        }
    }

    /// <summary>The kinds of a call's events, in order.</summary>
    public async Task<IReadOnlyList<string>> KindsAsync(string session, string call) =>
        [.. (await CallAsync(session, call)).Select(one => one.GetProperty("kind").GetString()!)];

    /// <summary>The events of a session, in the order of the journal.</summary>
    public async Task<IReadOnlyList<JsonElement>> SessionAsync(string session)
    {
        var all = new List<JsonElement>();
        for (string? cursor = ""; cursor is not null;)
        {
            var page = await SendAsync(
                HttpMethod.Get,
                $"v1/events?session={session}&source=host&limit=1000" + (cursor.Length > 0 ? $"&cursor={cursor}" : ""),
                AdminToken);
            all.AddRange(page.GetProperty("items").EnumerateArray().Select(row => row.GetProperty("event")));
            cursor = page.GetProperty("next").GetString();
        }

        return all;
    }

    /// <summary>The numbers that a session's notes have as `n`, in the order of the journal.</summary>
    public async Task<IReadOnlyList<int>> NotesAsync(string session) =>
        [.. (await SessionAsync(session)).Where(one => one.GetProperty("event").GetString() == "session.noted")
            .Select(one => one.GetProperty("detail").GetProperty("n").GetInt32())];

    public async ValueTask DisposeAsync()
    {
        await KillAsync();
        http.Dispose();
        directory.Dispose();
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
