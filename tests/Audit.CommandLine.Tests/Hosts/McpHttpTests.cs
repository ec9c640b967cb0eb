using System.Collections;
using System.Collections.Concurrent;
using System.Net;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using ModelContextProtocol;
using ModelContextProtocol.Client;
using ModelContextProtocol.Protocol;
using ModelContextProtocol.Server;

namespace Audit.CommandLine.Tests.Hosts;

/// <summary>`audit mcp --upstream`: the same gate before a server that speaks streamable HTTP.</summary>
public sealed class McpHttpTests
{
    private const string Call = """{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"x"}}""";
    private const string Result = """{"jsonrpc":"2.0", "id":1,"result":{"content":[{"type":"text","text":"done"}]}}""";

    [Fact]
    public async Task what_is_no_call_of_a_tool_passes_with_its_headers_both_ways()
    {
        await using var site = await Site.StartAsync(AskedNode.Approve, async (context, _) =>
        {
            context.Response.Headers["Mcp-Session-Id"] = "session-1";
            context.Response.ContentType = "application/json";
            await context.Response.WriteAsync(""" {"result":{ },"id":"a\u0062","jsonrpc":"2.0"} """);
        });
        const string Ping = """ {"id":"ab" , "jsonrpc":"2.0","method":"ping"}""";

        var answer = await site.PostAsync(Ping, ("Authorization", "Bearer of-the-server"), ("MCP-Protocol-Version", "2025-06-18"));

        Assert.Equal(""" {"result":{ },"id":"a\u0062","jsonrpc":"2.0"} """, await answer.Content.ReadAsStringAsync());
        Assert.Equal("session-1", answer.Headers.GetValues("Mcp-Session-Id").Single());
        var passed = Assert.Single(site.Got);
        Assert.Equal((Ping, "Bearer of-the-server", "2025-06-18"), (passed.Body, passed.Headers["Authorization"], passed.Headers["MCP-Protocol-Version"]));
    }

    [Fact]
    public async Task events_pass_byte_for_byte_and_the_result_is_in_the_book_before()
    {
        var events = "id: 1\ndata:\n\n: a comment\n\nevent: message\r\ndata: " + Result + "\r\n\r\n";
        await using var site = await Site.StartAsync(AskedNode.Approve, (context, _) => SayAsync(context, events));

        Assert.Equal(events, await (await site.PostAsync(Call)).Content.ReadAsStringAsync());
        Assert.Equal(["requested", "requires_confirmation", "approved", "started", "completed"], await site.Node.KindsAsync(5));
    }

    [Fact]
    public async Task what_another_reader_could_find_in_a_stream_is_left_out()
    {
        var hidden = Result.Replace("done", "hidden", StringComparison.Ordinal);
        string[] events =
        [
            $": \rdata: {hidden}\n\n", $"\ufeffdata: {hidden}\n\n", $"DATA: {hidden}\n\n", $"data: {hidden}\ndata: {hidden}\n\n",
            $"data: {Result}\n\n", $"data: {hidden}\n\n",
        ];
        await using var site = await Site.StartAsync(AskedNode.Approve, (context, _) => SayAsync(context, string.Concat(events)));

        Assert.Equal(events[4], await (await site.PostAsync(Call)).Content.ReadAsStringAsync());
    }

    [Fact]
    public async Task a_refused_call_never_reaches_the_server()
    {
        await using var site = await Site.StartAsync("""{"preset":"deny-all"}""", (_, _) => Task.CompletedTask);

        var answer = await site.PostAsync(Call);

        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        Assert.True(JsonElement.Parse(await answer.Content.ReadAsStringAsync()).GetProperty("result").GetProperty("isError").GetBoolean());
        Assert.Empty(site.Got);
        Assert.Equal("blocked", (await site.Node.KindsAsync(3))[2]);
    }

    [Theory]
    [InlineData(400, """{"jsonrpc":"2.0","id":1,"method":"ping","method":"tools/call"}""", "", "")]
    [InlineData(400, """[{"jsonrpc":"2.0","id":1,"method":"ping"}]""", "", "")]
    [InlineData(400, Call, "Mcp-Method", "ping")]
    [InlineData(400, Call, "Mcp-Name", "y")]
    [InlineData(400, Call, "Content-Encoding", "gzip")]
    [InlineData(400, Call, "Content-Type", "application/json; charset=utf-7")]
    [InlineData(400, Call, "Content-Type", "application/json; charset=utf-8; charset=utf-16")]
    [InlineData(403, Call, "Host", "example.com")]
    [InlineData(403, Call, "Origin", "https://example.com")]
    [InlineData(202, """{"jsonrpc":"2.0","id":5,"result":{}}""", "", "")]
    public async Task what_is_not_passed_on_is_refused(int status, string body, string header, string value)
    {
        await using var site = await Site.StartAsync(AskedNode.Approve, (_, _) => Task.CompletedTask);
        (string, string)[] headers = header.Length == 0 ? [] : [(header, value)];
        Assert.Equal(status, (int)(await site.PostAsync(body, headers)).StatusCode);
        Assert.Empty(site.Got);
        Assert.Empty(await site.Node.CallsAsync());
    }

