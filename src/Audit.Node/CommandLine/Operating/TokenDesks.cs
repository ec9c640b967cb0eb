using System.Runtime.CompilerServices;
using Audit.Node.Hosting;

namespace Audit.Node.CommandLine.Operating;

/// <summary>Where tokens are made, listed and revoked: at a node, or at the store when no node runs.</summary>
internal interface ITokenDesk : IAsyncDisposable
{
    /// <returns>The text of the token, which nobody can ask for again.</returns>
    Task<string> CreateAsync(NewToken wanted, CancellationToken cancellation);

    /// <summary>All tokens, revoked ones too.</summary>
    IAsyncEnumerable<Answer<TokenAnswer>> ListAsync(CancellationToken cancellation);

    IAsyncEnumerable<Answer<SourceAnswer>> ListSourcesAsync(CancellationToken cancellation);

    /// <returns>False where the two were linked.</returns>
    Task<bool> LinkAsync(string one, string other, CancellationToken cancellation);

    Task RevokeAsync(string name, CancellationToken cancellation);
}

/// <summary>Tokens by way of a running node.</summary>
internal sealed class NodeTokenDesk(NodeClient client) : ITokenDesk
{
    private const string Path = "v1/tokens";

    public async Task<string> CreateAsync(NewToken wanted, CancellationToken cancellation)
    {
        var (bound, lasts) = (wanted.Bound, wanted.Lasts is { } time ? $"{(long)time.TotalSeconds}s" : null);
        var body = new
        {
            name = wanted.Name, roles = wanted.Roles, person = wanted.Person, source = wanted.Source,
            agents = bound.Agents, tasks = bound.Tasks, sources = bound.Sources, expires = lasts,
        };
        return (await client.PostAsync(Path, body, WireJson.Default.NewTokenAnswer, cancellation)).Token;
    }

    public IAsyncEnumerable<Answer<TokenAnswer>> ListAsync(CancellationToken cancellation) =>
        client.ListAsync(Path, int.MaxValue, WireJson.Default.TokenAnswer, cancellation);

    public IAsyncEnumerable<Answer<SourceAnswer>> ListSourcesAsync(CancellationToken cancellation) =>
        client.ListAsync("v1/sources", int.MaxValue, WireJson.Default.SourceAnswer, cancellation);

    public async Task<bool> LinkAsync(string one, string other, CancellationToken cancellation)
    {
        var body = new { sources = new[] { one, other } };
        var answer = await client.PostAsync(
            "v1/sources/links", body, WireJson.Default.SourceLinkAnswer, cancellation);
        return answer.Outcome == ReceiptLine.Recorded;
    }

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
    private static readonly Actor Actor = new(OpenedStore.Actor, OpenedStore.Actor);

    private SourceBook Sources { get; } = new(
        opened.Store, new PeopleStream(opened.Store.Opened, FailureLog.None), opened.Acts, TimeProvider.System);

    private TokenBook Tokens => new(opened.Store, Sources, opened.Acts, TimeProvider.System);

    public async Task<string> CreateAsync(NewToken wanted, CancellationToken cancellation)
    {
        // Otherwise this token would be the store's first, and no administrator would ever get one.
        var data = DataDirectory.Open(options.Data);
        if (await FirstToken.EnsureAsync(opened.Store, data, new NodeSeams(), cancellation))
        {
            notes.WriteLine($"The store is new; the token of its administrator is in {data.TokenFile}.");
        }

        try
        {
            return await Tokens.CreateAsync(wanted, Actor, cancellation) is var (_, text)
                ? text
                : throw CommandException.Failed(TokenBook.TakenSentence(wanted.Name));
        }
        catch (RefusedException refused)
        {
            throw CommandException.Failed(refused.Problem.Detail);
        }
    }

    public async IAsyncEnumerable<Answer<TokenAnswer>> ListAsync(
        [EnumeratorCancellation] CancellationToken cancellation)
    {
        var people = new PeopleNow(new PeopleStream(opened.Store.Opened, FailureLog.None), TimeProvider.System);
        var tokens = await people.AsTheyAreAsync(await opened.Store.Tokens.ListAsync(cancellation), cancellation);
        foreach (var token in tokens.Select(TokenEndpoints.AnswerOf))
        {
            yield return new Answer<TokenAnswer>(
                JsonSerializer.SerializeToElement(token, WireJson.Plain.TokenAnswer), _ => token);
        }
    }

    public async IAsyncEnumerable<Answer<SourceAnswer>> ListSourcesAsync(
        [EnumeratorCancellation] CancellationToken cancellation)
    {
        foreach (var source in (await Sources.ListAsync(cancellation)).Select(TokenEndpoints.AnswerOf))
        {
            yield return new Answer<SourceAnswer>(
                JsonSerializer.SerializeToElement(source, WireJson.Plain.SourceAnswer), _ => source);
        }
    }

    public async Task<bool> LinkAsync(string one, string other, CancellationToken cancellation)
    {
        try
        {
            return await Sources.LinkAsync(one, other, Actor, cancellation);
        }
        catch (RefusedException refused)
        {
            throw CommandException.Failed(refused.Problem.Detail);
        }
    }

    public async Task RevokeAsync(string name, CancellationToken cancellation)
    {
        if (!await Tokens.RevokeAsync(name, Actor, cancellation))
        {
            throw CommandException.Failed(TokenBook.UnknownSentence(name));
        }
    }

    public ValueTask DisposeAsync() => opened.DisposeAsync();
}
