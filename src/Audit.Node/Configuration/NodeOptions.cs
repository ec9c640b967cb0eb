using System.Net;

namespace Audit.Node.Configuration;

/// <summary>How a node is to run, after command line, environment and file have been read and found good.</summary>
public sealed record NodeOptions
{
    /// <summary>`sqlite:PATH` or `postgres:CONNECTION STRING`.</summary>
    public string Store { get; init; } = "sqlite:./audit-data/journal.db";

    /// <summary>
    /// Whether the node is one of a cluster, with the Akka.NET engine, or works alone with the local one.
    /// </summary>
    public bool UsesAkka { get; init; }

    /// <summary>
    /// With the Akka.NET engine: the text of the user's own HOCON file, laid over ours; null for none.
    /// </summary>
    public string? Hocon { get; init; }

    public string Urls { get; init; } = "http://127.0.0.1:5080";

    /// <summary>The directory of what belongs to this node alone.</summary>
    public string Data { get; init; } = "./audit-data";

    public TimeSpan MaxWindow { get; init; } = WindowLimits.DefaultMaxLength;

    /// <summary>The name of a log that must be made; null makes one up. A log that is there keeps its name.</summary>
    public string? LogOrigin { get; init; }

    /// <summary>The file that was given for the log's private key; null for the one in the data directory.</summary>
    public string? LogKey { get; init; }

    /// <summary>Programs that sign the log, the newest last; none where its key is in a file.</summary>
    public IReadOnlyList<string> LogSigners { get; init; } = [];

    /// <summary>Where the keys of the rows were given to be; null for their place in the data directory.</summary>
    public string? RowKey { get; init; }

    /// <summary>Whether the log's checkpoint and tiles are given to anybody.</summary>
    public bool PublicLog { get; init; }

    /// <summary>What the node's addresses that begin with https:// show; null for Kestrel's own settings.</summary>
    public CertificateFiles? Certificate { get; init; }

    /// <summary>
    /// The proxy that speaks TLS for the node: what it says of a request's origin is believed, and nobody else's word.
    /// </summary>
    public IPNetwork? TrustedProxy { get; init; }

    /// <summary>Whether tokens may travel in the clear between machines.</summary>
    public bool InsecureHttp { get; init; }

    /// <summary>Whether the nodes of a cluster may speak to each other in the clear between machines.</summary>
    public bool InsecureRemoting { get; init; }

    /// <summary>How long a row may wait for its seal until that is a failure.</summary>
    public TimeSpan MaxUnsealed { get; init; } = TimeSpan.FromMinutes(1);

    /// <summary>Who cosigns the log's checkpoints.</summary>
    public IReadOnlyList<WitnessAddress> Witnesses { get; init; } = [];

    /// <summary>How many of them make a checkpoint a witnessed one.</summary>
    public int WitnessQuorum { get; init; }

    /// <summary>How long the newest checkpoint may be without their cosignatures until that is shown.</summary>
    public TimeSpan MaxUnwitnessed { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>A file or an address to which checkpoints go, so that somebody else remembers them.</summary>
    public string? CheckpointTo { get; init; }

    /// <summary>What is taken out of texts before they are stored; null where nothing is.</summary>
    public RedactionRules? Redaction { get; init; } = RedactionRules.Default;

    /// <summary>Where the rules were read; null where the built-in ones hold.</summary>
    public string? RedactionFile { get; init; }

    /// <summary>
    /// Whether a person may approve what was asked for in the same person's name: a book of one person.
    /// </summary>
    public bool AllowSelfApproval { get; init; }

    /// <summary>The file of the policy by which hosts are answered; null where nothing is enforced.</summary>
    public string? Policy { get; init; }

    /// <summary>Why the node is to go on with a journal that was set back; null where it is not to.</summary>
    public string? AcceptSetBack { get; init; }

    /// <summary>The keys of the rows, which are in no database: each node of a store needs this file.</summary>
    public string RowKeyFile => RowKey ?? Path.Combine(Data, "row.key");

    /// <inheritdoc cref="RowKeys.Open"/>
    public RowKeys OpenRowKeys(bool isNewStore) => RowKeys.Open(RowKeyFile, isNewStore);

    /// <summary>What one source or person may hold of the node.</summary>
    public QuotaLimits Quotas { get; init; } = new();

    /// <summary>The keys with which the log is signed.</summary>
    public ILogKeyring OpenLogKeys() => SignerKeyring.Open(LogKeyFile, LogSigners);

    public string LogKeyFile => LogKey ?? Path.Combine(Data, "log.key");

    /// <summary>
    /// What this node signed or saw signed last, kept where a restored database does not set it back.
    /// </summary>
    public string CheckpointFile => Path.Combine(Data, "log.checkpoint");
}

/// <param name="File">PEM with the chain, or PKCS #12.</param>
/// <param name="KeyFile">PEM; null where the first file holds the key.</param>
public sealed record CertificateFiles(string File, string? KeyFile);

/// <summary>The node cannot start with what it was given; the message is a sentence for a person.</summary>
public sealed class NodeStartException(string message, Exception? inner = null) : Exception(message, inner);