    [Fact]
    public async Task a_session_has_an_account_of_its_own_that_ends_with_it()
    {
        await using var site = await Site.StartAsync(AskedNode.Approve, async (context, body) =>
        {
            context.Response.Headers["Mcp-Session-Id"] = "session-1";
            context.Response.ContentType = "application/json";
            await context.Response.WriteAsync(context.Request.Method == "DELETE" ? ""
                : context.Request.Method == "GET" ? """{"jsonrpc":"2.0","method":"notifications/message"}"""
                : body.Contains("tools/call", StringComparison.Ordinal) ? Result : """{"jsonrpc":"2.0","id":1,"result":{}}""");
        });
        (string, string) session = ("Mcp-Session-Id", "session-1");

        (await site.PostAsync("""{"jsonrpc":"2.0","id":1,"method":"initialize","params":{}}""")).EnsureSuccessStatusCode();
        Assert.Equal(Result, await (await site.PostAsync(Call, session)).Content.ReadAsStringAsync());
        Assert.Contains("notifications", await (await site.SendAsync(HttpMethod.Get, null, session)).Content.ReadAsStringAsync(), StringComparison.Ordinal);
        (await site.SendAsync(HttpMethod.Delete, null, session)).EnsureSuccessStatusCode();

        Assert.Equal("completed", (await site.Node.KindsAsync(5))[4]);
        Assert.Single(await site.Node.NotesAsync("started"));
        await AskedNode.UntilAsync(async () => await site.Node.NotesAsync("ended") is [var note] ? note.ToString() : null);
    }

    [Fact]
    public async Task a_server_that_breaks_off_leaves_a_call_of_which_nobody_knows()
    {
        await using var site = await Site.StartAsync(AskedNode.Approve, async (context, body) =>
        {
            if (body.Contains("tools/call", StringComparison.Ordinal))
            {
                await SayAsync(context, ": on my way\n\n");
            }
            else
            {
                context.Abort();
            }
        });

        var events = await (await site.PostAsync(Call)).Content.ReadAsStringAsync();
        var ping = await site.PostAsync("""{"jsonrpc":"2.0","id":2,"method":"ping"}""");

        Assert.StartsWith(": on my way\n\nevent: message\ndata: ", events, StringComparison.Ordinal);
        Assert.Contains("whether the tool ran to its end is not known", events, StringComparison.Ordinal);
        Assert.Equal("invalidated", (await site.Node.KindsAsync(5))[4]);
        Assert.Equal(HttpStatusCode.BadGateway, ping.StatusCode);
    }

    [Fact]
    public async Task a_client_and_a_server_of_the_sdk_speak_through_it()
    {
        await using var site = await Site.StartAsync(
            """{"preset":"approve-all","rules":[{"name":"no shouting","tool":"shout","then":"reject","feedback":"speak softly"}]}""", ServeAsync);
        await using var client = await McpClient.CreateAsync(
            new HttpClientTransport(new HttpClientTransportOptions { Endpoint = site.Url, TransportMode = HttpTransportMode.StreamableHttp }),
            McpProxy.Patient);

        Assert.Equal(["echo", "shout"], (await client.ListToolsAsync()).Select(tool => tool.Name).Order());
        var echo = await client.CallToolAsync("echo", new Dictionary<string, object?> { ["text"] = "hello" });
        var shout = await client.CallToolAsync("shout", new Dictionary<string, object?> { ["text"] = "hello" });

        Assert.Equal("hello", McpProxy.TextOf(echo));
        Assert.True(shout.IsError);
        Assert.Contains("speak softly", McpProxy.TextOf(shout), StringComparison.Ordinal);
        Assert.Equal("completed", (await site.Node.KindsAsync(5))[4]);
        Assert.Equal("blocked", (await site.Node.KindsAsync(3, call: 1))[2]);
    }

