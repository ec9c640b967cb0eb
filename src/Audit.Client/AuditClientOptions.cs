namespace Audit.Client;

/// <summary>How a host reaches its node, and what it does where that does not answer.</summary>
public sealed record AuditClientOptions
{
    /// <summary>The node's address, such as <c>http://127.0.0.1:5080</c>.</summary>
    public required Uri Server { get; init; }

    /// <summary>A token with the role ingest.</summary>
    public required string Token { get; init; }

    /// <summary>
    /// A file that keeps what is recorded until the node has it. With one the host goes on while the node is away, and
    /// what is recorded is safe once it is on disk; without one nothing counts as recorded before the node has it, and
    /// no tool runs that could not be.
    /// </summary>
    public string? SpoolPath { get; init; }

    /// <summary>How many bytes may wait to be sent, in the spool or, without one, in memory.</summary>
    public long MostUnsentBytes { get; init; } = 64L << 20;

    /// <summary>How long a node that does not answer is tried again before a question or a record is given up.</summary>
    public TimeSpan Patience { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>
    /// Whether tools run where the node has no opinion, for it has no policy or only observes. They do not by default.
    /// </summary>
    public bool RunsWithoutOpinion { get; init; }

    /// <summary>Told what goes wrong in the background, once for each kind until it is over; for a log.</summary>
    public Action<AuditTrouble>? OnTrouble { get; init; }

    internal void Require()
    {
        if (!Server.IsAbsoluteUri || Server.Scheme is not ("http" or "https"))
        {
            throw new ArgumentException($"Server: an address by http or https is expected, not \"{Server}\".");
        }

        if (Token.Length == 0 || Token.Any(letter => letter is <= ' ' or > '~'))
        {
            throw new ArgumentException("Token: a token of the node is expected, without spaces.");
        }

        if (Patience <= TimeSpan.Zero || Patience > TimeSpan.FromDays(1))
        {
            throw new ArgumentException($"Patience: a time of at most a day is expected, not {Patience}.");
        }

        if (MostUnsentBytes <= 0)
        {
            throw new ArgumentException($"MostUnsentBytes: a number of bytes is expected, not {MostUnsentBytes}.");
        }
    }
}
