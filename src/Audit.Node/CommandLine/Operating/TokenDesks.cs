using Audit.Node.Hosting;

namespace Audit.Node.CommandLine.Operating;

/// <summary>Where tokens are made, listed and revoked: at a node, or at the store when no node runs.</summary>
internal interface ITokenDesk : IAsyncDisposable
{
    /// <returns>The text of the token, which nobody can ask for again.</returns>
    Task<string> CreateAsync(NewToken wanted, CancellationToken cancellation);

    /// <summary>All tokens, revoked ones too, each as the API shows it.</summary>
    Task<IReadOnlyList<JsonElement>> ListAsync(CancellationToken cancellation);

    Task RevokeAsync(string name, CancellationToken cancellation);
}

/// <summary>Tokens by way of a running node.</summary>
internal sealed class NodeTokenDesk(NodeClient client) : ITokenDesk
{
    private const string Path = "v1/tokens";

    public async Task<string> CreateAsync(NewToken wanted, CancellationToken cancellation)
    {
        var body = new { name = wanted.Name, roles = wanted.Roles, agent = wanted.Agent, task = wanted.Task };
        return (await client.PostAsync(Path, body, cancellation)).GetProperty("token").GetString()!;
    }

    public async Task<IReadOnlyList<JsonElement>> ListAsync(CancellationToken cancellation) =>
        [.. (await client.AskAsync(Path, cancellation)).GetProperty("items").EnumerateArray()];

    public async Task RevokeAsync(string name, CancellationToken cancellation)
    {
        // A path cannot carry every name: two dots, for one, would lead out of it.
        using var answer = await client.RequireAsync(
            HttpMethod.Delete, NodeClient.PathOf("v1/token", ("name", name)), cancellation);
    }

    public ValueTask DisposeAsync()
    {
        client.Dispose();
        return ValueTask.CompletedTask;
    }
}

/// <summary>Tokens by way of the store itself, for whoever may open it while no node runs.</summary>
internal sealed class StoreTokenDesk(OpenedStore opened, NodeOptions options, TextWriter notes) : ITokenDesk
{
    private readonly TokenBook book = new(opened.Store.Tokens, opened.Acts, TimeProvider.System);

    public async Task<string> CreateAsync(NewToken wanted, CancellationToken cancellation)
    {
        // Otherwise this token would be the store's first, and no administrator would ever get one.
        var data = DataDirectory.Open(options.Data);
        if (await FirstToken.EnsureAsync(opened.Store.Tokens, data, TimeProvider.System, cancellation))
        {
            notes.WriteLine($"The store is new; the token of its administrator is in {data.TokenFile}.");
        }

        return await book.CreateAsync(wanted, OpenedStore.Actor, cancellation)
            ?? throw CommandException.Failed(TokenBook.TakenSentence(wanted.Name));
    }

    public async Task<IReadOnlyList<JsonElement>> ListAsync(CancellationToken cancellation)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartArray();
            foreach (var row in await opened.Store.Tokens.ListAsync(cancellation))
            {
                JsonSerializer.Serialize(json, TokenEndpoints.AnswerOf(row), WireJson.Plain.TokenAnswer);
            }

            json.WriteEndArray();
        }

        return [.. JsonElement.Parse(buffer.WrittenSpan).EnumerateArray()];
    }

    public async Task RevokeAsync(string name, CancellationToken cancellation)
    {
        if (!await book.RevokeAsync(name, OpenedStore.Actor, cancellation))
        {
            throw CommandException.Failed(TokenBook.UnknownSentence(name));
        }
    }

    public ValueTask DisposeAsync() => opened.DisposeAsync();
}
