using System.CommandLine;
using Audit.Node.Configuration;

namespace Audit.Node.CommandLine.Remote;

/// <summary>The options that say which node to speak to, and as whom.</summary>
internal sealed class ServerSymbols
{
    private readonly Option<string> server = new("--server")
    {
        HelpName = "URL",
        Description = "the node to speak to, also as AUDIT_SERVER; default: the one that runs on the data directory",
    };

    private readonly Option<string> tokenFile = new("--token-file")
    {
        HelpName = "FILE",
        Description = "holds the token, which may also stand in AUDIT_TOKEN; default: admin.token in the data directory",
    };

    public static ServerSymbols AddTo(Command command)
    {
        var symbols = new ServerSymbols();
        command.Options.Add(symbols.server);
        command.Options.Add(symbols.tokenFile);
        return symbols;
    }

    public NodeLocator Locator(ParseResult parsed, Surroundings surroundings, string data) =>
        new(data, GivenServer(parsed, surroundings), parsed.GetValue(tokenFile), surroundings.Variable("AUDIT_TOKEN"));

    /// <summary>Whether a server was named where --store and the like stand, and not in the environment.</summary>
    public bool NamesServer(ParseResult parsed) => parsed.GetValue(server) is not null;

    private Uri? GivenServer(ParseResult parsed, Surroundings surroundings)
    {
        var given = parsed.GetValue(server) is { } option ? new GivenOption(option, "--server")
            : surroundings.Variable("AUDIT_SERVER") is { } variable ? new GivenOption(variable, "AUDIT_SERVER")
            : null;
        if (given is null)
        {
            return null;
        }

        return Uri.TryCreate(given.Value, UriKind.Absolute, out var url) && url.Scheme is "http" or "https"
            ? url
            : throw given.NotAccepted("the address of a node, such as http://127.0.0.1:5080");
    }
}
