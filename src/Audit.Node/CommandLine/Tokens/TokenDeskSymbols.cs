using System.CommandLine;
using Audit.Node.CommandLine.Remote;
using Audit.Node.Configuration;

namespace Audit.Node.CommandLine.Tokens;

/// <summary>The options that say at which node or store tokens are made.</summary>
internal sealed class TokenDeskSymbols
{
    private const string SqliteStore = "sqlite:";

    private readonly Surroundings surroundings;
    private readonly ServerSymbols server;
    private readonly NodeOptionSymbols node;

    public TokenDeskSymbols(Surroundings surroundings, Command command)
    {
        this.surroundings = surroundings;
        server = ServerSymbols.AddTo(command);
        node = NodeOptionSymbols.AddStoreAndData(command);
    }

    /// <param name="makesStore">A store that is not there is made, and is an error otherwise.</param>
    public async Task<ITokenDesk> OpenAsync(ParseResult parsed, bool makesStore, CancellationToken cancellation)
    {
        var given = node.Gather(parsed, surroundings);
        var options = NodeOptionsReader.Read(given);
        if (given[GivenOptions.Store]?.Where == "--store")
        {
            if (server.NamesServer(parsed))
            {
                throw CommandException.WrongUse("--server and --store name two places; accepted is one of them.");
            }
        }
        else if (await server.Locator(parsed, surroundings, options.Data).TryFindAsync(cancellation) is { } client)
        {
            return new NodeTokenDesk(client);
        }
        if (!makesStore && options.Store.StartsWith(SqliteStore, StringComparison.Ordinal)
            && !File.Exists(options.Store[SqliteStore.Length..]))
        {
            throw CommandException.Failed($"There is no store {options.Store}, and no node runs on {options.Data}.");
        }

        return await StoreTokenDesk.OpenAsync(options, surroundings.Error, cancellation);
    }
}
