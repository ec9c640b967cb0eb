namespace Audit.Node.CommandLine.Symbols;

/// <summary>The options that name the place of the book, and as whom it is asked for.</summary>
internal sealed class PlaceSymbols
{
    private readonly Surroundings surroundings;
    private readonly Option<string> server;
    private readonly Option<string> tokenFile;
    private readonly NodeOptionSymbols node;

    /// <param name="options">The node's options that the verb has a use for.</param>
    public PlaceSymbols(Surroundings surroundings, Command command, params string[] options)
    {
        this.surroundings = surroundings;
        server = command.AddText(
            "--server", "URL",
            "the node to speak to, also as AUDIT_SERVER; default: the one that runs on the data directory");
        tokenFile = command.AddText(
            "--token-file", "FILE",
            "holds the token, which may also stand in AUDIT_TOKEN; default: admin.token in the data directory");
        node = new NodeOptionSymbols(command, options);
    }

    public BookPlace Read(ParseResult parsed)
    {
        var given = node.Gather(parsed, surroundings);
        return new BookPlace(
            NodeOptionsReader.Read(given), GivenServer(parsed), parsed.GetValue(tokenFile),
            surroundings.Variable("AUDIT_TOKEN"))
        {
            NamesStore = given[GivenOptions.Store]?.Where == "--store",
            NamesServer = parsed.GetValue(server) is not null,
        };
    }

    private Uri? GivenServer(ParseResult parsed)
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
