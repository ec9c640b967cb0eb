using System.Net.Http.Headers;

namespace Audit.Node.CommandLine.Remote;

/// <summary>Speaks to one node over HTTP with one token.</summary>
internal sealed class NodeClient : IDisposable
{
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

    /// <summary>Sends a request and returns as soon as the answer's head is there.</summary>
    /// <exception cref="HttpRequestException">The node did not answer.</exception>
    public Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellation) =>
        http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellation);

    /// <summary>Sends a request whose failure ends the command.</summary>
    /// <exception cref="CommandException">The node cannot be reached, or refused.</exception>
    public async Task<HttpResponseMessage> RequireAsync(HttpRequestMessage request, CancellationToken cancellation)
    {
        try
        {
            var response = await SendAsync(request, cancellation);
            if (!response.IsSuccessStatusCode)
            {
                throw await Refusal.ReadAsync(response, cancellation);
            }

            return response;
        }
        catch (HttpRequestException failure)
        {
            throw CannotReach(failure);
        }
    }

    public CommandException CannotReach(Exception failure) =>
        CommandException.CannotReach($"The node at {Server} cannot be reached: {failure.Message}");

    public void Dispose() => http.Dispose();

    // Without it the last part of a path before the API, such as a proxy may have, would be lost.
    private static Uri WithSlash(Uri server) =>
        server.AbsolutePath.EndsWith('/') ? server : new Uri(server.GetLeftPart(UriPartial.Path) + "/");
}
