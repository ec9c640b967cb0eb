using System.Collections.Concurrent;
using System.Net;
using System.Net.Http.Headers;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Audit.Node.CommandLine.Hosts;

/// <summary>
/// Stands before a server of MCP that is spoken to over HTTP: an agent is given our address, on this machine, in the
/// place of the server's. Sessions are the server's own; without one each request stands alone.
/// </summary>
/// <param name="open">Makes the gate of a session, and of requests that have none.</param>
internal sealed class McpHttp(Uri upstream, Func<bool, McpGate> open, Action<string> note) : IDisposable
{
    private const string Session = "Mcp-Session-Id";
    private const int LongestBody = 64 << 20;

    /// <summary>Of one connection alone, or of how a body is sent.</summary>
    private static readonly HashSet<string> NotPassedOn = new(StringComparer.OrdinalIgnoreCase)
    {
        "Host", "Connection", "Keep-Alive", "Transfer-Encoding", "Upgrade", "TE", "Trailer", "Expect",
        "Accept-Encoding", "Content-Length", "Proxy-Connection", "Proxy-Authorization", "Proxy-Authenticate",
        "Date", "Server",
    };

    private readonly ConcurrentDictionary<string, McpGate> sessions = new();

    private readonly HttpClient http = new(new SocketsHttpHandler
    {
        AllowAutoRedirect = false, UseCookies = false, UseProxy = !upstream.IsLoopback,
    })
    {
        Timeout = Timeout.InfiniteTimeSpan,
    };

