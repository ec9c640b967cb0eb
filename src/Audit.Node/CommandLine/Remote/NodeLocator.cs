namespace Audit.Node.CommandLine.Remote;

/// <summary>Finds the node to speak to and the token to speak with.</summary>
internal sealed class NodeLocator(string data, Uri? server, string? tokenFile, string? token)
{
    /// <summary>Whether a server was named, on the command line or in the environment.</summary>
    public bool HasServer => server is not null;

    /// <returns>Null when no server was named and no node runs on the data directory.</returns>
    public async Task<NodeClient?> TryFindAsync(CancellationToken cancellation)
    {
        if (server is not null)
        {
            return new NodeClient(server, TokenForNamedServer());
        }

        return await LocalNode.FindAsync(data, cancellation) is { } local
            ? new NodeClient(local, TokenForLocalNode())
            : null;
    }

    public async Task<NodeClient> FindAsync(CancellationToken cancellation) =>
        await TryFindAsync(cancellation) ?? throw CommandException.CannotReach(
            $"No node runs on the data directory {data}; `audit serve` starts one there, --server names another one.");

    // The administrator's token of this machine is never sent to a server that merely was named.
    private string TokenForNamedServer() => GivenToken() ?? throw CommandException.WrongUse(
        "With a server named, the token must be given too, by --token-file or in AUDIT_TOKEN.");

    private string TokenForLocalNode() => GivenToken() ?? ReadToken(Path.Combine(data, "admin.token"));

    private string? GivenToken() => tokenFile is not null ? ReadToken(tokenFile) : token;

    private static string ReadToken(string file)
    {
        try
        {
            var text = File.ReadAllText(file).Trim();
            return text.Length > 0 && text.All(char.IsAscii) && !text.Any(char.IsWhiteSpace)
                ? text
                : throw CommandException.WrongUse($"The file {file} does not hold one token.");
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException or ArgumentException)
        {
            throw CommandException.WrongUse($"The token cannot be read: {failure.Message}");
        }
    }
}
