using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Runtime.CompilerServices;
using System.Text.Json.Serialization.Metadata;

namespace Audit.Client.Http;

/// <summary>Speaks to one node over HTTP with one token.</summary>
internal sealed class NodeClient : IDisposable
{
    private const int MostInPage = 1000;

    private readonly HttpClient http;

    /// <param name="token">Null to ask what is open to all.</param>
    public NodeClient(Uri server, string? token)
    {
        Server = server;
        // The environment's proxy is for other machines: a node on this one is called directly.
        var handler = new SocketsHttpHandler
        {
            ConnectTimeout = TimeSpan.FromSeconds(10),
            AllowAutoRedirect = false,
            UseProxy = !server.IsLoopback,
        };
        http = new HttpClient(handler) { BaseAddress = WithSlash(server), Timeout = Timeout.InfiniteTimeSpan };
        if (token is not null)
        {
            http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", token);
        }
    }

    public Uri Server { get; }

    /// <summary>A path with those of the parameters that are given.</summary>
    public static string PathOf(string path, params (string Name, string? Value)[] parameters)
    {
        var given = parameters.Where(parameter => parameter.Value is not null)
            .Select(parameter => $"{parameter.Name}={Uri.EscapeDataString(parameter.Value!)}");
        var query = string.Join('&', given);
        return query.Length == 0 ? path : $"{path}?{query}";
    }

    /// <summary>Sends a request and returns as soon as the answer's head is there.</summary>
    /// <exception cref="HttpRequestException">The node did not answer.</exception>
    public Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellation) =>
        http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellation);

    /// <summary>Sends a request and takes nothing but success for an answer.</summary>
    /// <exception cref="NodeException">The node cannot be reached, or refused.</exception>
    public async Task<HttpResponseMessage> RequireAsync(HttpRequestMessage request, CancellationToken cancellation)
    {
        try
        {
            var response = await SendAsync(request, cancellation);
            return response.IsSuccessStatusCode
                ? response
                : throw await NodeException.OfRefusalAsync(response, cancellation);
        }
        catch (HttpRequestException failure)
        {
            throw NodeException.Unreachable(Server, failure);
        }
    }

    /// <summary>The same for a path.</summary>
    /// <exception cref="NodeException">The node cannot be reached, or refused.</exception>
    public async Task<HttpResponseMessage> RequireAsync(HttpMethod method, string path, CancellationToken cancellation)
    {
        using var request = new HttpRequestMessage(method, path);
        return await RequireAsync(request, cancellation);
    }

    /// <exception cref="NodeException">The node cannot be reached, or refused, or cannot be understood.</exception>
    public async Task<Answer<T>> AskAsync<T>(string path, JsonTypeInfo<T> type, CancellationToken cancellation)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, path);
        return new Answer<T>(await ReadAsync(request, ClientJson.Default.JsonElement, cancellation), ReadAs(type));
    }

    /// <summary>Posts a body.</summary>
    /// <exception cref="NodeException">The node cannot be reached, or refused, or cannot be understood.</exception>
    public async Task<T> PostAsync<TBody, T>(
        string path, TBody body, JsonTypeInfo<T> type, CancellationToken cancellation)
    {
        using var content = JsonContent.Create(body);
        return await PostContentAsync(path, content, type, cancellation);
    }

    /// <summary>Posts what is JSON already.</summary>
    /// <exception cref="NodeException">The node cannot be reached, or refused, or cannot be understood.</exception>
    public async Task<T> PostContentAsync<T>(
        string path, HttpContent content, JsonTypeInfo<T> type, CancellationToken cancellation)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, path) { Content = content };
        return await ReadAsync(request, type, cancellation);
    }

    /// <summary>Posts nothing, and reads the lines of the answer as they come.</summary>
    /// <exception cref="NodeException">The node cannot be reached, or refused.</exception>
    public async IAsyncEnumerable<Answer<T>> PostAsync<T>(
        string path, JsonTypeInfo<T> type, [EnumeratorCancellation] CancellationToken cancellation)
    {
        using var answer = await RequireAsync(HttpMethod.Post, path, cancellation);
        using var lines = new StreamReader(await answer.Content.ReadAsStreamAsync(cancellation));
        var read = ReadAs(type);
        while (await lines.ReadLineAsync(cancellation) is { } line)
        {
            yield return new Answer<T>(JsonSerializer.Deserialize(line, ClientJson.Default.JsonElement), read);
        }
    }

    /// <summary>The items of a list, page by page, at most so many.</summary>
    /// <param name="seen">Is told of each page; null where nobody asks.</param>
    /// <exception cref="NodeException">The node cannot be reached, or refused, or cannot be understood.</exception>
    public async IAsyncEnumerable<Answer<T>> ListAsync<T>(
        string path, int most, JsonTypeInfo<T> type, [EnumeratorCancellation] CancellationToken cancellation,
        Action<ItemPage<JsonElement>>? seen = null)
    {
        var read = ReadAs(type);
        string? cursor = null;
        var left = most;
        do
        {
            using var request = new HttpRequestMessage(
                HttpMethod.Get, Paged(path, Math.Min(left, MostInPage), cursor));
            var page = await ReadAsync(request, ClientJson.Default.ItemPageJsonElement, cancellation);
            seen?.Invoke(page);
            foreach (var item in page.Items)
            {
                yield return new Answer<T>(item, read);
                left--;
            }

            cursor = page.Next;
        }
        while (cursor is not null && left > 0);
    }

    public void Dispose() => http.Dispose();

    internal Func<JsonElement, T> ReadAs<T>(JsonTypeInfo<T> type) => document =>
    {
        try
        {
            return document.Deserialize(type) ?? throw new JsonException("It is empty.");
        }
        catch (JsonException failure)
        {
            throw NodeException.Unreadable(Server, failure);
        }
    };

    private async Task<T> ReadAsync<T>(HttpRequestMessage request, JsonTypeInfo<T> type, CancellationToken cancellation)
    {
        using var answer = await RequireAsync(request, cancellation);
        try
        {
            await using var body = await answer.Content.ReadAsStreamAsync(cancellation);
            return await JsonSerializer.DeserializeAsync(body, type, cancellation)
                ?? throw new JsonException("It is empty.");
        }
        catch (Exception failure) when (failure is JsonException or HttpRequestException or IOException)
        {
            throw NodeException.Unreadable(Server, failure);
        }
    }

    private static string Paged(string path, int limit, string? cursor)
    {
        var joint = path.Contains('?') ? '&' : '?';
        var page = string.Create(CultureInfo.InvariantCulture, $"{path}{joint}limit={limit}");
        return cursor is null ? page : $"{page}&cursor={Uri.EscapeDataString(cursor)}";
    }

    // Without it the last part of a path before the API, such as a proxy may have, would be lost.
    private static Uri WithSlash(Uri server) =>
        server.AbsolutePath.EndsWith('/') ? server : new Uri(server.GetLeftPart(UriPartial.Path) + "/");
}