    [Fact]
    public async Task a_result_in_an_answer_that_says_it_failed_is_none()
    {
        await using var site = await Site.StartAsync(AskedNode.Approve, (context, _) =>
        {
            context.Response.StatusCode = StatusCodes.Status500InternalServerError;
            return context.Response.WriteAsync(Result);
        });

        var answer = await site.PostAsync(Call);

        Assert.Equal(HttpStatusCode.InternalServerError, answer.StatusCode);
        Assert.Contains("the server answered 500", await answer.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        Assert.Equal("invalidated", (await site.Node.KindsAsync(5))[4]);
    }

    [Theory]
    [InlineData("--upstream", "ftp://localhost/mcp")]
    [InlineData("--listen", "http://0.0.0.0:1")]
    [InlineData("--task", "t-1")]
    public async Task it_listens_on_this_machine_alone_and_to_something(string option, string value) =>
        (await InProcess.RunAsync("mcp", option, value)).Require(ExitCode.WrongUse);

    private static async Task SayAsync(HttpContext context, string events)
    {
        context.Response.ContentType = "text/event-stream";
        await context.Response.WriteAsync(events);
    }

    /// <summary>A server of the SDK for one request, which is how it serves without sessions.</summary>
    private static async Task ServeAsync(HttpContext context, string body)
    {
        if (context.Request.Method != "POST")
        {
            context.Response.StatusCode = StatusCodes.Status405MethodNotAllowed;
            return;
        }

        var options = new McpServerOptions
        {
            ServerInfo = new Implementation { Name = "web", Version = "1" },
            ToolCollection =
            [
                McpServerTool.Create((string text) => text, new McpServerToolCreateOptions { Name = "echo" }),
                McpServerTool.Create((string text) => text.ToUpperInvariant(), new McpServerToolCreateOptions { Name = "shout" }),
            ],
        };
        await using var transport = new StreamableHttpServerTransport { Stateless = true };
        await using var server = McpServer.Create(transport, options);
        using var ending = new CancellationTokenSource();
        var running = server.RunAsync(ending.Token);
        context.Response.ContentType = "text/event-stream";
        var message = JsonSerializer.Deserialize<JsonRpcMessage>(body, McpJsonUtilities.DefaultOptions)!;
        if (!await transport.HandlePostRequestAsync(message, context.Response.Body, context.RequestAborted))
        {
            context.Response.ContentType = null;
            context.Response.StatusCode = StatusCodes.Status202Accepted;
        }

        await ending.CancelAsync();
        await running.ContinueWith(_ => { }, TaskScheduler.Default);
    }
}

/// <summary>A node, a server as the test has it, and `audit mcp --upstream` between.</summary>
internal sealed class Site : IAsyncDisposable
{
    private readonly CancellationTokenSource ending = new();
    private readonly HttpClient http = new();
    private WebApplication? server;
    private Task<int> running = null!;

    public AskedNode Node { get; private init; } = null!;

    /// <summary>What the server was sent.</summary>
    public ConcurrentQueue<(string Body, IReadOnlyDictionary<string, string> Headers)> Got { get; } = new();

    public Uri Url { get; private set; } = null!;

    public static async Task<Site> StartAsync(string policy, Func<HttpContext, string, Task> answer)
    {
        var site = new Site { Node = await AskedNode.StartAsync(policy) };
        var builder = WebApplication.CreateSlimBuilder();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.Logging.ClearProviders();
        site.server = builder.Build();
        site.server.Run(async context =>
        {
            using var reader = new StreamReader(context.Request.Body);
            var body = await reader.ReadToEndAsync();
            site.Got.Enqueue((body, context.Request.Headers.ToDictionary(
                header => header.Key, header => header.Value.ToString(), StringComparer.OrdinalIgnoreCase)));
            await answer(context, body);
        });
        await site.server.StartAsync();
        await site.OpenAsync(site.server.Urls.Single() + "/mcp");
        return site;
    }

    /// <summary>The same before a server that runs already.</summary>
    public static async Task<Site> BeforeAsync(string upstream, string policy)
    {
        var site = new Site { Node = await AskedNode.StartAsync(policy) };
        await site.OpenAsync(upstream);
        return site;
    }

    private async Task OpenAsync(string upstream)
    {
        using var said = new StringWriter { NewLine = "\n" };
        var surroundings = new Surroundings(TextWriter.Synchronized(said), TextWriter.Null) { Environment = new Hashtable() };
        running = AuditCommandLine.RunAsync(["mcp", .. Node.AsHost, "--upstream", upstream], surroundings, ending.Token);
        Url = new Uri(await AskedNode.UntilAsync(() => Task.FromResult(
            said.ToString() is var text && text.EndsWith('\n') ? text.Trim() : null)));
    }

    public Task<HttpResponseMessage> PostAsync(string body, params (string Name, string Value)[] headers) =>
        SendAsync(HttpMethod.Post, body, headers);

    public async Task<HttpResponseMessage> SendAsync(
        HttpMethod method, string? body, params (string Name, string Value)[] headers)
    {
        using var request = new HttpRequestMessage(method, Url);
        request.Content = body is null ? null : new StringContent(body, Encoding.UTF8, "application/json");
        foreach (var (name, value) in headers)
        {
            if (!request.Headers.TryAddWithoutValidation(name, value))
            {
                request.Content!.Headers.Remove(name);
                request.Content.Headers.TryAddWithoutValidation(name, value);
            }
        }

        return await http.SendAsync(request);
    }

    public async ValueTask DisposeAsync()
    {
        await ending.CancelAsync();
        await running;
        ending.Dispose();
        http.Dispose();
        await (server?.DisposeAsync() ?? ValueTask.CompletedTask);
        await Node.DisposeAsync();
    }
}
