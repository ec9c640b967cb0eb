using System.Text.Json;
using Audit.Node.CommandLine.Reading;

namespace Audit.Node.CommandLine.Tokens;

/// <summary>Where tokens are made, listed and revoked: at a node, or at the store when no node runs.</summary>
internal interface ITokenDesk : IAsyncDisposable
{
    /// <returns>The text of the token, which nobody can ask for again.</returns>
    Task<string> CreateAsync(NewToken wanted, CancellationToken cancellation);

    /// <summary>All tokens, revoked ones too, each as the API shows it.</summary>
    Task<IReadOnlyList<JsonElement>> ListAsync(CancellationToken cancellation);

    Task RevokeAsync(string name, CancellationToken cancellation);
}
