namespace Audit.Node.CommandLine.Symbols;

/// <summary>
/// Where the book is: at a node that was named, at the one that runs on the data directory, or in a store that no node
/// has.
/// </summary>
internal sealed class BookPlace(NodeOptions options, Uri? server, string? tokenFile, string? token)
{
    public NodeOptions Options => options;

    /// <summary>Whether --store stands on the command line, which goes before a node that runs.</summary>
    public bool NamesStore { get; init; }

    /// <summary>Whether --server stands on the command line.</summary>
    public bool NamesServer { get; init; }

    /// <summary>Whether a server was named, on the command line or in the environment.</summary>
    public bool HasServer => server is not null;

    /// <summary>Whether the store is a file that is not there; opening it would make it.</summary>
    public bool LacksStore => StoreAddress.Parse(options.Store).IsMissing;

    /// <summary>The same place, of which the node is meant though the store was named too.</summary>
    public BookPlace WithoutStore() => new(options, server, tokenFile, token);

    public NodeOptions RequireStore() =>
        LacksStore ? throw CommandException.WrongUse($"There is no store {options.Store}.") : options;

    public CommandException NothingThere() =>
        CommandException.Failed($"There is no store {options.Store}, and no node runs on {options.Data}.");

    public async Task<NodeClient> FindNodeAsync(CancellationToken cancellation) =>
        await TryFindNodeAsync(cancellation) ?? throw CommandException.CannotReach(
            $"No node runs on the data directory {options.Data}; `audit serve` starts one there, "
            + "--server names another one.");

    /// <returns>Null when the store was named, or no server was and no node runs on the data directory.</returns>
    public async Task<NodeClient?> TryFindNodeAsync(CancellationToken cancellation)
    {
        if (NamesStore)
        {
            return NamesServer
                ? throw CommandException.WrongUse(
                    "--store and --server name different places; accepted is one of them.")
                : null;
        }

        if (server is not null)
        {
            return new NodeClient(server, TokenForNamedServer());
        }

        return await LocalNode.FindAsync(options.Data, cancellation) is { } local
            ? new NodeClient(local, GivenToken() ?? ReadToken(Path.Combine(options.Data, "admin.token")))
            : null;
    }

    // The administrator's token of this machine is never sent to a server that merely was named.
    private string TokenForNamedServer() => GivenToken() ?? throw CommandException.WrongUse(
        "With a server named, the token must be given too, by --token-file or in AUDIT_TOKEN.");

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
