namespace Audit.Node.CommandLine.Ingest;

/// <summary>What came of one request.</summary>
/// <param name="Receipts">How many items, from the first on, have a receipt.</param>
internal sealed record PostResult(long Receipts)
{
    /// <summary>Why the others have none.</summary>
    public string Trouble { get; init; } = "the answer ended before its last receipt";

    /// <summary>When the node wants to be asked again, if it said so.</summary>
    public TimeSpan? RetryAfter { get; init; }

    /// <summary>The node could not be reached, or went away.</summary>
    public bool IsLost { get; init; }

    /// <summary>There was not even a connection.</summary>
    public bool IsAbsent { get; init; }

    /// <summary>Sending the same again would end the same.</summary>
    public bool IsFinal { get; init; }
}
