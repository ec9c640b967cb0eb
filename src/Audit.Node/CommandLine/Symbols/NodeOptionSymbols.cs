namespace Audit.Node.CommandLine.Symbols;

/// <summary>
/// The options that configure a node, as a verb takes them: all of them, or the few that it has a use for.
/// </summary>
internal sealed class NodeOptionSymbols
{
    /// <summary>The value of a flag that stands alone.</summary>
    private const string Given = "true";

    private static readonly (string Name, string Value, string Description)[] Known =
    [
        (GivenOptions.Store, "STORE", "sqlite:PATH, or postgres:CONNECTION STRING; default sqlite:DATA/journal.db"),
        (GivenOptions.Engine, "ENGINE", "local, or akka for a cluster; default local"),
        (GivenOptions.Urls, "URLS", "where to listen, default http://127.0.0.1:5080; several with ; between"),
        (GivenOptions.Data, "DIRECTORY", "the node's own directory, default ./audit-data"),
        (GivenOptions.MaxWindow, "LENGTH", "the longest task window, such as 90m, 48h or 2d; default 48h"),
        (GivenOptions.LogOrigin, "NAME", "the name of the log of a new store; default audit.local/ and a random part"),
        (GivenOptions.LogKey, "FILE", "the log's private key, default log.key in the data directory"),
        (GivenOptions.LogSigner, "CMD",
            "a program that signs the log, so that the key is not in the node; given again, the newest last"),
        (GivenOptions.RowKey, "FILE",
        "the keys of the rows, default row.key in the data directory; no database has them"),
        (GivenOptions.PublicLog, "true|false", "gives the log's checkpoint and tiles to anybody"),
        (GivenOptions.Certificate, "FILE", "for addresses with https://: PEM with the chain, or PKCS #12"),
        (GivenOptions.CertificateKey, "FILE",
            "the certificate's private key as PEM, where the certificate's file lacks it"),
        (GivenOptions.TrustProxy, "ADDRESS",
            "the proxy that speaks TLS for the node: its X-Forwarded- headers are believed"),
        (GivenOptions.InsecureHttp, "true|false",
            "lets tokens travel in the clear between machines, which is written down"),
        (GivenOptions.InsecureRemoting, "true|false",
            "with --engine akka: lets nodes of several machines speak in the clear, which is written down"),
        (GivenOptions.Redaction, "FILE|off",
        "rules of one's own against secrets in texts; off stores them as they come"),
        (GivenOptions.MaxUnsealed, "LENGTH", "how long a row may wait for its seal, default 1m; then it is a failure"),
        (GivenOptions.Witness, "URL|KEY", "who cosigns the log's checkpoints; may be given several times"),
        (GivenOptions.WitnessQuorum, "N", "how many of them make a checkpoint a witnessed one; default all"),
        (GivenOptions.MaxUnwitnessed, "LENGTH", "how long the newest checkpoint may lack them, default 10m"),
        (GivenOptions.CheckpointTo, "FILE|URL", "where checkpoints go too, so that somebody else remembers them"),
        (GivenOptions.AllowSelfApproval, "true|false",
            "for a book of one person, who then approves her own; every page says so"),
        (GivenOptions.Policy, "FILE",
            "decides for hosts that ask whether a tool may run; without one nothing is enforced"),
        (GivenOptions.AcceptSetBack, "REASON",
            "goes on with a journal that was set back, which is written down; for one start"),
        (GivenOptions.Quotas, "LIST", "the share of one source or person, such as streams=128,tails=64,idle=60s"),
        (GivenOptions.Hocon, "FILE", "with the engine akka: HOCON that is laid over its own"),
    ];

    private static readonly string[] Flags =
    [
        GivenOptions.PublicLog, GivenOptions.InsecureHttp, GivenOptions.InsecureRemoting, GivenOptions.AllowSelfApproval,
    ];

    private readonly List<Option<string[]>> options;

    /// <param name="names">None for all.</param>
    public NodeOptionSymbols(Command command, params string[] names) => options =
    [
        .. Known.Where(one => names.Length == 0 || names.Contains(one.Name)).Select(one => command.Declare(
            new Option<string[]>($"--{one.Name}")
            {
                HelpName = one.Value,
                Description = one.Description,
                // The parser's own reads no array where one value is accepted.
                CustomParser = given => [.. given.Tokens.Select(token => token.Value)],
                Arity = one.Name switch
                {
                    var flag when Flags.Contains(flag) => ArgumentArity.ZeroOrOne,
                    GivenOptions.Witness or GivenOptions.LogSigner => ArgumentArity.OneOrMore,
                    _ => ArgumentArity.ExactlyOne,
                },
            })),
    ];

    public GivenOptions Gather(ParseResult parsed, Surroundings surroundings) => GivenOptions.Gather(
        options.Where(option => parsed.GetResult(option) is { Implicit: false })
            .Select(option => KeyValuePair.Create(
                option.Name[2..], parsed.GetValue(option) is { Length: > 0 } given
                    ? string.Join(option.Name == $"--{GivenOptions.LogSigner}" ? '\n' : ' ', given)
                    : Given)),
        surroundings.Environment, surroundings.Directory);
}