    /// <summary>Serves until it is asked to end.</summary>
    /// <param name="listening">Is given the address that the agent is to be given.</param>
    public async Task RunAsync(Uri listen, Action<Uri> listening, CancellationToken cancellation)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls(listen.GetLeftPart(UriPartial.Authority));
        builder.Services.Configure<KestrelServerOptions>(options =>
        {
            options.AddServerHeader = false;
            options.Limits.MaxRequestBodySize = LongestBody;
        });
        await using var web = builder.Build();
        web.Run(AnswerAsync);
        await web.StartAsync(cancellation);
        listening(new Uri(new Uri(web.Urls.First()), upstream.AbsolutePath));
        await web.WaitForShutdownAsync(cancellation);
        foreach (var gate in sessions.Values)
        {
            await gate.EndAsync("the proxy was ended");
            gate.NoteSession("ended");
        }
    }

    public void Dispose() => http.Dispose();

    private async Task AnswerAsync(HttpContext context)
    {
        var request = context.Request;
        if (!IsOfThisMachine(request))
        {
            await RefuseAsync(context, StatusCodes.Status403Forbidden, "this address is for this machine alone");
        }
        else if (request.Path != upstream.AbsolutePath || request.QueryString.HasValue)
        {
            await RefuseAsync(context, StatusCodes.Status404NotFound, $"the server is at {upstream.AbsolutePath}");
        }
        else if (HttpMethods.IsPost(request.Method))
        {
            await PostAsync(context);
        }
        else if (HttpMethods.IsGet(request.Method))
        {
            await GetAsync(context, HttpMethod.Get);
        }
        else if (HttpMethods.IsDelete(request.Method))
        {
            await GetAsync(context, HttpMethod.Delete);
        }
        else
        {
            await RefuseAsync(context, StatusCodes.Status405MethodNotAllowed, "accepted are POST, GET and DELETE");
        }
    }

    /// <summary>What the server says by itself, and the end of a session.</summary>
    private async Task GetAsync(HttpContext context, HttpMethod method)
    {
        var gate = GateOf(context);
        try
        {
            using var answer = await SendAsync(context, method, default);
            if (method == HttpMethod.Delete && answer.IsSuccessStatusCode
                && sessions.TryRemove(context.Request.Headers[Session].ToString(), out _))
            {
                await gate.EndAsync("the client ended the session");
                gate.NoteSession("ended");
            }

            await PassAsync(context, answer, gate, default);
        }
        catch (Exception failure) when (failure is HttpRequestException or IOException or OperationCanceledException)
        {
            await FailAsync(context, gate, "", failure);
        }
    }

    private async Task PostAsync(HttpContext context)
    {
        using var body = new MemoryStream();
        await context.Request.Body.CopyToAsync(body, context.RequestAborted);
        var gate = GateOf(context);
        var bytes = body.ToArray();
        if (context.Request.Headers.ContentEncoding.Count > 0 || HeadersLie(context.Request, bytes))
        {
            await RefuseAsync(
                context, StatusCodes.Status400BadRequest, "the headers say something else than the message");
            return;
        }

        var passage = await gate.FromClientAsync(bytes, context.RequestAborted);
        if (passage.ToServer.IsEmpty)
        {
            context.Response.StatusCode = passage.ToClient.IsEmpty ? StatusCodes.Status202Accepted
                : passage.IsFault ? StatusCodes.Status400BadRequest : StatusCodes.Status200OK;
            await WriteAsync(context, passage.ToClient);
            return;
        }

        try
        {
            using var answer = await SendAsync(context, HttpMethod.Post, passage.ToServer);
            Register(context, answer);
            await PassAsync(context, answer, gate, passage.ToServer);
        }
        catch (Exception failure) when (failure is HttpRequestException or IOException or OperationCanceledException)
        {
            await FailAsync(context, gate, McpMessage.Read(passage.ToServer).IdKey, failure);
        }
    }

    /// <summary>Nobody knows how far a call came whose answer was cut off.</summary>
    private static async Task FailAsync(HttpContext context, McpGate gate, string id, Exception failure)
    {
        var isAway = context.RequestAborted.IsCancellationRequested;
        if (isAway && context.Request.Headers.ContainsKey(Session))
        {
            // Who has a session may ask for the rest of an answer by another request.
            return;
        }

        var answer = await gate.EndAsync(
            id, isAway ? "the client went away" : $"the server did not answer: {failure.Message}");
        if (context.Response.HasStarted)
        {
            context.Abort();
        }
        else if (!isAway)
        {
            context.Response.StatusCode = answer.IsEmpty ? StatusCodes.Status502BadGateway : StatusCodes.Status200OK;
            await WriteAsync(context, answer);
        }
    }

    private async Task<HttpResponseMessage> SendAsync(
        HttpContext context, HttpMethod method, ReadOnlyMemory<byte> body)
    {
        using var request = new HttpRequestMessage(method, upstream);
        request.Content = method == HttpMethod.Post ? new ReadOnlyMemoryContent(body) : null;
        foreach (var (name, values) in context.Request.Headers.Where(one => !NotPassedOn.Contains(one.Key)))
        {
            if (!request.Headers.TryAddWithoutValidation(name, values.AsEnumerable()))
            {
                request.Content?.Headers.TryAddWithoutValidation(name, values.AsEnumerable());
            }
        }

        return await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, context.RequestAborted);
    }

    /// <summary>Passes an answer on, each message of it through the gate.</summary>
    private async Task PassAsync(
        HttpContext context, HttpResponseMessage answer, McpGate gate, ReadOnlyMemory<byte> request)
    {
        var response = context.Response;
        response.StatusCode = (int)answer.StatusCode;
        var headers = answer.Headers.Concat(answer.Content.Headers);
        foreach (var (name, values) in headers.Where(one => !NotPassedOn.Contains(one.Key)))
        {
            response.Headers[name] = values.ToArray();
        }

        var asked = request.IsEmpty ? "" : McpMessage.Read(request).IdKey;
        await using var content = await answer.Content.ReadAsStreamAsync(context.RequestAborted);
        if (answer.IsSuccessStatusCode && answer.Content.Headers.ContentType?.MediaType == "text/event-stream")
        {
            var isResumable = await PassEventsAsync(content, response, gate, context.RequestAborted);
            if (!isResumable
                && await gate.EndAsync(asked, "the server ended before it answered") is { IsEmpty: false } end)
            {
                await response.Body.WriteAsync(ServerEvents.Of(end), context.RequestAborted);
            }

            return;
        }

        using var whole = new MemoryStream();
        await content.CopyToAsync(whole, context.RequestAborted);
        if (whole.Length == 0 || !answer.IsSuccessStatusCode)
        {
            // What a call of a tool gave comes by an answer that is written down, or not at all.
            var end = await gate.EndAsync(asked, $"the server answered {response.StatusCode}");
            if (!end.IsEmpty)
            {
                response.ContentType = "application/json";
            }

            await response.Body.WriteAsync(end.IsEmpty ? whole.ToArray() : end, context.RequestAborted);
            return;
        }

        var passed = await gate.FromServerAsync(whole.ToArray());
        if (passed.IsEmpty)
        {
            response.StatusCode = StatusCodes.Status502BadGateway;
        }

        await WriteAsync(context, passed);
    }

    /// <returns>Whether what was not said yet may be said to who asks again.</returns>
    private async Task<bool> PassEventsAsync(
        Stream content, HttpResponse response, McpGate gate, CancellationToken cancellation)
    {
        var isResumable = false;
        await response.StartAsync(cancellation);
        await response.Body.FlushAsync(cancellation);
        await foreach (var one in ServerEvents.ReadAsync(content, note, cancellation))
        {
            isResumable |= one.HasId;
            var passed = one.Data.IsEmpty ? one.Bytes
                : await gate.FromServerAsync(one.Data) is var message && message.Span.SequenceEqual(one.Data.Span)
                    ? one.Bytes
                : message.IsEmpty ? default : ServerEvents.Of(message);
            await response.Body.WriteAsync(passed, cancellation);
            await response.Body.FlushAsync(cancellation);
        }

        return isResumable;
    }

    private McpGate GateOf(HttpContext context) =>
        context.Request.Headers[Session].ToString() is { Length: > 0 } id
            ? sessions.GetOrAdd(id, _ => open(true))
            : open(false);

    /// <summary>What follows the answer by which the server opens a session belongs to that session.</summary>
    private void Register(HttpContext context, HttpResponseMessage answer)
    {
        if (answer.IsSuccessStatusCode && !context.Request.Headers.ContainsKey(Session)
            && answer.Headers.TryGetValues(Session, out var ids) && ids.FirstOrDefault() is { Length: > 0 } id)
        {
            sessions.GetOrAdd(id, _ => open(true));
        }
    }

    /// <summary>Whoever goes by the headers must not find another message than who goes by the body.</summary>
    private static bool HeadersLie(HttpRequest request, byte[] body)
    {
        // What is read as UTF-8 here would be other letters there.
        if (request.ContentType is { } type && (!MediaTypeHeaderValue.TryParse(type, out var read)
            || read.Parameters.Any(each => each.Name.Equals("charset", StringComparison.OrdinalIgnoreCase)
                && each.Value?.Trim('"').Equals("utf-8", StringComparison.OrdinalIgnoreCase) != true)))
        {
            return true;
        }

        var (method, name) = (request.Headers["Mcp-Method"].ToString(), request.Headers["Mcp-Name"].ToString());
        if (method.Length == 0 && name.Length == 0)
        {
            return false;
        }

        try
        {
            var message = McpMessage.Read(body);
            return (method.Length > 0 && method != message.Method)
                || (name.Length > 0 && message.Method == McpMessage.ToolsCall && !(
                    message.Content is { ValueKind: JsonValueKind.Object } said
                    && said.TryGetProperty("name", out var tool) && tool.ValueEquals(name)));
        }
        catch (UnreadableException)
        {
            // The gate says what is wrong with it.
            return false;
        }
    }

    /// <summary>A page in a browser of this machine is not of this machine.</summary>
    private static bool IsOfThisMachine(HttpRequest request) =>
        IsLoopback(request.Host.Host)
        && (request.Headers.Origin.ToString() is not { Length: > 0 } origin
            || (Uri.TryCreate(origin, UriKind.Absolute, out var page) && IsLoopback(page.Host)));

    private static bool IsLoopback(string host) =>
        host.Equals("localhost", StringComparison.OrdinalIgnoreCase)
        || (IPAddress.TryParse(host.Trim('[', ']'), out var address) && IPAddress.IsLoopback(address));

    private async Task RefuseAsync(HttpContext context, int status, string sentence)
    {
        note($"refused with {status}: {sentence}");
        context.Response.StatusCode = status;
        context.Response.ContentType = "text/plain; charset=utf-8";
        await context.Response.WriteAsync(sentence + "\n", context.RequestAborted);
    }

    private static async Task WriteAsync(HttpContext context, ReadOnlyMemory<byte> message)
    {
        if (!message.IsEmpty)
        {
            context.Response.ContentType ??= "application/json";
            context.Response.ContentLength = message.Length;
            await context.Response.Body.WriteAsync(message, context.RequestAborted);
        }
    }
}
