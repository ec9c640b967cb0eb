using System.Net.Http.Json;
using System.Text.Json;
using Audit.Node.CommandLine.Reading;
using Audit.Node.CommandLine.Remote;

namespace Audit.Node.CommandLine.Tokens;

/// <summary>Tokens by way of a running node.</summary>
internal sealed class NodeTokenDesk(NodeClient client) : ITokenDesk
{
    private const string Path = "v1/tokens";

    public async Task<string> CreateAsync(NewToken wanted, CancellationToken cancellation)
    {
        var body = new { name = wanted.Name, roles = wanted.Roles, agent = wanted.Agent, task = wanted.Task };
        using var request = new HttpRequestMessage(HttpMethod.Post, Path) { Content = JsonContent.Create(body) };
        var made = await AskAsync(request, cancellation);
        return made.GetProperty("token").GetString()!;
    }

    public async Task<IReadOnlyList<JsonElement>> ListAsync(CancellationToken cancellation)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, Path);
        var list = await AskAsync(request, cancellation);
        return [.. list.GetProperty("items").EnumerateArray()];
    }

    public async Task RevokeAsync(string name, CancellationToken cancellation)
    {
        // A path cannot carry every name: two dots, for one, would lead out of it.
        using var request = new HttpRequestMessage(HttpMethod.Delete, $"v1/token?name={Uri.EscapeDataString(name)}");
        using var answer = await client.RequireAsync(request, cancellation);
    }

    public ValueTask DisposeAsync()
    {
        client.Dispose();
        return ValueTask.CompletedTask;
    }

    private async Task<JsonElement> AskAsync(HttpRequestMessage request, CancellationToken cancellation)
    {
        using var answer = await client.RequireAsync(request, cancellation);
        try
        {
            return await answer.Content.ReadFromJsonAsync<JsonElement>(cancellation);
        }
        catch (Exception failure) when (failure is JsonException or HttpRequestException or IOException)
        {
            throw CommandException.Failed($"The answer of {client.Server} cannot be read: {failure.Message}");
        }
    }
}
